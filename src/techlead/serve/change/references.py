"""References that a caller sent: each must lead to a row that the actor may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.access import Policy, owner
from techlead.derive.plan import FieldPlan, ResourcePlan
from techlead.derive.views import stored_values
from techlead.errors import FieldError, InvalidFields, NotFound
from techlead.serve.change.unit import Unit


async def see_references(unit: Unit, resource: ResourcePlan, values: Mapping[str, Any]) -> dict[bytes, dict[str, Any]]:
    """Read the rows to which values lead, under lock; InvalidFields names each that the actor may not see."""
    found: dict[bytes, dict[str, Any]] = {}
    errors = []
    for field in _leading(resource, values):
        target = unit.statements.plan.resources[field.target or ""]
        try:
            row = await unit.row(target, values[field.name], _visible(target))
        except NotFound:
            errors.append(FieldError(f"/{field.name}", "leads to nothing that you may see."))
            continue
        found[values[field.name]] = stored_values(target, row)
    if errors:
        raise InvalidFields(errors=tuple(errors))
    return found


def _leading(resource: ResourcePlan, values: Mapping[str, Any]) -> list[FieldPlan]:
    return [field for field in resource.leading if values.get(field.name) is not None]


def _visible(target: ResourcePlan) -> Policy:
    """Give the policy a row must pass to be referred to: its `read`; an account may always name itself."""
    return target.access.read | owner if target.is_account else target.access.read
