"""The life of one message: after each try it is delivered, ended, or given the moment of its next try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from techlead.deliver.lane import Lane, fails_in_part
from techlead.deliver.limits import Limits
from techlead.deliver.port import COUNTED, Dead, Delivered, Fault, Outcome, Paused
from techlead.primitives.clock import SECOND_US


class State(Enum):
    """Where a message is in its life; all but the first two are an end."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"
    EXPIRED = "expired"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"


class Happening(Enum):
    """What moves a message on."""

    CLAIMED = "it is its turn"
    TAKEN = "the destination took it"
    AGAIN = "it failed, and tries and time are left"
    POSTPONED = "a probe failed, or 429: no try is burnt"
    LAPSED = "nothing was heard of it (a crash)"
    REFUSED = "it will never be taken"
    WITHDRAWN = "its recipient wants it no more, or may read it no more"
    EXHAUSTED = "its last try failed"
    OUTDATED = "its time to live is over"
    DROPPED = "an operator drops it"
    REPLAYED = "an operator replays it"


LIFE: Final[Mapping[tuple[State, Happening], State]] = {
    (State.WAITING, Happening.CLAIMED): State.SENDING,
    (State.SENDING, Happening.TAKEN): State.DELIVERED,
    (State.SENDING, Happening.AGAIN): State.WAITING,
    (State.SENDING, Happening.POSTPONED): State.WAITING,
    (State.SENDING, Happening.LAPSED): State.WAITING,
    (State.SENDING, Happening.REFUSED): State.DEAD,
    (State.SENDING, Happening.WITHDRAWN): State.WITHDRAWN,
    (State.SENDING, Happening.EXHAUSTED): State.DEAD,
    (State.SENDING, Happening.OUTDATED): State.EXPIRED,
    (State.WAITING, Happening.EXHAUSTED): State.DEAD,
    (State.WAITING, Happening.REFUSED): State.DEAD,
    (State.WAITING, Happening.OUTDATED): State.EXPIRED,
    (State.WAITING, Happening.DROPPED): State.DROPPED,
    (State.DEAD, Happening.DROPPED): State.DROPPED,
    (State.DEAD, Happening.REPLAYED): State.WAITING,
    (State.EXPIRED, Happening.REPLAYED): State.WAITING,
    (State.EXPIRED, Happening.DROPPED): State.DROPPED,
}
"""Everything that can happen to a message; the documentation is drawn from it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What follows for a message: its state, when it is next tried (0: never), whether this try counts, and why."""

    state: State
    at: int
    burned: bool
    reason: str


def next_step(
    outcome: Outcome, tries: int, expires_at: int, lane: Lane, limits: Limits, now: int, chance: float, *, probe: bool
) -> Step:
    """Decide what follows from the outcome of a try.

    `tries` counts this one; `lane` has learnt of the outcome already; `chance` is from 0 to 1 and spreads the waits.
    """
    if isinstance(outcome, Delivered):
        return _step(Happening.TAKEN, 0, burned=True, reason="")
    if isinstance(outcome, Dead):
        unwanted = outcome.fault is Fault.WITHDRAWN
        return _step(Happening.WITHDRAWN if unwanted else Happening.REFUSED, 0, burned=True, reason=outcome.fault.value)
    if isinstance(outcome, Paused):
        return _later(Happening.POSTPONED, lane.paused_until, expires_at, "limited")
    asked = min(outcome.after_seconds or 0, limits.retry_after_seconds_max)
    if probe and outcome.fault in COUNTED:
        at = max(lane.breaker.open_until, now + round(asked * SECOND_US), now + 1)
        return _later(Happening.POSTPONED, at, expires_at, outcome.fault.value)
    if tries >= limits.tries_max:
        return _step(Happening.EXHAUSTED, 0, burned=True, reason=outcome.fault.value)
    in_part = outcome.fault in COUNTED and fails_in_part(lane, now, limits)
    wait = max(asked, wait_seconds(tries, _in_part(limits, tries) if in_part else limits, chance))
    return _later(Happening.AGAIN, now + round(wait * SECOND_US), expires_at, outcome.fault.value)


def wait_seconds(tries: int, limits: Limits, chance: float) -> float:
    """Give the wait after so many tries: half of it is certain, half is chance ("equal jitter")."""
    longest = limits.wait_seconds_first * limits.wait_factor ** min(tries - 1, 64)
    longest = min(longest, limits.wait_seconds_max)
    return longest / 2 + chance * longest / 2


def _in_part(limits: Limits, tries: int) -> Limits:
    """Wait less while a destination fails in part: its retry budget spares it, however long each message waits.

    Who was unlucky several times would only be late, long after all is well again. The second half of the tries is kept
    for an outage that lasts.
    """
    longest = limits.wait_seconds_partial_max
    if 2 * tries > limits.tries_max or limits.wait_seconds_max <= longest:
        return limits
    return replace(limits, wait_seconds_max=longest)


def unclaimable(tries: int, expires_at: int, limits: Limits, now: int) -> Step | None:
    """End a message that must not be tried (again): too late, or its last try is in doubt after a crash."""
    if now >= expires_at:
        return Step(LIFE[State.WAITING, Happening.OUTDATED], 0, burned=False, reason="time to live")
    if tries >= limits.tries_max:
        return Step(LIFE[State.WAITING, Happening.EXHAUSTED], 0, burned=False, reason="in doubt")
    return None


def _later(happening: Happening, at: int, expires_at: int, reason: str) -> Step:
    """Wait until then; what could only be tried after its time to live ends now."""
    if at >= expires_at:
        return _step(Happening.OUTDATED, 0, burned=happening is Happening.AGAIN, reason=reason)
    return _step(happening, at, burned=happening is Happening.AGAIN, reason=reason)


def _step(happening: Happening, at: int, *, burned: bool, reason: str) -> Step:
    return Step(LIFE[State.SENDING, happening], at, burned, reason)
