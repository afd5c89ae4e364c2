"""Everything an action may know, loaded under lock: the row, the rows behind references, the actor, counts and sums.

Two parameters that lead to the same row share one draft, so what one assigns the other sees. Rows are locked in the
order in which they are declared; a deadlock is the store's to retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from techlead.declare.resource import draft, frozen
from techlead.declare.types import Ref
from techlead.derive.plan import ActionPlan, Parameter, ResourcePlan
from techlead.derive.views import stored_values
from techlead.primitives.clock import to_datetime
from techlead.serve.change.unit import Unit

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """One locked row: as stored, as frozen facts, and as the draft that records assignments."""

    resource: ResourcePlan
    before: Values
    facts: Any
    draft: Any


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rows an action holds, and its parameters as rules see them (facts) and as the function sees them (drafts)."""

    rows: dict[tuple[str, bytes], Held]
    facts: dict[str, Any]
    drafts: dict[str, Any]


def hold(resource: ResourcePlan, values: Values) -> Held:
    """Make facts and a draft of a row's stored values."""
    python: dict[str, Any] = {"id": Ref(resource.prefix, values["id"])}
    for field in resource.stored:
        if field.name in values:
            stored = values[field.name]
            python[field.name] = None if stored is None else field.codec.load(stored)
    return Held(resource, values, frozen(resource.declared, python), draft(resource.declared, python))


async def load(
    unit: Unit, action: ActionPlan, main: Held, body: Mapping[str, Any] | None, *, delivered: bool = False
) -> Loaded:
    """Load every parameter of an action and its rules; the main row is given and locked already.

    `delivered` says how a call to another system ended, for an action that runs on its answer.
    """
    loading = _Loading(unit, main, delivered=delivered)
    loaded = Loaded({(main.resource.name, main.before["id"]): main}, {}, {})
    for parameter in action.parameters:
        facts, drafted = await loading.parameter(parameter, loaded, body)
        loaded.facts[parameter.name] = facts
        loaded.drafts[parameter.name] = drafted
    return loaded


class _Loading:
    def __init__(self, unit: Unit, main: Held, *, delivered: bool) -> None:
        self._unit = unit
        self._delivered = delivered
        self._main = main
        self._named: dict[str, Held | None] = {"": main}

    async def parameter(self, parameter: Parameter, loaded: Loaded, body: Mapping[str, Any] | None) -> tuple[Any, Any]:
        if parameter.kind == "now":
            now = to_datetime(self._unit.now)
            return now, now
        if parameter.kind == "body":
            return body, body
        if parameter.kind == "delivered":
            return self._delivered, self._delivered
        if parameter.kind == "aggregate":
            value = await self._aggregate(parameter, loaded)
            return value, value
        held = await self._row(parameter, loaded)
        self._named[parameter.name] = held
        return (held.facts, held.draft) if held else (None, None)

    async def _row(self, parameter: Parameter, loaded: Loaded) -> Held | None:
        if parameter.kind == "row":
            return self._main
        if parameter.kind == "actor":
            return await self._actor(loaded)
        holder, name = parameter.via or ("", "")
        holding = self._named[holder]
        row_id = holding.before.get(name) if holding else None
        if row_id is None:
            return None
        return await self._locked(self._unit.statements.plan.resources[parameter.resource or ""], row_id, loaded)

    async def _actor(self, loaded: Loaded) -> Held | None:
        account = self._unit.actor.account
        if account is None:
            return None
        return await self._locked(self._unit.statements.plan.accounts, account, loaded)

    async def _locked(self, resource: ResourcePlan, row_id: bytes, loaded: Loaded) -> Held:
        key = (resource.name, row_id)
        if key not in loaded.rows:
            rows = await self._unit.run(self._unit.statements.whole(resource), {"id": row_id})
            loaded.rows[key] = hold(resource, stored_values(resource, rows[0]))
        return loaded.rows[key]

    async def _aggregate(self, parameter: Parameter, loaded: Loaded) -> Any:
        values = {}
        for of, anchor in parameter.anchors:
            held = await self._actor(loaded) if anchor == "actor" else self._named[anchor]
            values[f"anchor_{of}"] = held.before["id"] if held else None
        rows = await self._unit.run(self._unit.statements.aggregate(parameter), values)
        said = parameter.aggregate
        if said is None or said.field is None:
            return rows[0][0]
        return self._unit.statements.plan.resources[said.resource].field(said.field).codec.load(rows[0][0])
