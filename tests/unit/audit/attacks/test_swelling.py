"""Texts that grow: which time tells of a pattern that backtracks, and how few tries it takes to know."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from techlead.audit.attacks.limits.swelling import LENGTHS, LONG_SECONDS, LOOKS, Climb, climbed, longer, swells

PATIENCE = 4.0
"""The client hangs up then, and that is all that is known."""


def doubling(base: float) -> Callable[[int], float]:
    return lambda pieces: min(PATIENCE, 1e-7 * base ** min(pieces, 400))


def power(exponent: float, unit: float) -> Callable[[int], float]:
    return lambda pieces: min(PATIENCE, unit * pieces**exponent)


def at_once(pieces: int) -> float:
    return 0.002


def after(timed: Callable[[int], float], first: int, tried: list[int] | None = None) -> Climb:
    def one(pieces: int) -> float:
        if tried is not None:
            tried.append(pieces)
        return timed(pieces)

    return climbed(one, at_once, first)


@pytest.mark.parametrize("base", [1.9, 2.0, 2.1, 3.0])
def test_a_time_that_multiplies_with_each_letter_swells(base: float) -> None:
    climb = after(doubling(base), LOOKS[0])
    assert swells(climb)
    assert climb.seconds[climb.top] >= LONG_SECONDS


@pytest.mark.parametrize("base", [1.05, 1.2, 1.4])
def test_one_that_grows_more_slowly_is_seen_at_the_second_look(base: float) -> None:
    tried: list[int] = []
    climb = after(doubling(base), LOOKS[1], tried)
    assert swells(climb)
    assert sum(doubling(base)(pieces) >= PATIENCE for pieces in tried) <= 5


def test_a_cubic_one_swells() -> None:
    assert swells(after(power(3, 1e-9), LOOKS[1]))


@pytest.mark.parametrize(
    ("exponent", "unit"),
    [(1, 1e-5), (1, 1e-3), (2, 1e-8), (0, 1.5), (0, 3.0)],
    ids=["quick", "slow and in proportion", "quadratic", "always slow", "always very slow"],
)
def test_work_in_proportion_to_the_text_or_whatever_it_is_does_not(exponent: float, unit: float) -> None:
    for first in LOOKS:
        assert not swells(after(power(exponent, unit), first))


def test_what_is_as_slow_with_a_harmless_text_does_not() -> None:
    assert not swells(climbed(doubling(2), doubling(2), LOOKS[0]))


def test_a_cold_look_costs_one_request() -> None:
    tried: list[int] = []
    after(at_once, LOOKS[0], tried)
    assert tried == [LOOKS[0]]


def test_the_next_length_is_longer_and_the_last_has_none() -> None:
    assert longer(LOOKS[0]) > LOOKS[0]
    assert longer(LENGTHS[-1]) == LENGTHS[-1]


def test_one_length_alone_says_nothing_of_growth() -> None:
    assert Climb({22: 3.0}).exponent == 0.0
