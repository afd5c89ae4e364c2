"""Effects become writes: rows assigned to, rows created and deleted, messages put into the outbox."""

from __future__ import annotations

from typing import Any

from techlead.declare.effect import Call, Create, Delete, Effect, Send
from techlead.declare.resource import Resource, changes_of
from techlead.declare.types import Ref
from techlead.derive.plan import FieldPlan, ResourcePlan
from techlead.errors import ProgramError, Refused
from techlead.serve.change.calls import call
from techlead.serve.change.fields import dump_fields
from techlead.serve.change.fill import copy, fill
from techlead.serve.change.load import Held, Values
from techlead.serve.change.notify import notify
from techlead.serve.change.unit import Unit


class Created(dict[int, tuple[ResourcePlan, bytes]]):
    """The new rows of an action by identity, with the ids they got when they were yielded."""


def begin_create(unit: Unit, row: Resource, created: Created) -> None:
    """Give a new row its id at once, so that the action can refer to it in what it yields next."""
    resource = _resource(unit, row)
    row_id = unit.new_id()
    row.complete({"id": Ref(resource.prefix, row_id)})
    created[id(row)] = (resource, row_id)


async def apply(unit: Unit, effects: list[Effect], created: Created) -> None:
    """Do what an action asked for, in its order."""
    for effect in effects:
        if isinstance(effect, Send):
            await notify(unit, effect.notification, _resource(unit, effect.row), effect.row)
        elif isinstance(effect, Create):
            await _create(unit, effect.row, *created[id(effect.row)])
        elif isinstance(effect, Delete):
            await unit.remove(_resource(unit, effect.row), effect.row.id.raw)
        elif isinstance(effect, Call):
            await call(unit, effect, _resource(unit, effect.about))
        else:
            message = f"an action yielded {type(effect).__name__}: yield create(...), delete(...), refuse(...), a send or a call"
            raise ProgramError(message)


async def update_held(unit: Unit, held: Held) -> None:
    """Write what an action assigned to a row; a value outside its field's limits refuses the whole action."""
    stored, errors = dump_fields(held.resource.stored, changes_of(held.draft))
    if errors:
        raise Refused(errors=tuple(errors))
    changed = {name: value for name, value in stored.items() if held.before.get(name) != value}
    if changed:
        await unit.lock_anchors(held.resource, held.before)
        await unit.update(held.resource, held.before["id"], held.before, changed)


async def _create(unit: Unit, row: Resource, resource: ResourcePlan, row_id: bytes) -> None:
    given: dict[str, Any] = changes_of(row)
    stored, errors = dump_fields(resource.stored, given)
    if errors:
        raise Refused(errors=tuple(errors))
    values: Values = {"id": row_id, **stored}
    fill(unit, resource, values)
    await copy(unit, resource, values, {})
    missing = [field.name for field in resource.stored if values.get(field.name) is None and not field.nullable]
    if missing:
        message = f"an action created a {resource.name} without {', '.join(missing)}"
        raise ProgramError(message)
    await unit.insert(resource, values, {})
    row.complete({field.name: _loaded(field, values[field.name]) for field in resource.stored})


def _loaded(field: FieldPlan, stored: Any) -> Any:
    return None if stored is None else field.codec.load(stored)


def _resource(unit: Unit, row: Resource) -> ResourcePlan:
    try:
        return unit.statements.plan.resources[type(row).__name__]
    except KeyError:
        message = f"an action yielded a {type(row).__name__}, which is no resource of this backend"
        raise ProgramError(message) from None
