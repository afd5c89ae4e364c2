"""Examples: each rule has one that it allows and one that it refuses, of values that its facts can hold."""

from __future__ import annotations

from collections.abc import Iterator

from techlead.declare.facts import ActionExample, Example
from techlead.declare.notification import Notification
from techlead.declare.rule import Rule
from techlead.derive.checks.problem import Problem
from techlead.derive.examples import example_problems, parameters_of, row_of
from techlead.derive.plan import ActionPlan, Parameter, Plan
from techlead.derive.refusals import Refusals
from techlead.derive.suggestion import suggestion


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse rules without an example of each kind, and examples that cannot be."""
    for rule, action in rules_of(plan):
        for reason, mend in _rule(plan, rule, action):
            refusals.add(rule.origin, f"rule {rule.name}", reason, mend)
    for resource in plan.resources.values():
        for one in (*resource.actions, *resource.on_create):
            for reason, mend in _action(plan, one):
                refusals.add(one.origin, f"{one.resource}.{one.name}", reason, mend)


def rules_of(plan: Plan) -> tuple[tuple[Rule[...], ActionPlan], ...]:
    """List each rule of a Plan once, by name, with the first action that asks it."""
    found: dict[int, tuple[Rule[...], ActionPlan]] = {}
    for resource in plan.resources.values():
        for action in (*resource.actions, *resource.on_create):
            for rule, _ in action.rules:
                found.setdefault(id(rule), (rule, action))
    return tuple(sorted(found.values(), key=lambda pair: pair[0].name))


def _rule(plan: Plan, rule: Rule[...], action: ActionPlan) -> Iterator[Problem]:
    lists: tuple[tuple[str, tuple[Example, ...], bool], ...] = (
        ("allows", rule.allows, True),
        ("refuses", rule.refuses, False),
    )
    for word, examples, allowed in lists:
        if not examples:
            pasted = suggestion(rule, action.parameters, plan, action.body, allowed=allowed)
            yield f"no example shows what it {word}", f"{word}=[{pasted}]"
        for number, example in enumerate(examples, start=1):
            for problem in example_problems(rule, action.parameters, plan, example, action.body):
                yield f"{word}, example {number}: {problem}", "correct it: names and types are those of the fields"
    if any(example in rule.refuses for example in rule.allows):
        yield "one example is allowed and refused", "keep it where it belongs"


def _action(plan: Plan, action: ActionPlan) -> Iterator[Problem]:
    mend = "correct it: names and types are those of the fields"
    for number, example in enumerate(action.examples, start=1):
        for problem in example_problems(action, action.parameters, plan, example.given, action.body):
            yield f"example {number}: {problem}", mend
        for problem in _effects(plan, action, example):
            yield f"example {number} gives: {problem}", mend


def _effects(plan: Plan, action: ActionPlan, example: ActionExample) -> Iterator[str]:
    rows = {one.name: one for one in parameters_of(action, action.parameters) if one.resource}
    said = [(rows.get(name), name, row) for name, row in example.rows]
    said += [(Parameter("new row", "row", made.__name__), made.__name__, row) for made, row in example.creates]
    for parameter, name, row in said:
        if parameter is None or parameter.resource not in plan.resources or not isinstance(row, Example):
            yield f"{name} is no row that it can change or create: write {name}=facts(...)"
            continue
        try:
            row_of(parameter, plan, row)
        except ValueError as error:
            yield str(error)
    yield from (f"it has no row {name!r} to delete" for name in example.deletes if name not in rows)
    yield from (f"{one!r} is no notification" for one in example.sends if not _is_sent(one))


def _is_sent(said: object) -> bool:
    """Tell whether a notification is named, alone or with the row that it is about."""
    if isinstance(said, tuple):
        return len(said) == 2 and isinstance(said[0], Notification) and isinstance(said[1], str)  # noqa: PLR2004 - a pair
    return isinstance(said, Notification)
