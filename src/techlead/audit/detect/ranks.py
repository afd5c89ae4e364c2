"""Tell whether one way is slower than another: Mann and Whitney's rank-sum test, and a difference that a network lets through."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import median

CHANCE_MAX = 0.001
SECONDS_MIN = 0.01
RATIO_MIN = 1.5


def chance(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the probability of ranks so far apart when both come from one distribution (normal approximation, two-sided)."""
    pooled = sorted((value, index < len(first)) for index, value in enumerate((*first, *second)))
    rank_sum = sum(_rank(pooled, index) for index, (_, mine) in enumerate(pooled) if mine)
    count, other = len(first), len(second)
    if not count or not other:
        return 1.0
    statistic = rank_sum - count * (count + 1) / 2
    spread = sqrt(count * other * (count + other + 1) / 12)
    return erfc(abs(statistic - count * other / 2) / spread / sqrt(2))


def _rank(pooled: Sequence[tuple[float, bool]], index: int) -> float:
    """Give the rank of one value, the mean of theirs where several are equal."""
    value = pooled[index][0]
    low = next(place for place, (other, _) in enumerate(pooled) if other == value)
    high = next(place for place in range(len(pooled) - 1, -1, -1) if pooled[place][0] == value)
    return (low + high) / 2 + 1


def apart(slow: Sequence[float], fast: Sequence[float]) -> bool:
    """Tell whether the first is slower: not by chance, by a ratio, and by seconds that can be measured from far away."""
    if not slow or not fast:
        return False
    difference = median(slow) - median(fast)
    far = difference > SECONDS_MIN and median(slow) > RATIO_MIN * median(fast)
    return far and chance(slow, fast) < CHANCE_MAX
