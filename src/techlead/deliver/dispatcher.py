"""The dispatcher: looks for lanes with something due, claims what their policy admits, sends, and notes how it ended.

It decides nothing: the lane and the message's life do (`lane.py`, `step.py`), in the transaction that claims. What it
adds is the bulkhead: so many tries at once in this process, and at most so many of them for one destination.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from techlead.deliver.lane import FAR_US
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import (
    Ask,
    Change,
    Claimed,
    Ended,
    Finished,
    LaneDue,
    Moved,
    Outbox,
    Released,
    Turn,
    lane_of,
)
from techlead.deliver.port import Channel, Compose, Dead, Delivery, Fault, Held, Outcome, Retry
from techlead.deliver.turn import limits_of
from techlead.errors import WorldError
from techlead.primitives.clock import SECOND_US, Clock

Point = Callable[[str], None]
"""Called at each place where a crash matters; a proof dies there."""
STOP_SECONDS: Final = 10.0
HURRY_SECONDS: Final = 0.01
LANES_KNOWN_US: Final = 50_000
"""How long the lanes that were found serve for further turns, while each turn brings all that was asked for."""
OPEN: Final = (0, 0)
"""Of a lane: until when it is not asked again, and until when it takes nothing."""


class Reports(Protocol):
    """Who is told what happens; none of it holds an address or a word of a message."""

    def tried(self, claimed: Claimed, outcome: Outcome | Moved | Released, seconds: float) -> None:
        """A try ended."""
        ...

    def changed(self, change: Change) -> None:
        """A destination changed its phase."""
        ...

    def ended(self, ended: Ended) -> None:
        """A message ended without being delivered."""
        ...

    def waits(self, error: WorldError) -> None:
        """The database failed: nothing is claimed until it answers again."""
        ...

    def failed(self, error: Exception, channel: str) -> None:
        """A channel raised an exception."""
        ...


class Dispatcher:
    """Delivers what waits in one outbox, until it is stopped."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        compose: Compose,
        book: LimitsBook,
        clock: Clock,
        reports: Reports,
        point: Point = lambda _name: None,
        *,
        told_lanes: bool = False,
    ) -> None:
        """Hold what it works with; with `told_lanes` it delivers only in lanes that it is asked to `serve`."""
        self._outbox = outbox
        self._channels = channels
        self._compose = compose
        self._book = book
        self._clock = clock
        self._reports = reports
        self._point = point
        self._finished: list[Finished] = []
        self._sending: dict[asyncio.Task[None], str] = {}
        self._closed: dict[str, tuple[int, int]] = {}
        self._order: dict[str, int] = {}
        self._found: tuple[Sequence[LaneDue], int] = ((), 0)
        self._more = False
        self._turns = 0
        self._swept = 0
        self._told_lanes = told_lanes
        self._served: dict[str, asyncio.Future[None]] = {}
        self._turning: tuple[asyncio.Future[Turn], list[Finished]] | None = None
        self._wake = asyncio.Event()
        self._hurried = False

    def hurry(self) -> None:
        """Look soon: something was put into the outbox. What comes meanwhile is looked for together."""
        if not self._hurried:
            self._hurried = True
            asyncio.get_running_loop().call_later(HURRY_SECONDS, self._look)

    def _look(self) -> None:
        self._hurried = False
        self._wake.set()

    async def serve(self, lane: str) -> None:
        """Deliver in this lane until nothing is due there for a while; for a dispatcher that is told its lanes."""
        served = self._served[lane] = asyncio.get_running_loop().create_future()
        self._wake.set()
        try:
            await served
        finally:
            self._served.pop(lane, None)

    def under_way(self, lane: str) -> int:
        """Give how many tries are under way in a lane."""
        return sum(1 for name in self._sending.values() if name == lane)

    async def run(self) -> None:
        """Deliver until cancelled; then what is under way may end, is noted, and nothing more is claimed."""
        try:
            while True:
                await self._round()
        finally:
            await self._stop()

    async def _round(self) -> None:
        try:
            await self._sweep()
            lanes = await self._lanes()
            asks = self._asks(lanes)
            finished, turn = await self._turn(asks) if self._finished or asks else ([], Turn())
        except WorldError as error:
            self._reports.waits(error)
            await asyncio.sleep(self._book.process.store_pause_seconds)
            return
        if finished:
            self._point("noted")
        self._take(turn, finished)
        self._more = bool(asks) and len(turn.claimed) >= self._most(asks)
        self._let_go(lanes)
        if not turn.claimed and not turn.ended and not self._finished:
            await self._pause(lanes)

    async def _turn(self, asks: Sequence[Ask]) -> tuple[list[Finished], Turn]:
        """Turn the outbox; a stop in the middle of it loses sight of nothing that ended or was claimed."""
        finished, self._finished = self._finished, []
        self._turning = (asyncio.ensure_future(self._outbox.turn(finished, asks)), finished)
        try:
            turn = await asyncio.shield(self._turning[0])
        except WorldError:
            self._finished[:0] = finished
            self._turning = None
            raise
        self._turning = None
        return finished, turn

    def _take(self, turn: Turn, finished: Sequence[Finished]) -> None:
        for one in finished:  # what was learnt may have opened or closed its lane
            self._closed.pop(one.claimed.lane, None)
        now = self._clock()
        soon = now + round(self._book.process.sweep_seconds * SECOND_US)
        self._closed |= {name: (min(until, soon), until) for name, until, _ in turn.closed}
        for change in turn.changes:
            self._reports.changed(change)
        for ended in turn.ended:
            self._reports.ended(ended)
        if turn.claimed:
            self._point("claimed")
        for claimed in turn.claimed:
            task = asyncio.create_task(self._try(claimed))
            self._sending[task] = claimed.lane
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._sending.pop(task, None)
        self._wake.set()

    def _most(self, asks: Sequence[Ask]) -> int:
        """Give how many messages one turn may claim for these."""
        return min(sum(ask.room for ask in asks), self._book.process.claim_messages_max)

    async def _lanes(self) -> Sequence[LaneDue]:
        """Give the lanes that are this process's business: it has their channel, and was told to serve them."""
        if self._told_lanes and not self._served:
            return []
        now, (found, found_at) = self._clock(), self._found
        if not (self._more and 0 <= now - found_at < LANES_KNOWN_US):
            found = await self._outbox.lanes()
            self._found = found, now
        lanes = [lane for lane in found if lane.name.partition(":")[0] in self._channels]
        return [lane for lane in lanes if lane.name in self._served] if self._told_lanes else lanes

    def _let_go(self, lanes: Sequence[LaneDue]) -> None:
        """Let go of the lanes in which nothing is due soon: whoever watches over all lanes will tell when it is."""
        if not self._served:
            return
        soon = self._clock() + round(self._book.process.sweep_seconds * SECOND_US)
        due = {lane.name: max(lane.at, self._closed.get(lane.name, OPEN)[1]) for lane in lanes}
        for name, served in self._served.items():
            if due.get(name, FAR_US + soon) > soon and not self.under_way(name) and not served.done():
                served.set_result(None)

    def _asks(self, lanes: Sequence[LaneDue]) -> list[Ask]:
        """Share the free slots among the lanes that have something due, those first that were served longest ago."""
        now = self._clock()
        free = self._book.process.slots_max - len(self._sending)
        busy = Counter(self._sending.values())
        due = [lane for lane in lanes if lane.at <= now and self._closed.get(lane.name, OPEN)[0] <= now]
        due.sort(key=lambda lane: self._order.get(lane.name, 0))
        self._turns += 1
        asks = []
        for place, lane in enumerate(due):
            if free <= 0:
                break
            limits = self._book.of_lane(lane.name.partition(":")[0], lane.name)
            fair = -(-free // (len(due) - place))
            room = min(limits.slots_of_destination_max - busy[lane.name], fair, free)
            if room > 0:
                asks.append(Ask(lane, room))
                self._order[lane.name] = self._turns
                free -= room
        known = {lane.name for lane in lanes}
        if len(self._order) > 2 * len(known) + self._book.process.slots_max:
            self._order = {name: turn for name, turn in self._order.items() if name in known}
        if len(self._closed) > 2 * len(known) + self._book.process.slots_max:
            self._closed = {name: until for name, until in self._closed.items() if name in known}
        return asks

    async def _sweep(self) -> None:
        """From time to time, end what is too old; the rest of it follows in the next rounds."""
        now, process = self._clock(), self._book.process
        if 0 <= now - self._swept < process.sweep_seconds * SECOND_US:
            return
        ended = await self._outbox.sweep()
        for one in ended:
            self._reports.ended(one)
        if len(ended) < process.sweep_messages_max:
            self._swept = now

    async def _pause(self, lanes: Sequence[LaneDue]) -> None:
        """Wait until something is due, something ended, somebody hurries, or it is time to look."""
        now = self._clock()
        full = len(self._sending) >= self._book.process.slots_max
        closed = self._closed
        moments = [max(lane.at, closed.get(lane.name, OPEN)[0]) for lane in lanes if not full and self._has_room(lane)]
        until = min([*moments, now + round(self._book.process.look_seconds * SECOND_US)])
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, (until - now) / SECOND_US)):
                await self._wake.wait()
        self._wake.clear()

    def _has_room(self, lane: LaneDue) -> bool:
        limits = self._book.of_lane(lane.name.partition(":")[0], lane.name)
        return self.under_way(lane.name) < limits.slots_of_destination_max

    async def _try(self, claimed: Claimed) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        limits = limits_of(self._book, claimed.waiting, claimed.lane)
        outcome, destination = await self._outcome(claimed, began + limits.attempt_seconds_max)
        self._point("sent")
        self._finished.append(Finished(claimed, outcome, destination))
        self._reports.tried(claimed, outcome, loop.time() - began)

    async def _outcome(self, claimed: Claimed, deadline: float) -> tuple[Outcome | Moved | Released, str]:
        """Try once, however the channel behaves: an exception or a hang is an outcome like any other."""
        channel = claimed.waiting.channel
        destination = ""
        try:
            async with asyncio.timeout_at(deadline):
                made = await self._made(claimed)
                if isinstance(made, Held):
                    return Released(made.seconds, made.reason), ""
                if not isinstance(made, Delivery):
                    return made, ""
                destination = made.destination
                return await self._channels[channel].send(made, deadline), destination
        except TimeoutError:
            return Retry(Fault.TIMEOUT, "no end in time"), destination
        except WorldError as error:
            return Released(self._book.process.store_pause_seconds, type(error).__name__), destination
        except Exception as error:  # noqa: BLE001 - a channel's mistake ends its own try and nothing else
            self._reports.failed(error, channel)
            return Retry(Fault.FAILED, type(error).__name__), destination

    async def _made(self, claimed: Claimed) -> Delivery | Dead | Held | Moved:
        """Make what is sent; what became of its address since the change decides whether and by which lane."""
        made = await self._compose(claimed.waiting)
        if isinstance(made, Dead | Held):
            return made
        lane = lane_of(made.channel, made.destination)
        if lane != claimed.lane:
            return Moved(lane)
        if made.channel not in self._channels:
            return Dead(Fault.UNSENDABLE, "there is no such channel")
        if claimed.some_gone and await self._outbox.is_gone(made.channel, made.destination):
            return Dead(Fault.GONE, "disabled: it answered 410")
        return made

    async def _stop(self) -> None:
        """Let what is under way end, within bounds, and note it; what is cut off is in doubt until its lease ends."""
        if self._turning is not None:
            turning, finished = self._turning
            try:
                claimed = (await turning).claimed
                self._finished += [Finished(one, Released(0.0, "stopping")) for one in claimed]
            except WorldError:
                self._finished[:0] = finished
        if self._sending:
            _, late = await asyncio.wait(list(self._sending), timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
        finished, self._finished = self._finished, []
        if finished:
            with suppress(WorldError):
                await self._outbox.turn(finished, ())
