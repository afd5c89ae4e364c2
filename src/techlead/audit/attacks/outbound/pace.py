"""Letting the target's time go by: in small steps while something may come, in growing ones through silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from techlead.audit.attacks.attack import Site
from techlead.audit.world.arrival import Arrival

PAUSE_SECONDS: Final = 0.04
SETTLED_SECONDS: Final = 0.03
SETTLES_MAX: Final = 10
STEP_SECONDS_MIN: Final = 1.0
GROWTH: Final = 0.25
"""Through silence each step is a quarter of the silence so far: a week takes some fifty steps."""
FINE: Final = 0.03
"""Around the time when the next try is due, steps are this share of the wait before it."""
DUE_FROM, DUE_UNTIL = 0.55, 2.4
RESERVE_SECONDS: Final = 2.0

Came = Callable[[], Sequence[Arrival]]


def until_quiet(
    site: Site,
    came: Came,
    *,
    quiet: float,
    real: float,
    enough: Callable[[Sequence[Arrival]], bool],
    fine_rounds: int = 0,
) -> bool:
    """Walk until nothing has come for `quiet` seconds of the target's time (True), or `enough`, or `real` seconds are over.

    For the first `fine_rounds` waits the steps stay small around the moment when a wait like the last one, or twice it, ends.
    """
    pace = _Pace(site, came, fine_rounds)
    ends = time.monotonic() + real
    while time.monotonic() < ends and site.left() > RESERVE_SECONDS:
        if enough(pace.seen):
            return False
        if pace.silence > quiet:
            return True
        pace.step()
    return False


class _Pace:
    """How far we have walked, and how long nothing has come."""

    def __init__(self, site: Site, came: Came, fine_rounds: int) -> None:
        self._site = site
        self._came = came
        self._fine_rounds = fine_rounds
        self._waits: list[float] = []
        self.seen: Sequence[Arrival] = came()
        self._last = site.clock.now()

    @property
    def silence(self) -> float:
        return self._site.clock.now() - self._last

    def step(self) -> None:
        self._site.clock.walk(size := self._size(), step=size, pause=PAUSE_SECONDS)
        now = self._came()
        if len(now) == len(self.seen):
            return
        for _ in range(SETTLES_MAX):
            time.sleep(SETTLED_SECONDS)
            if len(now) == len(now := self._came()):
                break
        if self.silence > STEP_SECONDS_MIN * 2:
            self._waits.append(self.silence)
        self.seen = now
        self._last = self._site.clock.now()

    def _size(self) -> float:
        grown = max(STEP_SECONDS_MIN, self.silence * GROWTH)
        if not self._waits or len(self._waits) > self._fine_rounds:
            return grown
        wait = self._waits[-1]
        if DUE_FROM * wait <= self.silence <= DUE_UNTIL * wait:
            return max(STEP_SECONDS_MIN, wait * FINE)
        return (
            min(grown, max(STEP_SECONDS_MIN, DUE_FROM * wait - self.silence))
            if self.silence < DUE_FROM * wait
            else grown
        )
