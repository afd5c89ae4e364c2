"""The way to a higher role that a target itself leaves open, for where neither a log-in nor a row of its database gives one.

Whoever can make himself an administrator is one: the attacks that need one come by it, and one of them tells of the hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from techlead.audit.detect.enumerations import beside
from techlead.audit.target.exchange import Actor, Request, Unavailable
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.target.people import Identities, Send
from techlead.audit.target.understanding import Promotion, Ways

POWERS: Final = ("role", "user_role", "user_type", "account_type", "is_admin", "admin", "is_staff", "is_superuser")
TRIES_MAX: Final = 8


def found_promotion(
    operations: Sequence[Operation], ways: Ways, people: Identities, send: Send, folder: Path | None
) -> Promotion | None:
    """Let somebody new raise himself by each operation that may do it; the first after which his account shows it."""
    setting = [operation for operation in operations if _may_set(operation)]
    if not setting:
        return None
    try:
        person = people.new()
        for one in islice(_tries(setting, _powers(ways, person, send), folder), TRIES_MAX):
            answer = people.raised(person, one)
            if answer.ok and _powers(ways, person, send).get(one.field) == one.value:
                return one
            if not answer.ok:
                person = people.new()  # what was refused with an error may have been stored
    except Unavailable:
        return None
    return None


def _may_set(operation: Operation) -> bool:
    own = operation.role is Role.CHANGE_ME or any(field.meaning is Meaning.ROLE for field in operation.body)
    return own and operation.unsafe and not operation.parameters and operation.role is not Role.SIGN_UP


def _tries(operations: Sequence[Operation], powers: Mapping[str, Any], folder: Path | None) -> Iterator[Promotion]:
    for operation in operations:
        for name, value in powers.items():
            for higher in beside(folder, value) if isinstance(value, str) else (True,) if value is False else ():
                yield Promotion(operation, name, higher)


def _powers(ways: Ways, person: Actor, send: Send) -> dict[str, Any]:
    """Read what an account shows of its own power."""
    if ways.probe is None or ways.probe.unsafe:
        return {}
    said = send(Request("GET", ways.probe.path, person)).json
    return {name: value for name, value in said.items() if name in POWERS} if isinstance(said, Mapping) else {}
