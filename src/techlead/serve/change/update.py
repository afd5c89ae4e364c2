"""Changing and deleting a row: within what the actor may see, at the revision the caller has read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.access import Policy
from techlead.derive.plan import ResourcePlan
from techlead.derive.views import stored_values
from techlead.errors import NotAllowed, RevisionMismatch
from techlead.serve.change.references import see_references
from techlead.serve.change.unit import Unit


async def update(
    unit: Unit,
    resource: ResourcePlan,
    row_id: bytes,
    given: Mapping[str, Any],
    if_match: frozenset[str] | None,
    policy: Policy,
) -> tuple[dict[str, Any], int]:
    """Change a row that `policy` allows and give its values with its revision; RevisionMismatch when `if_match` does not name it.

    The policy must allow both the row as it was and as it will be, so nothing can be moved out of somebody's reach.
    """
    row = await unit.row(resource, row_id, resource.access.read | policy)
    before = stored_values(resource, row)
    if not await unit.allowed(policy, resource, before):
        raise NotAllowed
    match(if_match, row[1])
    await see_references(unit, resource, {name: new for name, new in given.items() if new != before.get(name)})
    after = {**before, **given}
    for name in given:
        write = resource.field(name).write
        if write is not None and not await unit.allowed(write, resource, before):
            message = f"You may not change {name}."
            raise NotAllowed(message)
    if not await unit.allowed(policy, resource, after):
        raise NotAllowed
    changed = {name: value for name, value in given.items() if name not in before or before[name] != value}
    if not changed:
        return before, row[1]
    await unit.lock_anchors(resource, before)
    await unit.lock_anchors(resource, changed)
    return after, await unit.update(resource, row_id, before, changed)


async def remove(unit: Unit, resource: ResourcePlan, row_id: bytes, if_match: frozenset[str] | None) -> None:
    """Delete a row; RevisionMismatch when `if_match` does not name its revision."""
    access = resource.access
    row = await unit.row(resource, row_id, access.read | access.delete)
    if not await unit.allowed(access.delete, resource, stored_values(resource, row)):
        raise NotAllowed
    match(if_match, row[1])
    await unit.remove(resource, row_id)


def match(if_match: frozenset[str] | None, revision: int) -> None:
    """Refuse a change of a row that is not the one the caller has read (RFC 9110 section 13.1.1)."""
    if if_match is not None and "*" not in if_match and f"{revision:016x}" not in if_match:
        raise RevisionMismatch
