"""What a new row holds beside what was sent: its owner, its defaults, and what it copies from rows it leads to."""

from __future__ import annotations

from typing import Any

from techlead.declare.field import MISSING, Now
from techlead.derive.plan import ResourcePlan
from techlead.derive.views import stored_values
from techlead.errors import NotFound
from techlead.serve.change.unit import Unit

Values = dict[str, Any]


def fill(unit: Unit, resource: ResourcePlan, values: Values) -> None:
    """Add the owner and the defaults of fields that have no value yet."""
    for field in resource.stored:
        if field.name in values:
            continue
        if field.spec.source.kind == "owner":
            values[field.name] = unit.actor.account
        elif isinstance(field.spec.default, Now):
            values[field.name] = unit.now
        elif field.spec.default is not MISSING and field.spec.default is not None:
            values[field.name] = field.codec.dump(field.spec.default)
        else:
            values[field.name] = None


async def copy(unit: Unit, resource: ResourcePlan, values: Values, known: dict[bytes, Values]) -> None:
    """Fill copied fields from the rows they come from, read under lock."""
    for field in resource.copies:
        holder, row = resource, values
        *steps, last = field.spec.source.path
        for step in steps:
            target = holder.field(step).target or ""
            holder = unit.statements.plan.resources[target]
            row = await _known(unit, holder, row[step], known)
        values[field.name] = row.get(last)


async def _known(unit: Unit, resource: ResourcePlan, row_id: bytes | None, known: dict[bytes, Values]) -> Values:
    if row_id is None:
        return {}
    if row_id not in known:
        statement = unit.statements.whole(resource)
        rows = await unit.run(statement, {"id": row_id})
        if not rows:
            raise NotFound
        known[row_id] = stored_values(resource, rows[0])
    return known[row_id]
