"""An account: who can sign in. The password, the roles and the sessions belong to the runtime, not to the declaration."""

from __future__ import annotations

from techlead.declare.access import owner
from techlead.declare.field import Mapped, field
from techlead.declare.resource import Resource
from techlead.declare.types import Email, Personal


class Account(Resource):
    """Who can sign in: an address, and a password that only the runtime sees (argon2id; ASVS 11.4.2).

    `disabled` ends every session of the account at once and refuses its log-in; only an action can set it.
    """

    email: Mapped[Personal[Email]] = field(unique=True, read=owner)
    disabled: Mapped[bool] = field(default=False, set_by="action", read=owner)
