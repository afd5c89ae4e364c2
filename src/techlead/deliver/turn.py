"""The decisions of one turn in one lane, without a database: what ended becomes steps, and what waits is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from techlead.deliver import breaker as breakers
from techlead.deliver.breaker import Phase
from techlead.deliver.lane import Admission, Lane, settle, started
from techlead.deliver.limits import Limits, LimitsBook
from techlead.deliver.outbox import Change, Finished, Moved, Released
from techlead.deliver.port import Waiting
from techlead.deliver.step import State, Step, next_step, unclaimable
from techlead.primitives.clock import SECOND_US

Chance = Callable[[], float]
"""Gives a number from 0 to 1 (1 excluded); injected, so that a run can be repeated."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it waits in a lane."""

    waiting: Waiting
    tries: int
    attempts: int
    next_at: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is claimed, what ends without a try, and the lane after that."""

    lane: Lane
    claimed: tuple[Row, ...]
    ended: tuple[tuple[Row, Step], ...]


def limits_of(book: LimitsBook, waiting: Waiting, lane: str) -> Limits:
    """Give the limits of one message."""
    return book.of(waiting.kind, waiting.channel, waiting.notification, lane)


def learn(lane: Lane, done: Finished, limits: Limits, now: int, chance: Chance) -> tuple[Lane, Step]:
    """Let a lane learn from a try that ended, and decide what follows for its message."""
    claimed, outcome = done.claimed, done.outcome
    if isinstance(outcome, Moved | Released):
        if claimed.probe:
            lane = replace(lane, breaker=breakers.unprobed(lane.breaker))
        wait, reason = (0.0, "moved") if isinstance(outcome, Moved) else (outcome.seconds, outcome.reason)
        return lane, Step(State.WAITING, now + round(wait * SECOND_US), burned=False, reason=reason)
    message = claimed.waiting.id
    tries = claimed.tries + claimed.probe
    lane = settle(lane, now, limits, outcome, message, probe=claimed.probe, retried=tries > 1)
    expires_at = claimed.waiting.expires_at
    step = next_step(outcome, tries, expires_at, lane, limits, now, chance(), probe=claimed.probe)
    return lane, step


def choose(
    admission: Admission, fresh: Sequence[Row], tried: Sequence[Row], book: LimitsBook, name: str, now: int
) -> Chosen:
    """Choose what starts now among the first rows of a lane, the longest due first; end what may not start."""
    ended: list[tuple[Row, Step]] = []
    able: list[Row] = []
    for row in (*fresh, *tried):
        step = unclaimable(row.tries, row.waiting.expires_at, limits_of(book, row.waiting, name), now)
        if step is None:
            able.append(row)
        else:
            ended.append((row, step))
    able.sort(key=lambda row: (row.next_at, row.waiting.id))
    claimed: list[Row] = []
    retries = 0
    for row in able:
        retried = row.tries > 0
        if len(claimed) < admission.tries and not (retried and retries >= admission.retries):
            claimed.append(row)
            retries += retried
    lane = admission.lane
    if claimed:
        limits = limits_of(book, claimed[0].waiting, name)
        lane = started(lane, now, limits, fresh=len(claimed) - retries, retried=retries, probe=admission.probe)
    return Chosen(lane, tuple(claimed), tuple(ended))


def change_of(name: str, before: Lane, after: Lane, now: int) -> Change | None:
    """Tell whether a destination changed its phase, for the log."""
    first, then = before.breaker.phase, after.breaker.phase
    if first is then and not (then is Phase.OPEN and before.breaker.openings != after.breaker.openings):
        return None
    seconds = (after.breaker.open_until - now) / SECOND_US if then is Phase.OPEN else 0.0
    return Change(name, first, then, seconds)
