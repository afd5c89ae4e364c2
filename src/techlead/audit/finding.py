"""What an audit says: holes that were shown, questions it cannot decide, and what could not be tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """How bad the consequence is, not how easy the attack: worst is greatest."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as a reproducer replays it; `actor` is an identity's name, never a token."""

    method: str
    path: str
    actor: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    status: int | None = None
    answer: str = ""
    """The beginning of the answer's body, with the values of secret fields left out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One hole, shown twice from a fresh state; one cause in twenty routes is one finding with twenty places."""

    kind: str
    """A kind of `audit.kinds.KINDS`, such as `outbound.head-of-line`."""
    operation: str
    """Where it was shown first: `POST /wallet/topup`, or a component such as `worker: e-mail`."""
    severity: Severity
    claim: str
    """One sentence: what the backend lets happen."""
    places: tuple[str, ...] = ()
    """Every operation with the same cause, `operation` included."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What was seen: numbers, lines of the log, rows; plain JSON values."""
    steps: tuple[Exchange, ...] = ()
    """The requests that show it, in order."""
    reproducer: str = ""
    """A Python program (httpx alone where possible) that exits 1 while the hole is there and 0 once it is closed."""

    @property
    def id(self) -> str:
        """Name the finding the same in each run: kind and place."""
        return f"{self.kind}@{self.operation}"


@dataclass(frozen=True, slots=True)
class Question:
    """An assumption that only a person can settle; a kept answer becomes a check."""

    about: str
    """The operation, such as `GET /orders/{id}`."""
    kind: str
    """What a "no, that is wrong" would make of it."""
    question: str
    answers: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name the question the same in each run."""
        return f"{self.kind}@{self.about}"


@dataclass(frozen=True, slots=True)
class NotTested:
    """A kind that was not tried on this target, and why; what would make it possible comes with it."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader of the source or the headers may want to know; never part of the score."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Spent:
    """One stretch of the audit's time: a start, an exploration, or one attack on one instance."""

    what: str
    """`start`, `explore`, `settle`, an attack's name, or that with `, once more`."""
    began: float
    """Seconds after the audit began."""
    seconds: float
    found: int = 0
    """Sightings that came of it; not yet findings."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one audit: worst first, in a stable order."""

    target: str
    seconds: float
    requests: int
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
    not_tested: tuple[NotTested, ...] = ()
    notes: tuple[Note, ...] = ()
    inferred: Mapping[str, Any] = field(default_factory=dict)
    """What was guessed about the target: sign-up, log-in, operations, fields; as it stands in `techlead-audit.toml`."""
    timeline: tuple[Spent, ...] = ()
    """Where the seconds went, in the order of their beginning; lanes run side by side, so that they may overlap."""
