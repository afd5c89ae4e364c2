"""Before each try: is the recipient still there, and may they still read what the message tells?

Between a change and its message lie seconds or days. Whoever left the team meanwhile, lost the role or was disabled
gets nothing more of it, whatever waited; a row that is gone has no rights left to check, and is told of as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, literal, select

from techlead.declare.access import Nobody
from techlead.declare.types import Sensitivity
from techlead.deliver.port import Dead, Delivery, Fault, Waiting
from techlead.derive.access import ActorClass, residual
from techlead.derive.plan import NotificationPlan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.tables import ID
from techlead.store.port import Store

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account as it is now."""

    account: bytes
    email: str
    actor: ActorClass
    preferences: str = ""


class Recheck:
    """Asks the database who the recipient is now and what they may read."""

    def __init__(self, store: Store, statements: Statements) -> None:
        """Prepare the look-ups."""
        self._store = store
        self._statements = statements
        self._plan = statements.plan
        self._roles = frozenset(self._plan.roles)

    async def recipient(self, account: bytes) -> Recipient | None:
        """Find an account that may still be told anything."""
        statement = self._statements.made("recipient", self._recipient)
        rows = await self._store.read(statement.sql, statement.values({"id": account}))
        if not rows:
            return None
        email, roles, preferences = rows[0]
        actor = ActorClass(signed_in=True, roles=self._roles & frozenset(roles.split()))
        return Recipient(account, email, actor, preferences)

    async def refusal(self, planned: NotificationPlan, row: bytes, recipient: Recipient) -> Dead | None:
        """Say why a message that tells fields of a row may not be sent (any more); None when it may."""
        named = {name for said in (planned.subject, planned.text) for name in PLACEHOLDER.findall(said)}
        resource = self._plan.resources[planned.resource]
        if not named:
            return None
        if any(not is_for_anybody(resource, name) for name in named):
            return Dead(Fault.UNSENDABLE, "it names a field that is not for the recipient")
        return None if await self.may_read(resource, row, recipient) else Dead(Fault.WITHDRAWN, "no longer readable")

    async def may_read(self, resource: ResourcePlan, row: bytes, recipient: Recipient) -> bool:
        """Tell whether the recipient may read a row; one that is gone hides nothing."""
        policy = resource.access.read
        values = {"id": row, "actor": recipient.account}
        if not resource.is_account and not isinstance(residual(policy, recipient.actor), Nobody):
            statement = self._statements.row(resource, recipient.actor, policy)
            if await self._store.read(statement.sql, statement.values(values)):
                return True
        if resource.is_account and row == recipient.account:
            return True
        there = self._statements.made(f"is there {resource.name}", lambda tables: _is_there(tables, resource))
        return not await self._store.read(there.sql, there.values(values))

    def _recipient(self, tables: Mapping[str, Any]) -> Any:
        people = self._plan.accounts
        table = tables[people.table]
        living = [table.c.deleted_at.is_(None)] if people.soft_delete else []
        this = table.c.id == bindparam("id", type_=ID)
        return select(table.c.email, table.c.roles, table.c.preferences).where(
            this, table.c.disabled.is_(False), *living
        )


def is_for_anybody(resource: ResourcePlan, name: str) -> bool:
    """Tell whether a field may stand in a message at all: public, and with no reader of its own."""
    field = next((one for one in resource.fields if one.name == name), None)
    return field is not None and field.sensitivity is Sensitivity.PUBLIC and field.read is None


def delivery_of(waiting: Waiting, destination: str) -> Delivery:
    """Make a delivery of the words that were written with the change."""
    return Delivery(
        waiting.id, waiting.kind, waiting.channel, destination, waiting.account, waiting.subject, waiting.text,
        waiting.created_at, waiting.expires_at, waiting.number, data=waiting.data,
    )  # fmt: skip


def _is_there(tables: Mapping[str, Any], resource: ResourcePlan) -> Any:
    table = tables[resource.table]
    living = [table.c.deleted_at.is_(None)] if resource.soft_delete else []
    return select(literal(1)).where(table.c.id == bindparam("id", type_=ID), *living)
