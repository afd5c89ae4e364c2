"""The lane of one destination: what may go there now, and what each answer teaches.

Pure: a lane and a moment go in, a lane comes out. It is kept in the database beside the messages, so that a restart
forgets nothing, and it is the same for every engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from techlead.deliver import breaker as breakers
from techlead.deliver.breaker import Breaker, Phase
from techlead.deliver.bucket import Bucket
from techlead.deliver.limits import Limits
from techlead.deliver.port import COUNTED, Dead, Delivered, Fault, Outcome, Paused, Retry
from techlead.primitives.clock import SECOND_US

UNSENT: Final = frozenset({Fault.GUARDED, Fault.UNSENDABLE, Fault.WITHDRAWN, Fault.FAILED})
"""Faults from before the destination was asked: they tell nothing of it."""
FAR_US: Final = 3_600 * SECOND_US
"""When a lane that is open to nothing is looked at again, should nobody say anything before."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What is known of one destination."""

    breaker: Breaker = field(default_factory=Breaker)
    rate: Bucket = field(default_factory=Bucket)
    budget: Bucket = field(default_factory=Bucket)
    mended: int = 0
    """Retries that were delivered since the last failure."""
    paused_until: int = 0
    slow_share: float = 1.0
    slowed_at: int = 0
    ailing: bool = False
    """So much has failed that messages wait for its sake; until it mends."""


@dataclass(frozen=True, slots=True)
class Admission:
    """How many tries a lane takes now, how many of them may be retries, and when to look again when it takes none."""

    lane: Lane
    tries: int
    retries: int
    probe: bool
    until: int
    reason: str


def admit(lane: Lane, now: int, limits: Limits, room: int) -> Admission:
    """Decide what may start now, if `room` more tries may be under way."""
    breaker = breakers.awaited(lane.breaker, now, limits)
    per_second = rate_of(lane, now, limits)
    rate = lane.rate.filled(now, per_second, brim_of(per_second, limits))
    lane = replace(_saved(lane, now, limits), breaker=breaker, rate=rate)
    closed_to = _closed_to(lane, now, limits, room)
    if closed_to is not None:
        return Admission(lane, 0, 0, probe=False, until=closed_to[0], reason=closed_to[1])
    if breaker.phase is Phase.HALF_OPEN:
        return Admission(lane, 1, 1, probe=True, until=0, reason="")
    tries = min(room, int(rate.tokens))
    retries = min(tries, int(lane.budget.tokens)) if budget_binds(lane, now, limits) else tries
    reason, until = ("retry budget", lane.budget.whole_at(retries_of(lane, limits))) if not retries else ("", 0)
    return Admission(lane, tries, retries, probe=False, until=until, reason=reason)


def _closed_to(lane: Lane, now: int, limits: Limits, room: int) -> tuple[int, str] | None:
    """Say until when nothing may start, and why; None when something may."""
    breaker = lane.breaker
    longest = now + round(limits.retry_after_seconds_max * SECOND_US)
    is_paused = now < lane.paused_until <= longest  # later than that: the clock was set back
    found = (
        (breaker.phase is Phase.DISABLED, now + FAR_US, "disabled"),
        (breaker.phase is Phase.OPEN, breaker.open_until, "breaker open"),
        (is_paused, lane.paused_until, "paused (429)"),
        (breaker.phase is Phase.HALF_OPEN and now < breaker.probing_until, breaker.probing_until, "probe under way"),
        (room <= 0, now + FAR_US, "slots"),
        (lane.rate.tokens < 1, lane.rate.whole_at(rate_of(lane, now, limits)), "rate"),
    )
    return next(((until, reason) for holds, until, reason in found if holds), None)


def started(lane: Lane, now: int, limits: Limits, *, fresh: int, retried: int, probe: bool) -> Lane:
    """Take what these tries cost: a token of the rate each, of the budget each retry while it binds."""
    per_second = rate_of(lane, now, limits)
    rate = lane.rate.with_more(-(fresh + retried), brim_of(per_second, limits))
    if probe:
        until = now + round((limits.attempt_seconds_max * 2) * SECOND_US)
        return replace(lane, rate=rate, breaker=breakers.probing(lane.breaker, until))
    earned = fresh * limits.budget_share
    cost = retried if budget_binds(lane, now, limits) else 0
    return replace(lane, rate=rate, budget=lane.budget.with_more(earned - cost, limits.budget_retries_max))


