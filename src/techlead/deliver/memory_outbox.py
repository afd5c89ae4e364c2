"""An outbox in memory: the same decisions without a database, for simulations and for tests of a user's own channel."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Final

from techlead.deliver.breaker import Phase
from techlead.deliver.lane import Lane, admit, mends
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Ask, Change, Claimed, Ended, Finished, LaneDue, Moved, Turn
from techlead.deliver.port import COUNTED, Dead, Fault, Retry, Waiting
from techlead.deliver.step import LIFE, Happening, State, Step
from techlead.deliver.turn import Chance, Row, change_of, choose, learn, limits_of
from techlead.errors import WorldError
from techlead.primitives.clock import SECOND_US, Clock

SOON_US: Final = 50_000


@dataclass(slots=True)
class Message:
    """A message and where it is in its life."""

    row: Row
    lane: str
    state: State = State.WAITING
    claim: bytes | None = None
    reason: str = ""
    history: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Waits:
    """The messages of one lane that wait, the longest due first; entries that are no longer true are skipped."""

    lane: Lane = field(default_factory=Lane)
    fresh: list[tuple[int, bytes]] = field(default_factory=list)
    tried: list[tuple[int, bytes]] = field(default_factory=list)


class MemoryOutbox:
    """Messages that wait in memory, until the process ends."""

    def __init__(self, clock: Clock, book: LimitsBook, chance: Chance = random.random) -> None:
        """Begin empty."""
        self._clock = clock
        self._book = book
        self._chance = chance
        self._claims = 0
        self._gone: set[tuple[str, str]] = set()
        self._expiring: list[tuple[int, bytes]] = []
        self.messages: dict[bytes, Message] = {}
        self.waiting: dict[str, Waits] = {}
        self.fault: Callable[[], WorldError | None] = lambda: None
        """Asked before each call: what the database would answer instead."""

    def put(self, waiting: Waiting, lane: str, at: int | None = None) -> None:
        """Let a message wait from now on, or from a later moment."""
        now = self._clock()
        row = Row(waiting, 0, 0, now if at is None else at)
        self.messages[waiting.id] = Message(row, lane)
        self._push(self.messages[waiting.id])
        heappush(self._expiring, (waiting.expires_at, waiting.id))

    async def lanes(self) -> Sequence[LaneDue]:
        """Give every lane in which messages wait."""
        self._fail()
        found = []
        for name in sorted(self.waiting):
            waits = self.waiting[name]
            first, then = self._first(waits.fresh, tried=False), self._first(waits.tried, tried=True)
            if first is not None or then is not None:
                found.append(LaneDue(name, first, then))
        return found

    async def turn(self, finished: Sequence[Finished], asks: Sequence[Ask]) -> Turn:
        """Note what ended and claim what may start."""
        self._fail()
        now = self._clock()
        claimed: list[Claimed] = []
        closed: list[tuple[str, int, str]] = []
        ended: list[Ended] = []
        before = {name: self.waiting[name].lane for name in self.waiting}
        for one in finished:
            ended += self._learn(one, now)
        just_tried = {one.claimed.waiting.id for one in finished}
        for name in {*(one.claimed.lane for one in finished), *(ask.lane.name for ask in asks)}:
            self._mend(name, now, just_tried)
        for ask in asks:
            self._claim(ask, now, claimed, closed, ended)
        changes = [
            change for name, lane in before.items() if (change := change_of(name, lane, self.waiting[name].lane, now))
        ]
        return Turn(tuple(claimed), tuple(closed), _in_order(changes), tuple(ended))

    async def sweep(self) -> Sequence[Ended]:
        """End messages whose time to live is over."""
        self._fail()
        now, ended, held = self._clock(), list[Ended](), list[tuple[int, bytes]]()
        while self._expiring and self._expiring[0][0] <= now and len(ended) < self._book.process.sweep_messages_max:
            expires_at, key = heappop(self._expiring)
            message = self.messages[key]
            if message.state is not State.WAITING:
                continue
            if message.claim is not None and message.row.next_at > now:
                held.append((expires_at, key))
                continue
            ended.append(self._end(message, Step(State.EXPIRED, 0, burned=False, reason="time to live")))
        for entry in held:
            heappush(self._expiring, entry)
        return ended

    async def is_gone(self, channel: str, destination: str) -> bool:
        """Tell whether an address answered once that nobody is there any more."""
        return (channel, destination) in self._gone

    def _fail(self) -> None:
        fault = self.fault()
        if fault is not None:
            raise fault

    def _push(self, message: Message) -> None:
        waits = self.waiting.setdefault(message.lane, Waits())
        heappush(waits.tried if message.row.tries else waits.fresh, (message.row.next_at, message.row.waiting.id))

    def _holds(self, entry: tuple[int, bytes], *, tried: bool) -> bool:
        """Tell whether an entry is still what is waited for."""
        message = self.messages[entry[1]]
        waits = message.state is State.WAITING and message.row.next_at == entry[0]
        return waits and bool(message.row.tries) is tried

    def _first(self, heap: list[tuple[int, bytes]], *, tried: bool) -> int | None:
        while heap and not self._holds(heap[0], tried=tried):
            heappop(heap)
        return heap[0][0] if heap else None

    def _due(self, heap: list[tuple[int, bytes]], limit: int, now: int, *, tried: bool) -> list[Row]:
        rows: list[Row] = []
        taken = []
        while len(rows) < limit and (first := self._first(heap, tried=tried)) is not None and first <= now:
            entry = heappop(heap)
            taken.append(entry)
            rows.append(self.messages[entry[1]].row)
        for entry in taken:
            heappush(heap, entry)
        return rows

    def _learn(self, one: Finished, now: int) -> list[Ended]:
        claimed = one.claimed
        waits, message = self.waiting[claimed.lane], self.messages[claimed.waiting.id]
        limits = limits_of(self._book, claimed.waiting, claimed.lane)
        waits.lane, step = learn(waits.lane, one, limits, now, self._chance)
        message.history.append(type(one.outcome).__name__)
        if isinstance(one.outcome, Dead | Retry) and one.outcome.fault is Fault.GONE:
            self._gone.add((claimed.waiting.channel, one.destination))
        if step.state is State.DELIVERED:
            self._end(message, step)
        elif message.claim == claimed.claim and step.state is State.WAITING:
            tries = claimed.tries + (claimed.probe and step.burned) - (not claimed.probe and not step.burned)
            message.row = replace(message.row, tries=tries, next_at=step.at)
            message.claim, message.reason = None, step.reason
            message.lane = one.outcome.lane if isinstance(one.outcome, Moved) else message.lane
            self._push(message)
        elif message.claim == claimed.claim:
            ended = self._end(message, step)
            return [] if step.state is State.WITHDRAWN else [ended]
        return []

    def _mend(self, name: str, now: int, just_tried: Collection[bytes]) -> None:
        """Let what waits for the sake of a destination go at once when that takes again what it is sent."""
        waits = self.waiting[name]
        if not mends(waits.lane, now, self._book.of_lane(name.partition(":")[0], name)):
            return
        waits.lane = replace(waits.lane, ailing=False)
        counted = {fault.value for fault in COUNTED}
        late = [self.messages[key] for at, key in waits.tried if at > now and self._holds((at, key), tried=True)]
        late = [one for one in late if one.claim is None and one.reason in counted]
        late = [one for one in late if one.row.waiting.id not in just_tried]
        late.sort(key=lambda one: one.row.next_at, reverse=True)
        for message in late[: self._book.process.sweep_messages_max]:
            message.row = replace(message.row, next_at=now)
            self._push(message)

    def _claim(
        self, ask: Ask, now: int, claimed: list[Claimed], closed: list[tuple[str, int, str]], ended: list[Ended]
    ) -> None:
        name = ask.lane.name
        waits, process = self.waiting[name], self._book.process
        left = process.claim_messages_max - len(claimed)
        if left <= 0:
            return
        admission = admit(waits.lane, now, self._book.of_lane(name.partition(":")[0], name), min(ask.room, left))
        waits.lane = admission.lane
        if waits.lane.breaker.phase is Phase.DISABLED:
            rows = self._due(waits.fresh, left, now, tried=False) + self._due(waits.tried, left, now, tried=True)
            step = Step(LIFE[State.WAITING, Happening.REFUSED], 0, burned=False, reason="disabled")
            ended += [self._end(self.messages[row.waiting.id], step) for row in rows]
            return
        fresh = self._due(waits.fresh, admission.tries, now, tried=False)
        tried = self._due(waits.tried, admission.retries, now, tried=True)
        chosen = choose(admission, fresh, tried, self._book, name, now)
        waits.lane = chosen.lane
        ended += [self._end(self.messages[row.waiting.id], step) for row, step in chosen.ended]
        if not chosen.claimed and not chosen.ended:
            closed.append((name, admission.until or now + SOON_US, admission.reason))
        lease = now + round(process.lease_seconds * SECOND_US)
        for row in chosen.claimed:
            self._claims += 1
            message = self.messages[row.waiting.id]
            message.claim = self._claims.to_bytes(8)
            tries = row.tries + (not admission.probe)
            waiting = replace(row.waiting, number=row.attempts + 1)
            message.row = Row(waiting, tries, row.attempts + 1, lease)
            self._push(message)
            claimed.append(Claimed(waiting, name, tries, admission.probe, message.claim))

    def _end(self, message: Message, step: Step) -> Ended:
        message.state, message.reason, message.claim = step.state, step.reason, None
        return Ended(message.row.waiting.id, message.lane, step.state.value, step.reason)


def _in_order(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: change.lane))
