"""The breaker of one destination: while most of what goes there fails, nothing goes there but one probe at a time.

It looks at shares, not at failures in a row alone: that turns a 40 % partial outage into a near-total one. A probe is
free for the message that makes it: else the tail of an outage is an hour long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from techlead.deliver.limits import Limits
from techlead.primitives.clock import SECOND_US

WINDOW_PARTS: Final = 12
MESSAGE_BYTES: Final = 8
"""How much of an id is kept to tell messages apart: its random end."""


class Phase(Enum):
    """What a destination is open to."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    DISABLED = "disabled"


class Event(Enum):
    """What changes a breaker's phase."""

    TRIPPED = "too large a share failed, or too many in a row"
    WAITED = "its time is over"
    PROBE_FAILED = "a probe failed"
    PROBED = "enough probes succeeded"
    OUTLIVED = "nothing succeeded for 120 h"
    RESUMED = "an operator resumed it"


TRANSITIONS: Final[Mapping[tuple[Phase, Event], Phase]] = {
    (Phase.CLOSED, Event.TRIPPED): Phase.OPEN,
    (Phase.OPEN, Event.WAITED): Phase.HALF_OPEN,
    (Phase.HALF_OPEN, Event.PROBE_FAILED): Phase.OPEN,
    (Phase.HALF_OPEN, Event.PROBED): Phase.CLOSED,
    (Phase.HALF_OPEN, Event.OUTLIVED): Phase.DISABLED,
    (Phase.CLOSED, Event.RESUMED): Phase.CLOSED,
    (Phase.OPEN, Event.RESUMED): Phase.CLOSED,
    (Phase.HALF_OPEN, Event.RESUMED): Phase.CLOSED,
    (Phase.DISABLED, Event.RESUMED): Phase.CLOSED,
}
"""Everything that can happen to a breaker; what is not here does not exist. The documentation is drawn from it."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is known of a destination's health; moments in microseconds, 0 for none."""

    phase: Phase = Phase.CLOSED
    window: tuple[tuple[int, int, int], ...] = ()
    """Parts of the window: when each began, its calls, and how many of them failed."""
    in_a_row: int = 0
    messages: tuple[bytes, ...] = ()
    """Which different messages failed in a row, up to as many as count."""
    failing_since: int = 0
    opened_at: int = 0
    """When this outage began: the first opening since it was closed."""
    open_until: int = 0
    openings: int = 0
    probing_until: int = 0
    """A probe is under way, until this moment at the latest."""
    probes_good: int = 0
    closed_at: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls within the window."""

    calls: int
    failed: int

    @property
    def failed_share(self) -> float:
        """Give the share that failed."""
        return self.failed / self.calls if self.calls else 0.0


def counts(breaker: Breaker, now: int, limits: Limits) -> Counts:
    """Count the calls of the last `breaker_window_seconds`; parts from the future (a clock set back) are forgotten."""
    since = now - round(limits.breaker_window_seconds * SECOND_US)
    parts = [part for part in breaker.window if since < part[0] <= now]
    return Counts(sum(part[1] for part in parts), sum(part[2] for part in parts))


def moved(breaker: Breaker, event: Event) -> Breaker:
    """Go where the table leads; KeyError would mean that the policy asked for what does not exist."""
    return replace(breaker, phase=TRANSITIONS[breaker.phase, event])


def awaited(breaker: Breaker, now: int, limits: Limits) -> Breaker:
    """Let an open breaker's time pass; a clock that was set back makes nobody wait longer than the longest opening."""
    if breaker.phase is not Phase.OPEN:
        return breaker
    longest = now + round(max(limits.breaker_open_seconds_max, limits.breaker_late_seconds) * SECOND_US)
    if now < breaker.open_until <= longest:
        return breaker
    return moved(replace(breaker, probing_until=0), Event.WAITED)


def probing(breaker: Breaker, until: int) -> Breaker:
    """Note that a probe is under way."""
    return replace(breaker, probing_until=until)


def unprobed(breaker: Breaker) -> Breaker:
    """Note that a probe ended without telling anything: it never reached the network."""
    return replace(breaker, probing_until=0)


