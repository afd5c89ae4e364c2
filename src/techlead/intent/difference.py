"""What differs between two versions of a rule or an action: searched near the examples, and proved where it can be.

Three verdicts, never two. PROVED EQUAL: the same normal form, or all facts were tried, or a proof. DIFFERS: facts that
both versions were run on, and decided otherwise. NOT SHOWN: neither, with what was not covered.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from techlead.intent.code import Unreadable
from techlead.intent.effects import Done
from techlead.intent.nearby import VALUES, Constants, constants_of, nearby, values_of
from techlead.intent.record import hash_of, record_of
from techlead.intent.subject import UNKNOWN, Member, Point, Raised, Slot, SlotName, Subject
from techlead.intent.values import NoData
from techlead.intent.written import facts_source, fewest

ALL_FACTS_MAX: Final = 4_096
"""When there are at most so many different facts, all of them are tried."""
ANCHORS_MAX: Final = 24
FINITE: Final = frozenset({"enum", "boolean", "presence"})


class Verdict(Enum):
    """What is known of two versions."""

    EQUAL = "PROVED EQUAL"
    DIFFERS = "DIFFERS"
    NOT_SHOWN = "NOT SHOWN"


@dataclass(frozen=True, slots=True)
class Witness:
    """Facts that two versions decide otherwise."""

    direction: str
    """`widened`, `narrowed`, or `changed` where nothing is allowed or refused."""
    facts: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions compared."""

    title: str
    verdict: Verdict
    witnesses: tuple[Witness, ...]
    how: str
    """How it is known, or what was tried."""
    uncovered: tuple[str, ...] = ()
    """Of NOT SHOWN: what no search and no proof covered."""
    milliseconds: float = field(default=0, compare=False)

    @property
    def directions(self) -> tuple[str, ...]:
        """In which ways it differs."""
        return tuple(dict.fromkeys(one.direction for one in self.witnesses))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a prover answered: equal, or facts on which the versions may differ, or why it could not say."""

    equal: bool = False
    point: Point | None = None
    reason: str = ""


Prover = Callable[[Subject, Subject, "Union"], Proof]
"""Proves two rules equal; `prove.prove` when z3 is installed."""


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """The facts that either version can be asked about."""

    slots: tuple[Slot, ...]
    old: Mapping[SlotName, Mapping[str, Enum]]
    new: Mapping[SlotName, Mapping[str, Enum]]


def compare(old: Subject, new: Subject, prover: Prover | None = None) -> Difference:
    """Compare two versions of one rule or action."""
    begun = time.perf_counter()
    found = _compared(old, new, prover)
    return replace(found, milliseconds=(time.perf_counter() - begun) * 1_000)


def _compared(old: Subject, new: Subject, prover: Prover | None) -> Difference:
    if _same(old, new):
        return Difference(new.title, Verdict.EQUAL, (), "it says the same and reads the same")
    union = union_of(old, new)
    constants = constants_of([old.code, new.code])
    every = _every(union, constants)
    witnesses, tried = _search(old, new, union, every or _near(old, new, union, constants))
    if witnesses:
        return Difference(new.title, Verdict.DIFFERS, witnesses, f"shown on facts, {tried} tried")
    if every is not None:
        return Difference(new.title, Verdict.EQUAL, (), f"all {tried} facts were tried")
    tried_words = f"no difference on {tried} facts near the examples"
    proof = prover(old, new, union) if prover is not None else Proof(reason="no prover: install techlead[prove]")
    if proof.equal:
        return Difference(new.title, Verdict.EQUAL, (), "proved with z3, for moments of the years 1900 to 2999")
    if proof.point is not None:
        witnesses, _ = _search(old, new, union, iter([proof.point]))
        if witnesses:
            return Difference(new.title, Verdict.DIFFERS, witnesses, "found by z3, shown on facts")
    uncovered = [str(slot) for slot in union.slots if slot.kind not in VALUES]
    reason = proof.reason or "z3 answered with facts on which both decide the same"
    return Difference(new.title, Verdict.NOT_SHOWN, (), tried_words, (reason, *uncovered))


def _same(old: Subject, new: Subject) -> bool:
    """Tell whether code and all that it reads have one normal form; reasons and examples decide nothing."""
    try:
        deciding = [{**record_of(one), "because": "", "message": "", "examples": []} for one in (old, new)]
    except (NoData, Unreadable):
        return False
    return hash_of(deciding[0]) == hash_of(deciding[1])


def union_of(old: Subject, new: Subject) -> Union:
    """Bring the facts of two versions together; an Enum has the members that either knows."""
    slots: dict[SlotName, Slot] = {}
    for slot in (*old.slots, *new.slots):
        known = slots.get(slot.name)
        members = (*(known.members if known else ()), *(Member(type(one).__name__, one.name) for one in slot.members))
        unique = tuple({one.name: one for one in members}.values())
        slots[slot.name] = replace(slot, members=unique, **_bounds(known, slot))
    return Union(
        tuple(slots.values()),
        {slot.name: {one.name: one for one in slot.members} for slot in old.slots if slot.members},
        {slot.name: {one.name: one for one in slot.members} for slot in new.slots if slot.members},
    )


def _bounds(known: Slot | None, slot: Slot) -> dict[str, Any]:
    """Take the wider limits of two versions."""
    if known is None:
        return {}
    low = None if known.low is None or slot.low is None else min(known.low, slot.low)
    high = None if known.high is None or slot.high is None else max(known.high, slot.high)
    return {"low": low, "high": high, "nullable": known.nullable or slot.nullable}


def neutral_point(point: Point) -> dict[SlotName, Any]:
    """Give facts of one version in the words that both have."""
    return {
        name: Member(type(value).__name__, value.name) if isinstance(value, Enum) else value
        for name, value in point.items()
    }


def own_point(point: Point, members: Mapping[SlotName, Mapping[str, Enum]]) -> dict[SlotName, Any]:
    """Give neutral facts in the values of one version."""
    return {name: members[name][value.name] if isinstance(value, Member) else value for name, value in point.items()}


def decide(side: Subject, members: Mapping[SlotName, Mapping[str, Enum]], point: Point) -> Any:
    """Run one version; a member that it does not know it cannot have allowed."""
    own = dict(point)
    for name, known in members.items():
        value = own.get(name)
        if isinstance(value, Member):
            if value.name not in known:
                return False if side.kind == "rule" else Done(refuses=f"{value.name} is not known")
            own[name] = known[value.name]
    return side.decide(own)


def _every(union: Union, constants: Constants) -> Iterator[Point] | None:
    """Give all facts there can be, when they are few and finite."""
    if not all(slot.kind in FINITE for slot in union.slots):
        return None
    choices = {slot.name: values_of(slot, {}, constants) for slot in union.slots}
    if math.prod(map(len, choices.values())) > ALL_FACTS_MAX:
        return None
    return (dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values()))


def _near(old: Subject, new: Subject, union: Union, constants: Constants) -> Iterator[Point]:
    anchors = [neutral_point(case.point) for side in (old, new) for case in side.cases][:ANCHORS_MAX] or [{}]
    for pairs in (False, True):
        for anchor in anchors:
            yield from nearby(anchor, union.slots, constants, pairs=pairs)


def _search(old: Subject, new: Subject, union: Union, points: Iterator[Point]) -> tuple[tuple[Witness, ...], int]:
    found: dict[str, Witness] = {}
    tried = 0
    for point in points:
        tried += 1
        direction = _direction(old, new, union, point)
        if direction and direction not in found:
            found[direction] = _witness(old, new, union, dict(point), direction)
            if len(found) > 1 or direction == "changed":
                break
    return tuple(found.values()), tried


def _direction(old: Subject, new: Subject, union: Union, point: Point) -> str:
    before, after = decide(old, union.old, point), decide(new, union.new, point)
    if before == after or UNKNOWN in (before, after):
        return ""
    if new.kind == "rule" and isinstance(before, bool) and isinstance(after, bool):
        return "widened" if after else "narrowed"
    if isinstance(before, Raised) and after is True:
        return "widened"
    return "narrowed" if before is True and isinstance(after, Raised) else "changed"


def _witness(old: Subject, new: Subject, union: Union, point: dict[SlotName, Any], direction: str) -> Witness:
    small = fewest(new, point, lambda fewer: _direction(old, new, union, fewer) == direction)
    before, after = decide(old, union.old, small), decide(new, union.new, small)
    return Witness(direction, facts_source(new, _own(small, new)), _words(before), _words(after))


def _own(point: Point, side: Subject) -> Point:
    names = {shape.name for shape in side.shapes}
    return {name: value for name, value in point.items() if name[0] in names}


def _words(outcome: Any) -> str:
    return {True: "allowed", False: "refused"}[outcome] if isinstance(outcome, bool) else str(outcome)
