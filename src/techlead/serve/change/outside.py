"""What other systems start: a call that was answered or has failed for good, an event that came in, each runs an action.

There is no actor, so no policy decides; the rules do, as always. Everything happens in the one transaction that also
notes that the answer or the event was taken, so it counts once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from techlead.declare.access import anyone
from techlead.declare.outside import System
from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Aftermath, Dead, Delivered, Waiting
from techlead.derive.plan import ActionPlan, BodyPlan, Plan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.views import stored_values
from techlead.errors import CallersError, FieldError, InvalidFields, NotFound
from techlead.primitives import ids
from techlead.primitives.clock import Clock
from techlead.serve.actor import NOBODY_KNOWN
from techlead.serve.change.act import run
from techlead.serve.change.effects import apply, update_held
from techlead.serve.change.fields import Form, body_from
from techlead.serve.change.load import hold, load
from techlead.serve.change.unit import Unit
from techlead.store.port import Transaction


def aftermath_of(statements: Statements, clock: Clock, random: Callable[[int], bytes], limits: LimitsBook) -> Aftermath:
    """Give what runs when a call has ended: the action that was declared for its system and the kind of row."""
    actions = {
        (resource.name, action.outside.name): (resource, action)
        for resource in statements.plan.resources.values()
        for action in resource.actions
        if isinstance(action.outside, System)
    }

    async def aftermath(tx: Transaction, waiting: Waiting, outcome: Delivered | Dead) -> None:
        found = actions.get((waiting.resource, waiting.notification))
        if found is None:
            return
        resource, action = found
        delivery = ids.encode("delivery", waiting.id)
        unit = Unit(tx, statements, NOBODY_KNOWN, clock(), random, f"{action.name}_{resource.table}", delivery, limits)
        delivered = isinstance(outcome, Delivered)
        body = answer_body(action.body, outcome.answer) if isinstance(outcome, Delivered) else None
        try:
            await run_from_outside(unit, resource, action, waiting.row, body, delivered=delivered)
        except NotFound:
            return  # the row went while the call was under way: there is nothing that its answer could change

    return aftermath


async def run_from_outside(
    unit: Unit,
    resource: ResourcePlan,
    action: ActionPlan,
    row_id: bytes,
    body: Any,
    *,
    delivered: bool = False,
) -> None:
    """Run an action on a row for nobody; NotFound when the row is not there, Refused as its rules say."""
    row = await unit.row(resource, row_id, anyone)
    loaded = await load(unit, action, hold(resource, stored_values(resource, row)), body, delivered=delivered)
    effects, created = run(unit, action, loaded)
    for held in loaded.rows.values():
        await update_held(unit, held)
    await apply(unit, effects, created)


def answer_body(planned: BodyPlan | None, answer: bytes | None) -> Any:
    """Read a system's answer as the body that an action asks for; None when it is not that."""
    if planned is None or answer is None:
        return None
    try:
        return body_of(planned, msgspec.json.decode(answer))
    except (msgspec.DecodeError, CallersError):
        return None


def body_of(planned: BodyPlan, given: Any) -> Any:
    """Take the fields of a body out of what another system sent, whatever else is in it; InvalidFields names what is wrong."""
    if not isinstance(given, Mapping):
        raise InvalidFields(errors=(FieldError("/data", "is not an object."),))
    known = {field.name for field in planned.fields}
    taken = {name: value for name, value in given.items() if name in known}
    return body_from(planned, Form(planned.fields).parse(taken, partial=False))


def events_of(plan: Plan, incoming: str) -> Mapping[str, tuple[ResourcePlan, ActionPlan]]:
    """Give what runs on each event of an endpoint, by the event's name."""
    return {
        action.outside.kind: (resource, action)
        for resource in plan.resources.values()
        for action in resource.actions
        if action.outside is not None
        and not isinstance(action.outside, System)
        and action.outside.incoming.name == incoming
    }
