"""What techlead promises about speed, as a table: each figure against its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.measure import times
from bench.outcome import Outcome
from bench.prepare import CREATE, ONE
from bench.servers import FLOOR, OURS, POCKETBASE, SQLALCHEMY

AT_LEAST, AT_MOST = "at least", "at most"


@dataclass(frozen=True, slots=True)
class Target:
    """One promise; the figure is None where something it needs was not measured."""

    promise: str
    sense: str
    bound: float
    unit: str
    figure: Callable[[Outcome], float | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target with its figure."""

    target: Target
    figure: float | None

    @property
    def met(self) -> bool | None:
        """Answer whether the promise is kept; None where it was not measured."""
        if self.figure is None:
            return None
        return self.figure >= self.target.bound if self.target.sense == AT_LEAST else self.figure <= self.target.bound

    def sentence(self) -> str:
        """Answer the verdict as a line."""
        word = {True: "met", False: "MISSED", None: "not measured"}[self.met]
        target = self.target
        figure = "" if self.figure is None else f": {self.figure:.2f}{target.unit}"
        return f"{word:<13}{target.promise}{figure} ({target.sense} {target.bound:g}{target.unit})"


def _times(scenario: str, dividend: str, divisor: str) -> Callable[[Outcome], float | None]:
    def figure(outcome: Outcome) -> float | None:
        over, under = (outcome.load.get(name, {}).get(scenario) for name in (dividend, divisor))
        return times(over, under) if over and under else None

    return figure


def _start_seconds(outcome: Outcome) -> float | None:
    return outcome.start[OURS].slower_wall if OURS in outcome.start else None


TARGETS = (
    Target(f"signed-in GET, CPU of {SQLALCHEMY} over ours", AT_LEAST, 25, "x", _times(ONE, SQLALCHEMY, OURS)),
    Target(f"signed-in GET, CPU of {POCKETBASE} over ours", AT_LEAST, 6, "x", _times(ONE, POCKETBASE, OURS)),
    Target(f"signed-in GET, our CPU over that of the {FLOOR}", AT_MOST, 1.6, "x", _times(ONE, OURS, FLOOR)),
    Target(
        f"POST with idempotency and audit row, CPU of {SQLALCHEMY} over ours",
        AT_LEAST,
        20,
        "x",
        _times(CREATE, SQLALCHEMY, OURS),
    ),
    Target("start with 200 resources", AT_MOST, 1.5, " s", _start_seconds),
    Target("memory of the marketplace after load", AT_MOST, 90, " MB", lambda outcome: outcome.marketplace_megabytes),
)


def verdicts(outcome: Outcome) -> list[Verdict]:
    """Answer every target with its figure in this run."""
    return [Verdict(target, target.figure(outcome)) for target in TARGETS]
