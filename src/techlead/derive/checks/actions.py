"""Actions: each can be called by somebody, has a name of its own, and is given what it asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from techlead.declare.access import nobody
from techlead.declare.action import Action
from techlead.declare.backend import Declarations
from techlead.declare.outside import Event, System
from techlead.declare.resource import Body
from techlead.declare.rule import Rule
from techlead.declare.types import Sensitivity
from techlead.derive.access import ANONYMOUS, residual
from techlead.derive.checks import paths, references
from techlead.derive.checks.names import is_snake_case
from techlead.derive.checks.problem import Problem
from techlead.derive.examples import fields_of
from techlead.derive.plan import ActionPlan, FieldPlan, Plan, ResourcePlan
from techlead.derive.reading import names_loaded
from techlead.derive.refusals import Refusals, field_origin

TAKEN: Final = frozenset({"create", "read", "update", "delete", "list", "history"})
"""Names of what every resource can do, and so no names for actions."""


def check_declared(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse actions that contradict themselves or share a name, and what belongs to no resource of the backend."""
    for declared in declarations.resources:
        seen: dict[str, Action[...]] = {}
        for action in declared.declaration.actions:
            for reason, mend in (*_said(action), *_name(action, seen)):
                refusals.add(action.origin, f"{declared.__name__}.{action.name}", reason, mend)


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse actions that cannot get what they ask for, and two operations of one name."""
    for resource in plan.resources.values():
        for action in (*resource.actions, *resource.on_create):
            for reason, mend in _planned(plan, resource, action):
                refusals.add(action.origin, f"{resource.name}.{action.name}", reason, mend)
            _body(plan, action, refusals)
    _operations(plan, refusals)


def _said(action: Action[...]) -> Iterator[Problem]:
    on = f"on={getattr(action.on, '__name__', action.on)}"
    if isinstance(action.on, System | Event):
        if action.by != nobody:
            yield "another system runs it, so `by` decides nothing", "leave out `by`, or leave out `on`"
    elif action.on is not None and not action.on_create:
        yield f"{on} is not possible", "say on=create, or by=... for an operation of its own"
    elif action.on_create and action.by != nobody:
        yield "on=create runs inside every create, so `by` decides nothing", "say who in @backend.resource(create=...)"
    elif action.on is None and action.by == nobody:
        yield "nobody may call it", "say who: by=owner, by=signed_in, by=role(...)"
    if not all(isinstance(rule, Rule) for rule in action.when):
        yield "when=[...] holds something that is no rule", "decorate the function with @rule(...)"


def _name(action: Action[...], seen: dict[str, Action[...]]) -> Iterator[Problem]:
    other = seen.setdefault(action.name, action)
    if not is_snake_case(action.name):
        yield f"the name {action.name!r} is not in snake_case of at most 40 characters", "rename it"
    elif action.name in TAKEN:
        yield f"every resource has {action.name!r} already", "choose another name"
    elif other is not action:
        yield f"another action of this name stands at {other.origin.file}:{other.origin.line}", "rename one of them"


def _planned(plan: Plan, resource: ResourcePlan, action: ActionPlan) -> Iterator[Problem]:
    if action.on_create and resource.access.create == nobody and not resource.is_account:
        yield f"nobody may create a {resource.name}, so it never runs", "say @backend.resource(create=...)"
    if action.on_create and action.body is not None:
        yield "it runs inside create, which has no body of its own", "make what it needs a field of the resource"
    policy = resource.access.create if action.on_create else action.by
    if residual(policy, ANONYMOUS) != nobody:
        for parameter in action.parameters:
            if (parameter.kind == "actor" and not parameter.optional) or any(
                a == "actor" for _, a in parameter.anchors
            ):
                mend = "allow only who is signed in (signed_in & ...), or do without the actor"
                yield f"{policy} lets strangers in, and {parameter.name!r} needs an account", mend
    rows = [one.name for one in action.parameters if one.kind == "row" and one.name in action.arguments]
    if len(rows) > 1:
        yield f"{' and '.join(rows)} are both the row itself", "ask for it once"
    for parameter in action.parameters:
        if parameter.aggregate is not None:
            counted = plan.resources[parameter.aggregate.resource]
            for condition in parameter.aggregate.conditions:
                yield from paths.held_by(counted, condition)
    yield from _secrets(plan, action)


def _secrets(plan: Plan, action: ActionPlan) -> Iterator[Problem]:
    """Refuse functions that read a Secret of a row: it is never read back, by nobody. Setting one is fine."""
    functions = [("it", action.function, action.arguments)]
    functions += [(f"its rule {rule.name}", rule.function, arguments) for rule, arguments in action.rules]
    by_name = {one.name: one for one in action.parameters}
    for who, function, arguments in functions:
        read = names_loaded(function)
        groups = [fields_of(by_name[one], plan, action.body) or () for one in arguments]
        secret = {field.name for fields in groups for field in fields if field.sensitivity is Sensitivity.SECRET}
        other = {field.name for fields in groups for field in fields if field.sensitivity is not Sensitivity.SECRET}
        other |= {field.name for field in (action.body.fields if action.body else ())}
        for name in sorted(secret & read - other):
            yield f"{who} reads {name}, which is Secret and never read back", "mark it Internal, or do without"


def _body(plan: Plan, action: ActionPlan, refusals: Refusals) -> None:
    if action.body is None:
        return
    body = action.body.body
    references.check_fields(body, action.body.fields, plan.resources, refusals)
    for field in action.body.fields:
        for reason, mend in _body_field(field):
            origin = field_origin(body, field.name, body.declaration.origin)
            refusals.add(origin, f"{body.__name__}.{field.name}", reason, mend)
    if body.__bases__ != (Body,):
        refusals.add(body.declaration.origin, body.__name__, "it inherits from another body", "write it as `(Body)`")


def _body_field(field: FieldPlan) -> Iterator[Problem]:
    spec = field.spec
    public = field.sensitivity is Sensitivity.PUBLIC
    if spec.source.kind != "caller":
        yield "a body holds only what the caller sends", "take it from the row, the actor or `now` instead"
    elif field.sensitivity is Sensitivity.INTERNAL:
        yield "nothing outside can send what is Internal", "mark it Personal or Secret, or leave the mark out"
    elif spec.unique or spec.indexed or field.write is not None or (spec.read is not None and public):
        yield "a body is stored nowhere: unique, indexed, read and write mean nothing", "leave them out"


def _operations(plan: Plan, refusals: Refusals) -> None:
    names = Counter(one.name for one in plan.operations)
    addresses = Counter((one.method, one.path) for one in plan.operations)
    for one in plan.operations:
        if one.resource is not None and (names[one.name] > 1 or addresses[one.method, one.path] > 1):
            resource = plan.resources[one.resource]
            origins = [action.origin for action in resource.actions if action.name == one.action]
            where, mend = f"{resource.name} {one.name}", "rename the action or the resource"
            refusals.add((origins or [resource.origin])[0], where, f"two operations are called {one.name}", mend)