def settle(
    lane: Lane, now: int, limits: Limits, outcome: Outcome, message: bytes, *, probe: bool, retried: bool = False
) -> Lane:
    """Learn from how a try ended."""
    fault = outcome.fault if isinstance(outcome, Retry | Dead) else None
    if fault in UNSENT:
        return replace(lane, breaker=breakers.unprobed(lane.breaker)) if probe else lane
    if fault in COUNTED:
        lane = replace(_saved(lane, now, limits), mended=0) if lane.mended else lane
        lane = replace(lane, breaker=breakers.failed(lane.breaker, now, limits, message, probe=probe))
        return replace(lane, ailing=lane.ailing or _ails(lane, now, limits))
    if retried and isinstance(outcome, Delivered):
        lane = replace(_saved(lane, now, limits), mended=lane.mended + 1)
    lane = replace(lane, breaker=breakers.succeeded(lane.breaker, now, limits, probe=probe))
    return _slowed(lane, now, limits, outcome) if isinstance(outcome, Paused) else lane


def resume(lane: Lane, now: int) -> Lane:
    """Forget what stands against a destination, because an operator says so; it gets its rate back by and by."""
    return Lane(breaker=breakers.resumed(lane.breaker, now))


def rate_of(lane: Lane, now: int, limits: Limits) -> float:
    """Give the tries per second that the destination gets now: after 429 and after an outage less than its limit."""
    calm = max(0, now - lane.slowed_at) // round(limits.slow_seconds * SECOND_US)
    share = min(1.0, lane.slow_share * 2.0 ** min(calm, 64))
    return limits.rate_per_second * share * breakers.ramp(lane.breaker, now, limits)


def brim_of(per_second: float, limits: Limits) -> float:
    """Give how many tries may start at once after a quiet time."""
    return max(1.0, per_second * limits.burst_seconds)


def budget_binds(lane: Lane, now: int, limits: Limits) -> bool:
    """Tell whether retries are rationed: only while enough fails, or a backlog would starve."""
    seen = breakers.counts(lane.breaker, now, limits)
    return seen.calls > 0 and seen.failed_share >= limits.budget_failed_share


def retries_of(lane: Lane, limits: Limits) -> float:
    """Give the retries per second that a destination earns: twice as many with each that arrives, after a failure few again.

    The window forgets slowly, and alone would ration retries for a minute after all is well. What new messages bring is not
    counted: where many are sent and most arrive, there is always a row of successes, and retries would cost a third more.
    """
    return min(limits.rate_per_second, limits.budget_per_second * limits.budget_factor ** min(lane.mended, 64))


def _saved(lane: Lane, now: int, limits: Limits) -> Lane:
    """Put into the budget what was earned until now, at the pace that held until now."""
    return replace(lane, budget=lane.budget.filled(now, retries_of(lane, limits), limits.budget_retries_max))


def fails_in_part(lane: Lane, now: int, limits: Limits) -> bool:
    """Tell whether it is the destination that fails now and then, and not the message: enough calls say so."""
    seen = breakers.counts(lane.breaker, now, limits)
    return seen.calls >= limits.breaker_calls_min and seen.failed_share >= limits.budget_failed_share


def mends(lane: Lane, now: int, limits: Limits) -> bool:
    """Tell whether a destination that was ailing takes again what it is sent: enough calls say so.

    What waits for its sake may then go at once: who was unlucky several times would be late by hours otherwise.
    """
    seen = breakers.counts(lane.breaker, now, limits)
    is_sure = seen.calls >= limits.breaker_calls_min and seen.failed_share < limits.budget_failed_share
    return lane.ailing and lane.breaker.phase is Phase.CLOSED and is_sure


def _ails(lane: Lane, now: int, limits: Limits) -> bool:
    return lane.breaker.phase is not Phase.CLOSED or fails_in_part(lane, now, limits)


def _slowed(lane: Lane, now: int, limits: Limits, outcome: Paused) -> Lane:
    """Pause for as long as was asked, within limits, and halve the rate; answers to one burst halve it once.

    Who is asked for quiet again and again pauses longer each time, whatever the destination says.
    """
    share = lane.slow_share
    if now >= lane.paused_until:
        share = max(limits.slow_share_min, rate_of(lane, now, limits) / limits.rate_per_second / 2)
    asked = limits.pause_seconds if outcome.after_seconds is None else outcome.after_seconds
    seconds = min(max(asked, limits.pause_seconds_min / share), limits.retry_after_seconds_max)
    until = max(lane.paused_until, now + round(seconds * SECOND_US))
    return replace(lane, paused_until=until, slow_share=share, slowed_at=until)
