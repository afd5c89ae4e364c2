"""Running an action: its policy, its rules on frozen facts, its pure function, then its effects, all in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any, Final

from techlead.declare.effect import Create, Effect, Refuse
from techlead.declare.resource import changes_of
from techlead.derive.plan import ActionPlan, ResourcePlan
from techlead.derive.views import stored_values
from techlead.errors import NotAllowed, ProgramError, Refused
from techlead.serve.change.effects import Created, apply, begin_create, update_held
from techlead.serve.change.fields import dump_fields
from techlead.serve.change.load import Held, Loaded, Values, hold, load
from techlead.serve.change.unit import Unit
from techlead.serve.change.update import match

EFFECTS_MAX: Final = 1_000


async def act(
    unit: Unit,
    resource: ResourcePlan,
    action: ActionPlan,
    row_id: bytes,
    body: Mapping[str, Any] | None,
    if_match: frozenset[str] | None,
) -> None:
    """Run an action on one row; NotFound, NotAllowed, RevisionMismatch or Refused, and then nothing has changed."""
    row = await unit.row(resource, row_id, resource.access.read | action.by)
    values = stored_values(resource, row)
    if not await unit.allowed(action.by, resource, values):
        raise NotAllowed
    match(if_match, row[1])
    loaded = await load(unit, action, hold(resource, values), body)
    effects, created = run(unit, action, loaded)
    for held in loaded.rows.values():
        await update_held(unit, held)
    await apply(unit, effects, created)


async def run_on_create(unit: Unit, resource: ResourcePlan, values: Values) -> Callable[[], Awaitable[None]]:
    """Run the actions that belong to creating a row; assignments to it change `values`, the rest waits in the result."""
    waiting: list[tuple[list[Effect], Loaded, Created, Held]] = []
    for action in resource.on_create:
        held = hold(resource, values)
        loaded = await load(unit, action, held, None)
        effects, created = run(unit, action, loaded)
        stored, errors = dump_fields(resource.stored, changes_of(held.draft))
        if errors:
            raise Refused(errors=tuple(errors))
        values.update(stored)
        waiting.append((effects, loaded, created, held))

    async def after() -> None:
        for effects, loaded, created, new in waiting:
            for held in loaded.rows.values():
                if held is not new:
                    await update_held(unit, held)
            await apply(unit, effects, created)

    return after


def run(unit: Unit, action: ActionPlan, loaded: Loaded) -> tuple[list[Effect], Created]:
    """Decide the rules and run the function: pure Python, no await between facts and effects."""
    for rule, arguments in action.rules:
        if not rule.function(**{name: loaded.facts[name] for name in arguments}):
            raise Refused(rule.message, rule=rule.name)
    effects: list[Effect] = []
    created = Created()
    yielded = action.function(**{name: loaded.drafts[name] for name in action.arguments})
    for effect in islice(yielded or (), EFFECTS_MAX + 1):
        if isinstance(effect, Refuse):
            raise Refused(effect.message)
        if isinstance(effect, Create):
            begin_create(unit, effect.row, created)
        effects.append(effect)
    if len(effects) > EFFECTS_MAX:
        message = f"{action.resource}.{action.name} asked for more than {EFFECTS_MAX} effects"
        raise ProgramError(message)
    return effects, created
