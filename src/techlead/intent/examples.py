"""The examples of every rule are run: each must be decided as its list says."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Literal

from techlead.declare.facts import Example
from techlead.declare.rule import Rule
from techlead.derive.checks.examples import rules_of
from techlead.derive.examples import facts_of
from techlead.derive.plan import ActionPlan, Plan


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example of one rule, and whether the rule decides it as it says."""

    rule: str
    listed: Literal["allows", "refuses"]
    example: Example
    passed: bool
    reason: str
    """What went wrong; empty when it passed."""
    file: str
    line: int

    def __str__(self) -> str:
        """Print as compilers do, so that editors can jump to it."""
        said = f"{self.rule} {self.listed} {self.example}"
        return said if self.passed else f"{self.file}:{self.line}: {said}: {self.reason}"


def check_examples(plan: Plan) -> tuple[ExampleResult, ...]:
    """Run every example of every rule, rules by name; a rule that raises has failed its example."""
    return tuple(result for rule, action in rules_of(plan) for result in _results(plan, rule, action))


def _results(plan: Plan, rule: Rule[...], action: ActionPlan) -> list[ExampleResult]:
    origin = rule.origin
    found = []
    lists: tuple[tuple[Literal["allows", "refuses"], tuple[Example, ...]], ...] = (
        ("allows", rule.allows),
        ("refuses", rule.refuses),
    )
    for listed, examples in lists:
        for example in examples:
            reason = _why_failed(plan, rule, action, example, allowed=listed == "allows")
            found.append(ExampleResult(rule.name, listed, example, not reason, reason, origin.file, origin.line))
    return found


def _why_failed(plan: Plan, rule: Rule[...], action: ActionPlan, example: Example, *, allowed: bool) -> str:
    try:
        decided = rule.function(**facts_of(rule, action.parameters, plan, example, action.body))
    except Exception as error:  # noqa: BLE001 - whatever the user's rule raises is its failure, not ours
        return f"it raises {type(error).__name__} at {_place(rule, error)}: {error}"
    if not isinstance(decided, bool):
        return f"it gives {decided!r}, which is no bool"
    if decided is not allowed:
        return "the rule refuses it" if allowed else "the rule allows it"
    return ""


def _place(rule: Rule[...], error: Exception) -> str:
    """Name the last line of the rule's own file in a traceback; where the rule stands, when there is none."""
    file = rule.function.__code__.co_filename
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{file}:{lines[-1] if lines else rule.origin.line}"
