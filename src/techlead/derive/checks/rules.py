"""Rules: each has a reason that names its source, a name of its own, and a function that simply decides."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

from techlead.declare.backend import Declarations
from techlead.declare.rule import Rule
from techlead.derive.checks.names import is_snake_case
from techlead.derive.checks.problem import Problem
from techlead.derive.checks.strays import modules_of
from techlead.derive.refusals import Refusals

BECAUSE_CHARACTERS_MIN: Final = 15
PLACEHOLDERS: Final = frozenset(
    {"todo", "tbd", "fixme", "xxx", "because", "none", "na", "reason", "placeholder", "tba", "lorem"}
)


def check(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse rules without a reason, and two rules of one name."""
    seen: dict[str, Rule[...]] = {}
    actions = [action for declared in declarations.resources for action in declared.declaration.actions]
    used = [rule for action in actions for rule in action.when]
    for rule in declared_rules(declarations):
        unused = () if rule in used else _unused(rule)
        for reason, mend in (*_reason(rule), *_function(rule), *_name(rule, seen), *unused):
            refusals.add(rule.origin, f"rule {rule.name}", reason, mend)


def declared_rules(declarations: Declarations) -> tuple[Rule[...], ...]:
    """List every rule of a backend's modules, used or not, once each."""
    actions = [action for declared in declarations.resources for action in declared.declaration.actions]
    named = [value for names in modules_of(declarations) for value in names.values()]
    rules = [one for one in (*(one for action in actions for one in action.when), *named) if isinstance(one, Rule)]
    return tuple({id(rule): rule for rule in rules}.values())


def _reason(rule: Rule[...]) -> Iterator[Problem]:
    words = re.findall(r"\w+", rule.because.lower())
    said = [word for word in words if word not in PLACEHOLDERS]
    mend = 'name the source: because="Parcels were refunded and kept (ticket 482, March 2021)."'
    if not rule.because:
        yield "it has no reason", mend
    elif not said or words[0] in PLACEHOLDERS - {"because", "none", "reason"}:
        yield f"because={rule.because!r} stands where a reason should", mend
    elif len(rule.because) < BECAUSE_CHARACTERS_MIN:
        yield f"because={rule.because!r} is shorter than {BECAUSE_CHARACTERS_MIN} characters", mend


def _unused(rule: Rule[...]) -> Iterator[Problem]:
    """Refuse missing examples where no action says what the rule's parameters are; `examples` does it for the others."""
    for word, examples in (("allows", rule.allows), ("refuses", rule.refuses)):
        if not examples:
            yield f"no example shows what it {word}", f"{word}=[facts(...)]"


def _function(rule: Rule[...]) -> Iterator[Problem]:
    if not inspect.signature(rule.function).parameters:
        yield (
            "it has no parameters, so it decides nothing about a row",
            "ask for a row: `def rule(order: Facts[Order])`",
        )


def _name(rule: Rule[...], seen: dict[str, Rule[...]]) -> Iterator[Problem]:
    other = seen.setdefault(rule.name, rule)
    if not is_snake_case(rule.name):
        yield (
            f"the name {rule.name!r} is not in snake_case of at most 40 characters",
            "make it with `def name_of_rule(...)`",
        )
    elif other is not rule:
        yield (
            f"another rule of this name stands at {other.origin.file}:{other.origin.line}",
            "rename one: refusals name it",
        )
