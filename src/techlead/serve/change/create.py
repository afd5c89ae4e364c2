"""Creating a row: owner, defaults and copies are filled in, references are seen, the policy and the rules decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.access import Policy
from techlead.derive.plan import ResourcePlan
from techlead.errors import NotAllowed
from techlead.serve.change.act import run_on_create
from techlead.serve.change.fill import Values, copy, fill
from techlead.serve.change.references import see_references
from techlead.serve.change.unit import Unit


async def create(
    unit: Unit,
    resource: ResourcePlan,
    given: Mapping[str, Any],
    policy: Policy,
    extra: Mapping[str, Any] | None = None,
) -> tuple[Values, int]:
    """Create a row that `policy` allows from parsed values and give it with its revision.

    InvalidFields when a reference leads to nothing the actor may see; NotAllowed and Refused as policy and rules say.
    """
    values: Values = {"id": unit.new_id(), **given}
    targets = await see_references(unit, resource, values)
    fill(unit, resource, values)
    await copy(unit, resource, values, targets)
    await _write_policies(unit, resource, given, values)
    if not await unit.allowed(policy, resource, values):
        raise NotAllowed
    after = await run_on_create(unit, resource, values)
    revision = await unit.insert(resource, values, extra or {})
    await after()
    return values, revision


async def _write_policies(unit: Unit, resource: ResourcePlan, given: Mapping[str, Any], values: Values) -> None:
    for field in resource.guarded:
        if field.name in given and field.write is not None and not await unit.allowed(field.write, resource, values):
            message = f"You may not set {field.name}."
            raise NotAllowed(message)
