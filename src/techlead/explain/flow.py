"""Where the value of a sensitive field goes: how it enters, what is stored, who gets it back, what is logged, what is sent.

Shown are fields that are personal, secret or internal, and those with a policy of their own. What a flow must not do is
said beside it: the declarations are refused for most of it, so a warning here means that something was gone round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from techlead.declare.notification import Channel, Own
from techlead.declare.types import Sensitivity
from techlead.derive.matrix import Cell, access_matrix, may_ever
from techlead.derive.plan import FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.derive.reading import names_read
from techlead.derive.words import source_words
from techlead.explain.messages import every_action
from techlead.explain.reading import effects_asked

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
OWN: Final = "whose row it is"
"""Who gets an answer with a row of their own: the one they just made, or their account."""
NEVER_BACK: Final = frozenset({Sensitivity.SECRET, Sensitivity.INTERNAL})


@dataclass(frozen=True, slots=True)
class Flow:
    """The way of one field's value through the backend."""

    resource: str
    field: str
    sensitivity: str
    enters: tuple[str, ...]
    stored: str
    returned: tuple[str, ...]
    """Each kind of actor that gets it, with the operations in whose answers."""
    decides: tuple[str, ...]
    """Rules, actions and policies that read it."""
    told: str
    """What a row's history and the log hold."""
    sent: tuple[str, ...]
    wrong: tuple[str, ...]
    """What must not be."""


def flows(plan: Plan) -> tuple[Flow, ...]:
    """Give the flow of every sensitive field, in the order of declaration."""
    cells = access_matrix(plan)
    return tuple(
        _flow(plan, resource, field, [cell for cell in cells if cell.resource == resource.name])
        for resource in plan.resources.values()
        for field in resource.fields
        if field.sensitivity is not Sensitivity.PUBLIC or field.read is not None
    )


def _flow(plan: Plan, resource: ResourcePlan, field: FieldPlan, cells: list[Cell]) -> Flow:
    returned = _returned(field, cells)
    sent = tuple(_sent(plan, resource, field))
    return Flow(
        resource.name,
        field.name,
        field.sensitivity.value,
        tuple(_enters(plan, resource, field, cells)) or (source_words(field),),
        "nowhere: it is worked out when it is read" if field.computed else f"{resource.table}.{field.column}, as it is",
        tuple(f"{kind}: {', '.join(operations)}" for kind, operations in returned.items()),
        tuple(_decides(plan, resource, field)),
        _told(field),
        sent,
        tuple(_wrong(field, returned, sent)),
    )


def _enters(plan: Plan, resource: ResourcePlan, field: FieldPlan, cells: list[Cell]) -> Iterator[str]:
    taken = {cell.operation for cell in cells for one in cell.fields if one.field == field.name and may_ever(one.write)}
    routes = {one.name: f"{one.method} {one.path}" for one in plan.operations}
    yield from (routes[name] for name in routes if name in taken)
    for action in every_action(plan):
        rows = {one.name for one in action.parameters if one.resource == resource.name}
        if any(
            one.verb == "sets" and one.what in {f"{row}.{field.name}" for row in rows} for one in effects_asked(action)
        ):
            yield f"the action {action.resource}.{action.name}"


def _returned(field: FieldPlan, cells: list[Cell]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cell in cells:
        if any(one.field == field.name and may_ever(one.read) for one in cell.fields):
            who = OWN if cell.own else cell.actor.name
            operations = found.setdefault(who, [])
            if cell.operation not in operations:
                operations.append(cell.operation)
    return found


def _decides(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[str]:
    """Name what reads a field of this name of a row that it has; another row's field of the same name counts, too."""
    seen = set()
    for action in every_action(plan):
        if resource.name not in {one.resource for one in action.parameters}:
            continue
        for rule, _ in action.rules:
            if field.name in names_read(rule.function) and rule.name not in seen:
                seen.add(rule.name)
                yield f"rule {rule.name}"
        if field.name in names_read(action.function):
            yield f"action {action.resource}.{action.name}"


def _told(field: FieldPlan) -> str:
    if field.told:
        return "the log: never; the row's history: its values"
    return "the log: never; the row's history: that it changed, not its value"


def _sent(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[str]:
    for one in plan.notifications:
        if one.resource == resource.name and field.name in _named(one):
            yield f"in the words of {one.name}, by {', '.join(way.value for way in one.via)}"
        for way, path in one.at.items():
            if path[-1] == field.name:
                yield f"as the address of {one.name} by {way.value}"
    if resource.is_account and field.kind == "email":
        yield from _as_address(plan, Channel.EMAIL)
    if resource.is_account and field.kind == "webhook_url":
        yield from _as_address(plan, Channel.WEBHOOK)


def _as_address(plan: Plan, channel: Channel | Own) -> Iterator[str]:
    told = [one.name for one in plan.notifications if channel in one.via and channel not in one.at]
    if told:
        yield f"as the address of {', '.join(told)} by {channel.value}"


def _named(one: NotificationPlan) -> set[str]:
    written = [one.subject, one.text, *(template.source for template in one.templates.values())]
    words = {name for text in written for name in PLACEHOLDER.findall(text)}
    return words | {name for text in written for name in re.findall(r"\{[{%][^}]*?\b([a-z][a-z0-9_]*)\b", text)}


def _wrong(field: FieldPlan, returned: dict[str, list[str]], sent: tuple[str, ...]) -> Iterator[str]:
    if field.sensitivity in NEVER_BACK and returned:
        yield f"a {field.sensitivity.value} value is given back to {', '.join(returned)}"
    if field.sensitivity in NEVER_BACK and sent:
        yield f"a {field.sensitivity.value} value is sent {'; '.join(sent)}"
    everybody = [kind for kind in ("anonymous", "signed in") if returned.get(kind)]
    if field.sensitivity is Sensitivity.PERSONAL and everybody:
        yield f"a personal value is given back to whoever is {' or '.join(everybody)}"
