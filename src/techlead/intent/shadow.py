"""A drafted rule beside the signed one: the signed one decides, the draft is only listened to.

The draft gets the same frozen facts and the same moment, is bounded by its fuel, and what it raises is noted. When it
takes longer than its budget again and again, it turns itself off. Divergences are kept once a class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, Final

from techlead.declare.resource import Fields, values_of
from techlead.intent.conditions import Traced, deciding, traced
from techlead.intent.fuel import fuelled
from techlead.intent.subject import Point, Subject
from techlead.intent.written import facts_source

BUDGET_NANOSECONDS: Final = 200_000
"""What one call of a draft may take, beyond which it is a strike."""
STRIKES_MAX: Final = 3
"""Strikes in a row after which a shadow turns itself off."""
CLASSES_MAX: Final = 64
"""Kinds of divergence that are kept; further ones are only counted."""
TOLD_PER_SECOND_MAX: Final = 50
"""Divergences that are looked into in one second; further ones are only counted."""
LISTEN_EVERY: Final = 64
"""Of so many calls, one is traced condition by condition."""
LISTEN_FIRST: Final = 8
"""Calls of each round that are all traced, so that a quiet backend is heard, too."""

Function = Callable[..., Any]


@dataclass(slots=True)
class Divergence:
    """One kind of divergence: how often, when, and the facts of one."""

    direction: str
    condition: str
    count: int
    first_us: int
    last_us: int
    sample: str
    """Facts of one call, with what is sensitive left out."""


@dataclass(slots=True, eq=False)
class Shadow:
    """One draft that runs beside a signed rule, and what was heard of it since the last time it was asked."""

    signed: Subject
    draft: Subject
    hidden: frozenset[tuple[str, str]]
    """Facts that are never kept: personal, secret and internal fields."""
    now_us: Callable[[], int]
    budget: int = BUDGET_NANOSECONDS
    calls: int = 0
    strikes: int = 0
    off: str = ""
    """Why it was turned off; empty while it runs."""
    classes: dict[tuple[str, str], Divergence] = field(default_factory=dict)
    uncounted: int = 0
    answered: dict[tuple[int, bool], int] = field(default_factory=dict)
    """Of the calls that were traced: how often each condition of the draft answered what."""
    _traced: Traced | None = None
    _second: int = 0
    _told: int = 0

    def beside(self, decides: Function) -> Function:
        """Give the function that is served: it answers as the signed one does, whatever the draft does."""
        drafted = fuelled(self.draft.code)
        self._traced = traced(self.draft.code)
        names = frozenset(shape.name for shape in self.draft.shapes)
        same = names == frozenset(shape.name for shape in self.signed.shapes)

        def both(**facts: Any) -> Any:
            decided = decides(**facts)
            if not self.off:
                begun = perf_counter_ns()
                try:
                    other = drafted(**facts) if same else drafted(**{name: facts[name] for name in names})
                except Exception as error:  # noqa: BLE001 - a draft may raise what it likes: it is only listened to
                    other = error
                self.calls += 1
                if other is not decided or perf_counter_ns() - begun > self.budget or listens(self.calls):
                    self._hear(facts, decided, other, perf_counter_ns() - begun)
                elif self.strikes:
                    self.strikes = 0
            return decided

        return both

    def _hear(self, facts: Mapping[str, Any], decided: Any, other: Any, spent: int) -> None:
        """Note what is to be noted; whatever goes wrong here must not reach the answer."""
        try:
            self.strikes = self.strikes + 1 if spent > self.budget else 0
            if self.strikes >= STRIKES_MAX:
                self.off = f"it took {spent // 1_000} us, over {self.budget // 1_000} us, {STRIKES_MAX} times in a row"
            point = point_of(facts)
            if other is not decided:
                self._diverged(point, other)
            if listens(self.calls) and not isinstance(other, Exception):  # tracing has no fuel: only what has ended
                self._listen(point)
        except Exception as error:  # noqa: BLE001 - as above
            self.off = f"it could not be listened to: {type(error).__name__}"

    def _diverged(self, point: Point, other: Any) -> None:
        now = self.now_us()
        if now // 1_000_000 != self._second:
            self._second, self._told = now // 1_000_000, 0
        self._told += 1
        if self._told > TOLD_PER_SECOND_MAX:
            self.uncounted += 1
            return
        raised = isinstance(other, Exception)
        direction = f"raises {type(other).__name__}" if raised else "widened" if other else "narrowed"
        condition = "" if raised else deciding(self.draft, point, self._traced)
        known = self.classes.get((direction, condition))
        if known is not None:
            known.count, known.last_us = known.count + 1, now
        elif len(self.classes) < CLASSES_MAX:
            self.classes[direction, condition] = Divergence(direction, condition, 1, now, now, self._sample(point))
        else:
            self.uncounted += 1

    def _sample(self, point: Point) -> str:
        return facts_source(self.draft, redacted(point, self.draft, self.hidden))

    def _listen(self, point: Point) -> None:
        if self._traced is None:
            return
        self._traced.heard.clear()
        self.draft.decide(point, self._traced.function)
        for number, answer in self._traced.heard.items():
            self.answered[number, answer] = self.answered.get((number, answer), 0) + 1

    def conditions(self) -> list[tuple[str, int, int]]:
        """List each condition of the draft with how often it answered yes and no, of the calls that were traced."""
        found = () if self._traced is None else self._traced.conditions
        return [
            (one.source, self.answered.get((one.number, True), 0), self.answered.get((one.number, False), 0))
            for one in found
        ]


def listens(number: int) -> bool:
    """Tell whether this call of a round (of five seconds) is listened to in full: the first few, then one in 64."""
    return number <= LISTEN_FIRST or not number % LISTEN_EVERY


def point_of(facts: Mapping[str, Any]) -> Point:
    """Give facts as they are compared and kept."""
    point: dict[tuple[str, str], Any] = {}
    for name, value in facts.items():
        point[name, ""] = True if isinstance(value, Fields) else value
        if isinstance(value, Fields):
            point |= {(name, one): held for one, held in values_of(value).items()}
    return point


def redacted(point: Point, subject: Subject, hidden: frozenset[tuple[str, str]]) -> Point:
    """Keep only what the rule reads and nobody minds: ids, and personal, secret and internal fields are left out."""
    read = {slot.name for slot in subject.slots} - hidden
    return {name: value for name, value in point.items() if not name[1] or name in read}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What two versions decided on recorded facts."""

    facts: int
    agreed: int
    widened: tuple[str, ...]
    narrowed: tuple[str, ...]
    unknown: int
    """Facts that lack what one of the versions reads."""


def replay(signed: Subject, draft: Subject, points: Sequence[Point]) -> Replayed:
    """Run both versions over recorded facts."""
    widened: list[str] = []
    narrowed: list[str] = []
    agreed = unknown = 0
    for point in points:
        before, after = signed.decide(point), draft.decide(point)
        if not isinstance(before, bool) or not isinstance(after, bool):
            unknown += 1
        elif before == after:
            agreed += 1
        else:
            (widened if after else narrowed).append(f"{facts_source(draft, point)}: {deciding(draft, point)}")
    return Replayed(len(points), agreed, tuple(widened), tuple(narrowed), unknown)
