"""Whether a rule or an action is pinned: its examples hold, and each mutant of it is told apart by one of them.

What survives comes with the example that is missing, written to be pasted. A mutant that no facts near the examples
tell apart is not held against the rule; when a condition was dropped in it, the condition is reported as dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from techlead.declare.facts import Example
from techlead.derive.plan import Plan
from techlead.intent.difference import Proof, Prover, own_point, union_of
from techlead.intent.examples import check_examples
from techlead.intent.mutants import Mutant, code_of, mutants_of
from techlead.intent.nearby import Constants, constants_of, nearby
from techlead.intent.subject import UNKNOWN, Case, Point, Raised, Subject
from techlead.intent.subjects import subjects_of
from techlead.intent.written import case_source, fewest

ANCHORS_MAX: Final = 12
"""Examples around which missing ones are looked for."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not hold."""

    example: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that every example lets pass, with the example that would not."""

    line: int
    words: str
    listed: str
    """`allows`, `refuses` or `examples`: the list that the example is missing from."""
    example: str


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is known of one rule or action."""

    title: str
    file: str
    line: int
    examples: int
    mutants: int
    failures: tuple[Failure, ...]
    survivors: tuple[Survivor, ...]
    dead: tuple[str, ...]
    """Conditions that no facts near the examples need."""
    unseen: int
    """Mutants, other than dropped conditions, that no facts near the examples tell apart."""
    milliseconds: float = field(compare=False)

    @property
    def holds(self) -> bool:
        """Whether every example holds and no mutant survives."""
        return not self.failures and not self.survivors


def check_plan(plan: Plan, prover: Prover | None = None) -> tuple[Pinned, ...]:
    """Check every rule and action of a Plan; a prover is asked about what no search tells apart."""
    failed: dict[str, list[Failure]] = {}
    for one in check_examples(plan):
        if not one.passed:
            failed.setdefault(f"rule {one.rule}", []).append(Failure(f"{one.listed} {one.example}", one.reason))
    return tuple(check_subject(subject, tuple(failed.get(subject.title, ())), prover) for subject in subjects_of(plan))


def check_subject(subject: Subject, failures: tuple[Failure, ...] = (), prover: Prover | None = None) -> Pinned:
    """Check one rule or action; `failures` are known already, of a rule whose examples were run."""
    begun = time.perf_counter()
    failures = failures or tuple(failure for case in subject.cases if (failure := _failure(subject, case)))
    mutants = [] if failures else list(mutants_of(subject.code))
    alive = [one for one in mutants if not _killed(subject, one, subject.cases)]
    survivors, dead, unseen = _explained(subject, alive, prover)
    origin = subject.origin
    place = (origin.file, origin.line) if origin is not None else ("", 0)
    spent = (time.perf_counter() - begun) * 1_000
    return Pinned(subject.title, *place, len(subject.cases), len(mutants), failures, survivors, dead, unseen, spent)


def _failure(subject: Subject, case: Case) -> Failure | None:
    found = subject.decide(case.point)
    if found == case.expected:
        return None
    if isinstance(found, Raised):
        return Failure(str(case.example), f"it {found}")
    return Failure(str(case.example), f"it does: {found}; the example says: {case.expected}")


def _killed(subject: Subject, mutant: Mutant, cases: tuple[Case, ...] | list[Case]) -> bool:
    function = mutant.function(subject.code)
    return any(_tells(subject, function, case.point, case.expected) for case in cases)


def _tells(subject: Subject, function: Callable[..., Any], point: Point, expected: Any) -> bool:
    found = subject.decide(point, function)
    return found not in (expected, UNKNOWN)


def _explained(
    subject: Subject, alive: list[Mutant], prover: Prover | None
) -> tuple[tuple[Survivor, ...], tuple[str, ...], int]:
    constants = constants_of([subject.code]) if alive else None
    survivors: list[Survivor] = []
    more: list[tuple[Case, str, str]] = []
    dead, unseen = [], 0
    for mutant in alive:
        known = next((one for one in more if _killed(subject, mutant, [one[0]])), None)
        assert constants is not None  # noqa: S101 - there is something alive
        known = known or _missing(subject, mutant, constants)
        proof = Proof() if known is not None or prover is None else _proved(subject, mutant, prover)
        if known is None and proof.point is not None:
            known = _case(subject, mutant, proof.point)
        if known is None:
            unseen += not mutant.dropped and not proof.equal
            how = ", proved with z3" if proof.equal else ""
            dead += [f"line {mutant.line}: {mutant.words}{how}"] if mutant.dropped else []
            continue
        more.append(known)
        survivors.append(Survivor(mutant.line, mutant.words, known[1], known[2]))
    return tuple(survivors), tuple(dead), unseen


def _missing(subject: Subject, mutant: Mutant, constants: Constants) -> tuple[Case, str, str] | None:
    """Find the facts nearest to an example that tell the mutant apart, and write them."""
    point = nearest(subject, constants, _telling(subject, mutant))
    return None if point is None else _case(subject, mutant, point)


def _telling(subject: Subject, mutant: Mutant) -> Callable[[Point], bool]:
    function = mutant.function(subject.code)

    def tells(point: Point) -> bool:
        wanted = subject.decide(point)
        return not isinstance(wanted, Raised) and _tells(subject, function, point, wanted)

    return tells


def _proved(subject: Subject, mutant: Mutant, prover: Prover) -> Proof:
    """Ask the prover whether any facts tell a mutant apart; its facts come back in the subject's own values."""
    code = code_of(subject.code, mutant)
    other = replace(subject, code=code, function=code.function())
    union = union_of(subject, other)
    proof = prover(subject, other, union)
    return proof if proof.point is None else Proof(point=own_point(proof.point, union.old))


def _case(subject: Subject, mutant: Mutant, point: Point) -> tuple[Case, str, str] | None:
    tells = _telling(subject, mutant)
    if not tells(point):
        return None
    small = fewest(subject, dict(point), tells)
    wanted = subject.decide(small)
    listed, source = case_source(subject, small, wanted)
    return Case(small, wanted, Example(())), listed, source


def nearest(
    subject: Subject, constants: Constants, tells: Callable[[Point], bool]
) -> dict[tuple[str, str], Any] | None:
    """Search around each example in turn, the nearest facts of all first."""
    anchors = [case.point for case in subject.cases[:ANCHORS_MAX]] or [{}]
    for pairs in (False, True):
        for anchor in anchors:
            for point in nearby(anchor, subject.slots, constants, pairs=pairs):
                if tells(point):
                    return point
    return None