def succeeded(breaker: Breaker, now: int, limits: Limits, *, probe: bool) -> Breaker:
    """Note that the destination took or answered something."""
    breaker = _noted(breaker, now, limits, failed=0)
    if breaker.phase is Phase.HALF_OPEN and probe:
        good = breaker.probes_good + 1
        breaker = replace(breaker, probes_good=good, probing_until=0, failing_since=0)
        return _closed(breaker, now, Event.PROBED) if good >= limits.breaker_probes_to_close else breaker
    return replace(breaker, in_a_row=0, messages=(), failing_since=0)


def failed(breaker: Breaker, now: int, limits: Limits, message: bytes, *, probe: bool) -> Breaker:
    """Note that the destination failed: a time-out, no connection, no TLS, 5xx."""
    breaker = _noted(breaker, now, limits, failed=1)
    since = breaker.failing_since or now
    known = breaker.messages
    if message[-MESSAGE_BYTES:] not in known and len(known) < limits.breaker_messages_min:
        known = (*known, message[-MESSAGE_BYTES:])
    breaker = replace(breaker, failing_since=since, in_a_row=breaker.in_a_row + 1, messages=known)
    if breaker.phase is Phase.HALF_OPEN and probe:
        if now - since >= limits.disabled_after_seconds * SECOND_US:
            return moved(replace(breaker, probing_until=0), Event.OUTLIVED)
        return _opened(breaker, now, limits, Event.PROBE_FAILED)
    if breaker.phase is Phase.CLOSED and _is_too_much(breaker, now, limits):
        return _opened(replace(breaker, opened_at=now, openings=0), now, limits, Event.TRIPPED)
    return breaker


def resumed(breaker: Breaker, now: int) -> Breaker:
    """Close it because an operator says so; the ramp follows, as after probes."""
    return _closed(replace(breaker, failing_since=0), now, Event.RESUMED)


def ramp(breaker: Breaker, now: int, limits: Limits) -> float:
    """Give the share of the rate that a destination gets back at this moment after its breaker closed."""
    past = (now - breaker.closed_at) / (limits.breaker_ramp_seconds * SECOND_US)
    if not breaker.closed_at or not 0 <= past < 1:
        return 1.0
    return limits.breaker_ramp_share + (1 - limits.breaker_ramp_share) * past


def _is_too_much(breaker: Breaker, now: int, limits: Limits) -> bool:
    seen = counts(breaker, now, limits)
    if seen.calls >= limits.breaker_calls_min:
        return seen.failed >= seen.calls * limits.breaker_failed_share + limits.breaker_failures_margin
    few = breaker.in_a_row >= limits.breaker_failures_in_a_row
    return few and len(breaker.messages) >= limits.breaker_messages_min


def _opened(breaker: Breaker, now: int, limits: Limits, event: Event) -> Breaker:
    doubled = limits.breaker_open_seconds * 2 ** min(breaker.openings, 32)
    seconds = min(doubled, limits.breaker_open_seconds_max)
    if now - breaker.opened_at >= limits.breaker_late_after_seconds * SECOND_US:
        seconds = limits.breaker_late_seconds
    until = now + round(seconds * SECOND_US)
    openings = breaker.openings + 1
    return moved(replace(breaker, open_until=until, openings=openings, probing_until=0, probes_good=0), event)


def _closed(breaker: Breaker, now: int, event: Event) -> Breaker:
    """Close with a clean sheet: what failed during the outage says nothing of what comes now."""
    fresh = Breaker(phase=breaker.phase, closed_at=now)
    return moved(fresh, event)


def _noted(breaker: Breaker, now: int, limits: Limits, *, failed: int) -> Breaker:
    part_us = max(1, round(limits.breaker_window_seconds * SECOND_US) // WINDOW_PARTS)
    began = now - now % part_us
    parts = breaker.window
    if parts and parts[-1][0] == began:
        last = (began, parts[-1][1] + 1, parts[-1][2] + failed)
        return replace(breaker, window=(*parts[:-1], last))
    since = now - part_us * WINDOW_PARTS
    kept = tuple(part for part in parts if since < part[0] < began)
    return replace(breaker, window=(*kept, (began, 1, failed)))
