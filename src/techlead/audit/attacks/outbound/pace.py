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
FINE: Final = 0.05
FINE_SECONDS: Final = 900.0
"""In the first quarter of an hour steps are at most this share of the time gone by: waits of a minute are seen to four seconds."""
RESERVE_SECONDS: Final = 2.0

Came = Callable[[], Sequence[Arrival]]


def until_quiet(
    site: Site,
    came: Came,
    *,
    quiet: float,
    real: float,
    enough: Callable[[Sequence[Arrival]], bool],
    fine: bool = False,
) -> bool:
    """Walk until nothing has come for `quiet` seconds of the target's time (True), or `enough`, or `real` seconds are over."""
    seen = came()
    began = last = site.clock.now()
    ends = time.monotonic() + real
    while time.monotonic() < ends and site.left() > RESERVE_SECONDS:
        if enough(seen):
            return False
        if site.clock.now() - last > quiet:
            return True
        _step(site, site.clock.now() - last, site.clock.now() - began, fine=fine)
        if len(came()) != len(seen):
            seen = _settled(came)
            last = site.clock.now()
    return False


def _step(site: Site, silence: float, gone: float, *, fine: bool) -> None:
    size = silence * GROWTH
    if fine and gone < FINE_SECONDS:
        size = min(size, gone * FINE)
    size = max(STEP_SECONDS_MIN, size)
    site.clock.walk(size, step=size, pause=PAUSE_SECONDS)


def _settled(came: Came) -> Sequence[Arrival]:
    """Wait, the clock standing still, until all that is under way has come."""
    now = came()
    for _ in range(SETTLES_MAX):
        time.sleep(SETTLED_SECONDS)
        before, now = now, came()
        if len(before) == len(now):
            break
    return now
