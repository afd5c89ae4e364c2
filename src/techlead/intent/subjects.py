"""Every rule and action of a Plan as a subject."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from techlead.declare.facts import ActionExample, Example
from techlead.declare.resource import Fields, values_of
from techlead.declare.rule import Rule
from techlead.declare.types import Ref, Sensitivity
from techlead.derive.checks.examples import rules_of
from techlead.derive.examples import facts_of, fields_of, parameters_of, row_of, word_reference
from techlead.derive.plan import ActionPlan, BodyPlan, FieldPlan, Parameter, Plan
from techlead.intent.code import Code, read_code
from techlead.intent.effects import Done, compared
from techlead.intent.subject import Case, Point, Shape, Slot, Subject

SAMPLED: Final = frozenset({"text", "email", "url", "webhook_url"})
PLAIN: Final = {"now": "timestamp", "aggregate": "integer", "delivered": "boolean"}


def subjects_of(plan: Plan) -> tuple[Subject, ...]:
    """Read every rule, by name, then every action; ValueError when an example does not fit."""
    rules = [rule_subject(plan, rule, action) for rule, action in rules_of(plan)]
    return (*rules, *(action_subject(plan, action) for action in actions_of(plan)))


def actions_of(plan: Plan) -> Iterator[ActionPlan]:
    """List the actions of a Plan, by resource and name."""
    return (one for resource in plan.resources.values() for one in (*resource.on_create, *resource.actions))


def rule_subject(plan: Plan, rule: Rule[...], action: ActionPlan) -> Subject:
    """Read one rule as one of its actions asks it."""
    parameters = parameters_of(rule, action.parameters)
    cases = tuple(
        Case(_point(facts_of(rule, action.parameters, plan, example, action.body)), expected, example)
        for expected, examples in ((True, rule.allows), (False, rule.refuses))
        for example in examples
    )
    said = rule.name, rule.because, rule.message
    return _subject("rule", said, rule.function, parameters, plan, action.body, cases, rule.origin)


def action_subject(plan: Plan, action: ActionPlan) -> Subject:
    """Read one action."""
    parameters = parameters_of(action, action.parameters)
    cases = tuple(
        Case(
            _point(facts_of(action, action.parameters, plan, one.given, action.body)),
            _expected(one, parameters, plan, action),
            one,
        )
        for one in action.examples
    )
    said = f"{action.resource}.{action.name}", "", ""  # its docstring is a document, which nobody signs
    return _subject("action", said, action.function, parameters, plan, action.body, cases, action.origin)


def _subject(
    kind: Literal["rule", "action"],
    said: tuple[str, str, str],
    function: Callable[..., Any],
    parameters: tuple[Parameter, ...],
    plan: Plan,
    body: BodyPlan | None,
    cases: tuple[Case, ...],
    origin: Any,
) -> Subject:
    code = read_code(function)
    shapes = tuple(_shape(one, plan, body) for one in parameters)
    read = attributes_read(code)
    name, because, message = said
    slots = tuple(slot for one in parameters for slot in _slots(one, plan, body, read))
    lonely = len(shapes) == 1 and shapes[0].row is not None
    return Subject(kind, name, code, code.function(), shapes, slots, cases, because, message, origin, lonely)


def attributes_read(code: Code) -> frozenset[str]:
    """Name every attribute that the functions read; one that is only assigned is not read."""
    found: set[str] = set()
    for part in code.parts.values():
        for node in ast.walk(part.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                found.add(node.target.attr)
            elif isinstance(node, ast.MatchClass):
                found.update(node.kwd_attrs)
    return frozenset(found)


def _point(facts: dict[str, Any]) -> Point:
    point: dict[tuple[str, str], Any] = {}
    for name, value in facts.items():
        if isinstance(value, Fields):
            point[name, ""] = True
            point |= {(name, field): one for field, one in values_of(value).items()}
        else:
            point[name, ""] = value
    return point


def _shape(parameter: Parameter, plan: Plan, body: BodyPlan | None) -> Shape:
    if parameter.resource:
        resource = plan.resources[parameter.resource]
        return Shape(parameter.name, parameter.kind, resource.declared, resource.prefix, parameter.optional)
    if parameter.kind == "body" and body is not None:
        return Shape(parameter.name, parameter.kind, body.body)
    return Shape(parameter.name, parameter.kind, None)


def _slots(parameter: Parameter, plan: Plan, body: BodyPlan | None, read: frozenset[str]) -> Iterator[Slot]:
    fields = fields_of(parameter, plan, body)
    if fields is None:
        yield _plain(parameter, plan)
        return
    if parameter.optional:
        yield Slot(parameter.name, "", "presence", nullable=True)
    if "id" in read and parameter.resource:
        yield Slot(parameter.name, "id", "reference", target=plan.resources[parameter.resource].prefix)
    known = _followed({field.name: field for field in fields}, read)
    for field in fields:
        hidden = field.computed or (field.sensitivity is Sensitivity.SECRET and parameter.resource is not None)
        if field.name in known and not hidden:
            yield _slot(parameter.name, field, plan)


def _followed(fields: dict[str, FieldPlan], read: frozenset[str]) -> frozenset[str]:
    """Add what computed fields read: they are worked out from the row's other fields."""
    waiting = [field for name, field in fields.items() if name in read and field.computed]
    found = set(read)
    while waiting:
        function = waiting.pop().spec.source.function
        more = attributes_read(read_code(function)) - found if function is not None else frozenset()
        found |= more
        waiting += [fields[name] for name in more if name in fields and fields[name].computed]
    return frozenset(found)


