"""The conditions of a rule, one by one: what each answered on some facts, which decided, and what would flip the answer."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any, Final

from techlead.intent.code import Code, compiled
from techlead.intent.nearby import constants_of, nearby
from techlead.intent.subject import Point, Subject
from techlead.intent.written import facts_source, fewest

SEEN: Final = "condition__seen"
BOOLEAN: Final = (ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp, ast.Constant)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, as it is written."""

    number: int
    part: str
    line: int
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A rule whose conditions tell what they answer."""

    conditions: tuple[Condition, ...]
    function: Callable[..., Any]
    heard: dict[int, bool]
    """What each condition answered last; filled while the function runs."""
    flipped: dict[int, bool]
    """Conditions that are to answer something else; for asking what would have happened."""


def traced(code: Code) -> Traced:
    """Make a rule that tells what its conditions answer."""
    marking = _Marking(code)
    replaced = {key: marking.part(key) for key in code.parts}
    heard: dict[int, bool] = {}
    flipped: dict[int, bool] = {}

    def seen(number: int, value: Any) -> Any:
        heard[number] = bool(value)
        return flipped.get(number, value)

    return Traced(tuple(marking.found), code.function(replaced, {SEEN: seen}), heard, flipped)


class _Marking(ast.NodeTransformer):
    """Puts `seen(number, condition)` around each condition: what stands where only true or false counts."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._key = ""
        self.found: list[Condition] = []

    def part(self, key: str) -> CodeType:
        self._key = key
        tree = copy.deepcopy(self._code.parts[key].tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.If | ast.IfExp):
                node.test = self._marked(node.test)
            elif isinstance(node, ast.Return) and node.value is not None and self._is_boolean(node.value):
                node.value = self._marked(node.value)
        return compiled(ast.fix_missing_locations(tree))

    def _is_boolean(self, node: ast.expr) -> bool:
        return isinstance(node, BOOLEAN) or (self._key == self._code.main and not self._is_helper(node))

    def _is_helper(self, node: ast.expr) -> bool:
        calls = self._code.parts[self._key].calls
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls

    def _marked(self, node: ast.expr) -> ast.expr:
        """Mark the leaves: `and`, `or`, `not` and choices are walked through, a helper has conditions of its own."""
        if isinstance(node, ast.BoolOp):
            node.values = [self._marked(one) for one in node.values]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self._marked(node.operand)
        elif isinstance(node, ast.IfExp):
            node.body, node.orelse = self._marked(node.body), self._marked(node.orelse)
        elif isinstance(node, ast.Constant):
            return node
        elif not self._is_helper(node) and not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == SEEN):
            number = len(self.found)
            self.found.append(Condition(number, self._key, node.lineno, ast.unparse(node)))
            call = ast.Call(ast.Name(SEEN, ast.Load()), [ast.Constant(number), node], [])
            return ast.copy_location(call, node)
        return node


@dataclass(frozen=True, slots=True)
class Step:
    """One condition on some facts."""

    source: str
    line: int
    answered: bool | None
    """None when it was not asked: another had decided before."""
    decided: bool
    """Whether the answer of the rule hangs on this one alone."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule answers as it does on some facts."""

    title: str
    because: str
    message: str
    allowed: bool | None
    """None when it raises; `answer` then says what."""
    answer: str
    steps: tuple[Step, ...]
    flip: str
    """The nearest facts that would be answered otherwise; empty when there are none near."""


def explain(subject: Subject, point: Point) -> Explanation:
    """Say what each condition answers, which decided, and the nearest change that flips the answer."""
    outcome = subject.decide(point)
    allowed = outcome if isinstance(outcome, bool) else None
    answer = (
        {True: "allows it", False: "refuses it"}.get(outcome, str(outcome)) if allowed is not None else str(outcome)
    )
    flip = _flip(subject, point, outcome) if allowed is not None else ""
    return Explanation(subject.title, subject.because, subject.message, allowed, answer, steps(subject, point), flip)


def steps(subject: Subject, point: Point) -> tuple[Step, ...]:
    """List the conditions with what they answered, in the order of the source."""
    return heard_steps(subject, traced(subject.code), point)


def heard_steps(subject: Subject, trace: Traced, point: Point) -> tuple[Step, ...]:
    """List the conditions of a rule that is traced already."""
    trace.heard.clear()
    outcome = subject.decide(point, trace.function)
    heard = dict(trace.heard)
    return tuple(
        Step(one.source, one.line, heard.get(one.number), one.number in heard and _decides(subject, trace, point, one.number, heard, outcome))
        for one in trace.conditions
    )  # fmt: skip


def _decides(subject: Subject, trace: Traced, point: Point, number: int, heard: dict[int, bool], outcome: Any) -> bool:
    trace.flipped.clear()
    trace.flipped[number] = not heard[number]
    other = subject.decide(point, trace.function)
    trace.flipped.clear()
    return bool(other != outcome)


def _flip(subject: Subject, point: Point, outcome: Any) -> str:
    """Find the nearest facts that are answered otherwise, and say what is other in them."""
    wanted = not outcome
    constants = constants_of([subject.code])
    for pairs in (False, True):
        for other in nearby(point, subject.slots, constants, pairs=pairs):
            if subject.decide(other) is wanted:
                changed = {name: value for name, value in other.items() if point.get(name, ...) != value}
                small = fewest(subject, changed, lambda fewer: subject.decide({**point, **fewer}) is wanted)
                return facts_source(subject, small)
    return ""


def deciding(subject: Subject, point: Point, trace: Traced | None = None) -> str:
    """Name the conditions that an answer hangs on, in a few words; for a class of divergences."""
    found = [one.source for one in heard_steps(subject, trace or traced(subject.code), point) if one.decided]
    return "; ".join(found) or "several conditions together"


def lines(one: Explanation) -> Iterator[str]:
    """Print an explanation."""
    yield f"{one.title} {one.answer}"
    yield f"  because: {one.because}"
    if one.allowed is False:
        yield f"  the caller reads: {one.message}"
    for step in one.steps:
        answered = {True: "yes", False: "no", None: "not asked"}[step.answered]
        yield f"  {'->' if step.decided else '  '} line {step.line}: {step.source}: {answered}"
    if one.flip:
        yield f"  it would {'refuse' if one.allowed else 'allow'} {one.flip}"
