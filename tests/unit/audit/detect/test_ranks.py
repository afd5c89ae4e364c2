"""Slower means slower for certain: chance, small differences and noise do not count."""

from __future__ import annotations

from random import Random

import pytest

from techlead.audit.detect.ranks import apart, chance

ROUNDS = 200


def noisy(random: Random, seconds: float, count: int = 9) -> list[float]:
    return [seconds * random.uniform(0.9, 1.6) for _ in range(count)]


def test_a_hash_that_is_left_out_shows() -> None:
    random = Random(7)
    assert apart(noisy(random, 0.25), noisy(random, 0.02))
    assert not apart(noisy(random, 0.02), noisy(random, 0.25))


def test_equal_work_is_hardly_ever_told_apart() -> None:
    random = Random(11)
    assert sum(apart(noisy(random, 0.25), noisy(random, 0.25)) for _ in range(ROUNDS)) == 0


def test_microseconds_do_not_count() -> None:
    random = Random(13)
    assert not apart(noisy(random, 0.004), noisy(random, 0.001))


def test_nothing_measured_is_no_difference() -> None:
    assert not apart([], [1.0])
    assert chance([], [1.0]) == 1.0


def test_the_chance_is_that_of_the_textbook() -> None:
    assert chance([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(0.009, abs=0.001)
    assert chance([1, 1, 1], [1, 1, 1]) == pytest.approx(1.0)
