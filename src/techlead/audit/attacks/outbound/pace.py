"""Letting the target's time go by: in small steps while something may come, in growing ones through silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from techlead.audit.attacks.attack import Site
from techlead.audit.target.exchange import Request
from techlead.audit.world.arrival import Arrival

PAUSE_SECONDS: Final = 0.035
PAUSE_SECONDS_MAX: Final = 0.4
PULSE_EVERY_SECONDS: Final = 0.3
PULSES: Final = 2.0
"""A pause is at least so many times what a request takes now: on a busy machine the target wakes up later."""
LAST_PAUSES: Final = 8.0
"""At the end of a walk the clock stands still for so many pauses: who had been woken up may still be at work."""
DRIPS_A_STEP: Final = 3
DRIP_WAIT_SECONDS: Final = 2.0
SETTLED_PAUSES: Final = 2.0
SETTLES_MAX: Final = 25
STEP_REAL_SECONDS: Final = 0.045
STEP_SECONDS_MIN: Final = 1.0
GROWTH: Final = 0.4
"""Through silence each step is so much of the silence so far: a day takes some thirty steps."""
FINE: Final = 0.05
FINE_SECONDS: Final = 900.0
"""In the first quarter of an hour steps are at most this share of the time gone by: waits of a minute are seen to four seconds."""
COARSE: Final = 0.02
"""Later they are at least this share: messages that are tried again after half an hour, each at its own moment, are not stalked one by one."""
RESERVE_SECONDS: Final = 2.0

Came = Callable[[], Sequence[Arrival]]


class Pace:
    """Moves the clock of one instance no faster than its processes, as far as can be felt from outside, can follow."""

    def __init__(self, site: Site) -> None:
        """Feel the pulse at the first step."""
        self._site = site
        self._felt = 0.0
        self._pause = PAUSE_SECONDS

    def step(self, seconds: float) -> None:
        """One jump, and time to notice it."""
        if time.monotonic() - self._felt > PULSE_EVERY_SECONDS:
            self._feel()
        self._site.clock.walk(seconds, step=seconds, pause=self._pause)

    def walk(self, seconds: float, step: float = STEP_SECONDS_MIN, until: Callable[[], bool] | None = None) -> bool:
        """Jump in steps until `until()` holds (True) or the way is walked (False)."""
        ends = self._site.clock.now() + seconds
        while (left := ends - self._site.clock.now()) > 0 and self._site.left() > RESERVE_SECONDS:
            if until is not None and until():
                return True
            self.step(min(step, left))
        return until is not None and self._site.world.ledger.wait(until, LAST_PAUSES * self._pause)

    def walk_beside_drips(self, seconds: float, until: Callable[[], bool]) -> bool:
        """As `walk`, with time for some bytes to drip in each step: no read may time out for our haste."""
        ledger = self._site.world.ledger
        ends = self._site.clock.now() + seconds
        while self._site.clock.now() < ends and self._site.left() > RESERVE_SECONDS and not until():
            enough = ledger.drips + DRIPS_A_STEP
            self.step(2 * STEP_SECONDS_MIN)
            ledger.wait(lambda enough=enough: ledger.drips >= enough or until(), DRIP_WAIT_SECONDS)
        return until()

    def settled(self, came: Came) -> Sequence[Arrival]:
        """Wait, the clock standing still, until all that is under way has come: a worker sends one after the other."""
        now = came()
        for _ in range(SETTLES_MAX):
            time.sleep(SETTLED_PAUSES * self._pause)
            before, now = now, came()
            if len(before) == len(now):
                break
        return now

    def _feel(self) -> None:
        began = time.monotonic()
        self._site.send(Request("GET", "/audit-pulse"), seconds=PAUSE_SECONDS_MAX)
        self._felt = time.monotonic()
        self._pause = min(PAUSE_SECONDS_MAX, max(PAUSE_SECONDS, PULSES * (self._felt - began)))


def walk(site: Site, seconds: float, step: float = STEP_SECONDS_MIN, until: Callable[[], bool] | None = None) -> bool:
    """Let so many seconds go by for the target, until `until()` holds (True) or they are over (False)."""
    return Pace(site).walk(seconds, step, until)


def until_silent(site: Site, seconds: float, since: int | None = None) -> None:
    """Let come what was caused (since a mark in the book), until nothing more does for so many seconds of the target's time."""
    ledger = site.world.ledger
    known = [ledger.mark() if since is None else since]
    while len(known) < SETTLES_MAX and walk(site, seconds, until=lambda: ledger.mark() > known[-1]):
        known.append(ledger.mark())


def until_quiet(
    site: Site,
    came: Came,
    *,
    quiet: float,
    real: float,
    enough: Callable[[Sequence[Arrival]], bool],
    fine: bool = False,
) -> bool:
    """Walk until nothing has come for `quiet` seconds of the target's time (True), or it is `enough`, or for too long (False).

    `real` seconds are those of a quiet machine: it is the steps that are counted, and a busy one takes longer over each.
    """
    pace = Pace(site)
    seen = came()
    began = last = site.clock.now()
    for _ in range(int(real / STEP_REAL_SECONDS)):
        if site.left() < RESERVE_SECONDS:
            break
        if enough(seen):
            return False
        if site.clock.now() - last > quiet:
            return True
        pace.step(_size(site.clock.now() - last, site.clock.now() - began, fine=fine))
        if len(came()) != len(seen):
            seen = pace.settled(came)
            last = site.clock.now()
    return False


def _size(silence: float, gone: float, *, fine: bool) -> float:
    size = silence * GROWTH
    if fine and gone < FINE_SECONDS:
        size = min(size, gone * FINE)
    return max(STEP_SECONDS_MIN if gone < FINE_SECONDS else gone * COARSE, size)