def _plain(parameter: Parameter, plan: Plan) -> Slot:
    said = parameter.aggregate
    if said is not None and said.field is not None:
        field = plan.resources[said.resource].field(said.field)
        return Slot(parameter.name, "", field.kind, currency=_currency(field))
    return Slot(parameter.name, "", PLAIN.get(parameter.kind, parameter.kind), low=0 if said else None)


def _slot(parameter: str, field: FieldPlan, plan: Plan) -> Slot:
    members: tuple[Any, ...] = ()
    if field.kind == "enum":
        members = tuple(field.codec.load(value) for value in field.codec.schema["enum"])
    target = plan.resources[field.target].prefix if field.target else ""
    schema = field.codec.schema
    return Slot(
        parameter,
        field.name,
        field.kind,
        field.nullable,
        members,
        field.spec.ge,
        field.spec.le,
        _currency(field),
        target,
        schema.get("minLength", 0),
        schema.get("maxLength"),
        field.spec.pattern or "",
        _sample(field),
    )


def _sample(field: FieldPlan) -> Any:
    return field.codec.load(field.codec.parse(field.codec.example)) if field.kind in SAMPLED else None


def _currency(field: FieldPlan) -> str:
    return field.codec.example["currency"] if field.kind == "money" else ""


def _expected(example: ActionExample, parameters: tuple[Parameter, ...], plan: Plan, action: ActionPlan) -> Done:
    """Put what an example says an action does in the form of what it did."""
    named = {one.name: one for one in parameters}
    rows = []
    for name, said in example.rows:
        if name not in named or not isinstance(said, Example):
            raise ValueError(f"{action.name} has no row {name!r} to change")
        rows.append((name, _written(named[name], said, named, plan, action)))
    creates = tuple(
        (made.__name__, _written(Parameter("new row", "row", made.__name__), row, named, plan, action))
        for made, row in example.creates
    )
    sends = tuple(f"{one[0].name} about {one[1]}" if isinstance(one, tuple) else one.name for one in example.sends)
    return Done(tuple(sorted(rows)), creates, example.deletes, sends, example.refuses, example.calls)


def _written(
    parameter: Parameter, said: Example, named: dict[str, Parameter], plan: Plan, action: ActionPlan
) -> tuple[tuple[str, str], ...]:
    known: dict[Ref[Any], str] = {}
    for name, one in named.items():
        if one.resource:
            known[word_reference(plan.resources[one.resource].prefix, name)] = name
    return compared(row_of(parameter, plan, said, action.body), known)
