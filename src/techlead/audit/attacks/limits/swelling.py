"""Texts that grow, as a table, and how long a request takes with each: a pattern that backtracks takes far longer than its text. No attack itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from techlead.audit.target.operation import Field, Meaning

LENGTHS: Final = (
    12, 15, 18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 32, 34, 37, 40, 50, 60, 80, 120, 180, 250, 350, 500, 700, 1_000, 1_400, 2_000, 2_800, 4_000,
)  # fmt: skip
"""How often a piece is repeated; where time doubles with each, one step more must not take for ever."""
LOOKS: Final = (22, 1_000)
"""Where to look first: there exponential patterns, and there cubic ones, take a tenth of a second or more.

What needs more than the last of the lengths, as quadratic patterns do, is stopped by any limit of bodies: that is another kind.
"""
LOW_STEPS: Final = 2
HOT_SECONDS: Final = 0.1
HOT_TIMES: Final = 5.0
LONG_SECONDS: Final = 1.8
STALL_SECONDS: Final = 1.2
STALL_TIMES: Final = 10.0
EXPONENT_MIN: Final = 1.5
"""How fast time grows with length: 1 is proportional, 2 is a quadratic pattern, an exponential one has 5 and more here."""


@dataclass(frozen=True, slots=True)
class Swelling:
    """A text of one repeated piece, with an end on which patterns fail only after they have tried everything."""

    name: str
    piece: str
    begin: str = ""
    end: str = "!"

    def of(self, length: int) -> str:
        """Give it with so many pieces."""
        return f"{self.begin}{self.piece * length}{self.end}"


def benign(length: int) -> str:
    """Give a text of the same length on which patterns fail at once."""
    return "!" * length


LETTERS: Final = Swelling("letters", "a")
DIGITS: Final = Swelling("digits", "1")
SPACES: Final = Swelling("spaces", " ", begin="x", end="x")
GENERAL: Final = (LETTERS, SPACES, Swelling("dashes", "a-"), Swelling("commas", "1,"))
SHAPED: Final[Mapping[Meaning, tuple[Swelling, ...]]] = {
    Meaning.EMAIL: (
        LETTERS,
        Swelling("letters after the @", "a", begin="a@"),
        Swelling("dots after the @", "a.", begin="a@"),
    ),
    Meaning.URL: (
        LETTERS,
        Swelling("letters after https://", "a", begin="https://"),
        Swelling("dots after https://", "a.", begin="https://", end=" "),
    ),
    Meaning.PHONE: (DIGITS, Swelling("digits apart", "1 ")),
    Meaning.IBAN: (LETTERS, DIGITS),
    Meaning.USERNAME: (LETTERS, Swelling("dashes", "a-")),
}
"""What fields with a form of their own are looked at with; all others get the general ones."""


def swellings(one: Field) -> tuple[Swelling, ...]:
    """Give the texts that fit a field."""
    return SHAPED.get(one.meaning, GENERAL)


@dataclass(slots=True)
class Climb:
    """How long a request took with one growing text, by the number of pieces; `calm` is a harmless text of the longest one's length."""

    seconds: dict[int, float] = field(default_factory=dict)
    calm: float = 0.0

    @property
    def top(self) -> int:
        """The shortest that took long, or the longest that was tried."""
        return min((n for n, took in self.seconds.items() if took >= LONG_SECONDS), default=max(self.seconds))

    @property
    def low(self) -> int:
        """The shortest that was tried."""
        return min(self.seconds)

    @property
    def exponent(self) -> float:
        """Give how fast time grows between the shortest and the top: 1 is proportional to the length."""
        if self.top == self.low:
            return 0.0
        more = max(self.seconds[self.top], 1e-4) / max(self.seconds[self.low], 1e-4)
        return math.log(more) / math.log(self.top / self.low)


def hot(seconds: float, calm: float) -> bool:
    """Tell whether a first look is worth a second one."""
    return seconds > HOT_SECONDS and seconds > HOT_TIMES * calm


def swells(climb: Climb) -> bool:
    """Tell whether one text keeps the server for seconds, a harmless one of its length does not, and the time outgrows the length."""
    took = climb.seconds[climb.top]
    return took > STALL_SECONDS and took > STALL_TIMES * climb.calm and climb.exponent >= EXPONENT_MIN


def longer(pieces: int) -> int:
    """Give the next of the lengths."""
    return LENGTHS[min(LENGTHS.index(pieces) + 1, len(LENGTHS) - 1)]


def climbed(timed: Callable[[int], float], calmly: Callable[[int], float], first: int) -> Climb:
    """Look at one length; where that is hot, go on to the length that takes long, and to one well below it.

    `timed` and `calmly` send a text of so many pieces, hostile and harmless, and give its seconds.
    """
    climb = Climb({first: timed(first)})
    if climb.seconds[first] <= HOT_SECONDS:
        return climb
    climb.calm = calmly(first)
    if not hot(climb.seconds[first], climb.calm):
        return climb
    quick, at = -1, LENGTHS.index(first)
    while climb.seconds[LENGTHS[at]] < LONG_SECONDS and at + 1 < len(LENGTHS):
        quick, at = at, at + 1
        climb.seconds[LENGTHS[at]] = timed(LENGTHS[at])
    while at - quick > 1:  # it took too long: halve the way to what is quick, because each try may take that long again
        middle = (quick + at) // 2
        climb.seconds[LENGTHS[middle]] = timed(LENGTHS[middle])
        quick, at = (middle, at) if climb.seconds[LENGTHS[middle]] < LONG_SECONDS else (quick, middle)
    below = LENGTHS[max(0, LENGTHS.index(climb.top) - LOW_STEPS)]
    if below not in climb.seconds:
        climb.seconds[below] = timed(below)
    climb.calm = calmly(climb.top)
    return climb
