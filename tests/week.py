"""A week in virtual time: destinations that fail in every way there is, and what must hold whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from bench.outage.virtual_time import VirtualLoop
from dispatching import Told

from techlead.deliver.breaker import Phase
from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.lane import brim_of
from techlead.deliver.limits import LimitsBook
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.deliver.outbox import Ask, Finished, Turn, lane_of
from techlead.deliver.port import Dead, Delivered, Delivery, Fault, Kind, Outcome, Paused, Retry, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.deliver.turn import limits_of
from techlead.errors import StoreBusy, StoreFull, StoreUnavailable, WorldError
from techlead.primitives.clock import SECOND_US

DAY = 86_400.0
MESSAGES = 160
KINDS = (Kind.WEBHOOK, Kind.EMAIL, Kind.CODE, Kind.CHAT, Kind.PUSH, Kind.DIGEST)
CHANNELS = {Kind.WEBHOOK: "webhook", Kind.CHAT: "chat", Kind.PUSH: "push"}


class Weather(Enum):
    """How a destination behaves for a while."""

    FINE = "takes everything"
    DOWN = "503"
    HANGS = "never answers"
    FIFTH = "20 % fail"
    TWO_FIFTHS = "40 % fail"
    THREE_FIFTHS = "60 % fail"
    LIMITS = "429, come back in a minute"
    LIMITS_BADLY = "429, come back in a year, or in the past, or no word"
    REFUSES = "400"
    UNKNOWN = "no such name"
    GONE = "410"


SHARES = {Weather.FIFTH: 0.2, Weather.TWO_FIFTHS: 0.4, Weather.THREE_FIFTHS: 0.6}


@dataclass
class Watch:
    """What was seen, and what of it may not be."""

    tries: Counter[bytes] = field(default_factory=Counter)
    taken: Counter[bytes] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)
    starts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    crashes: int = 0
    in_doubt: int = 0
    broken: list[str] = field(default_factory=list)

    def must(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.broken.append(what)


class Watched:
    """The outbox of one process, watched; after a crash nothing of that process reaches it."""

    def __init__(self, outbox: MemoryOutbox, book: LimitsBook, watch: Watch, loop: VirtualLoop) -> None:
        self._outbox, self._book, self._watch, self._loop = outbox, book, watch, loop
        self.crashed = False
        self.lanes = outbox.lanes
        self.sweep = outbox.sweep
        self.is_gone = outbox.is_gone

    async def turn(self, finished: Sequence[Finished], asks: Sequence[Ask]) -> Turn:
        if self.crashed:
            raise StoreUnavailable
        turn = await self._outbox.turn(finished, asks)
        now = self._loop.clock()
        for one in turn.claimed:
            watch, waiting = self._watch, one.waiting
            limits = limits_of(self._book, waiting, one.lane)
            phase = self._outbox.waiting[one.lane].lane.breaker.phase
            watch.must(phase in (Phase.CLOSED, Phase.HALF_OPEN), f"{one.lane} was {phase}: nothing may start")
            watch.must(one.probe == (phase is Phase.HALF_OPEN), "half-open means probes and nothing else")
            watch.must(now < waiting.expires_at, "tried after its time to live")
            watch.must(one.tries <= limits.tries_max, f"try {one.tries} of {limits.tries_max}")
            watch.starts[one.lane].append(self._loop.time())
        return turn


class World:
    """Destinations, messages, a database and a clock, all of which may fail; everything comes from one seed."""

    def __init__(self, loop: VirtualLoop, seed: int, book: LimitsBook) -> None:
        self.loop, self.book, self.dice, self.watch = loop, book, random.Random(seed), Watch()
        self.outbox = MemoryOutbox(loop.clock, book, random.Random(seed + 1).random)
        self.outbox.fault = self._fault
        self.weather = {f"d{number}.example": self._forecast() for number in range(4)}
        self.faults = sorted((self.dice.uniform(0, 6 * DAY), self.dice.uniform(1, 900)) for _ in range(6))
        self.jumps = 0

    def _forecast(self) -> list[tuple[float, Weather]]:
        """Give the weather of a destination: each until when."""
        found, at = [], 0.0
        while at < 6 * DAY:
            at += self.dice.choice((600.0, 3_600.0, 6 * 3_600.0, DAY))
            likely = [Weather.FINE] * 4 + [one for one in Weather if one is not Weather.GONE or at > 5 * DAY]
            found.append((at, self.dice.choice(likely)))
        return [*found, (60 * DAY, Weather.FINE)]

    def _fault(self) -> WorldError | None:
        """Let the database be locked, full or away for a while now and then."""
        now = self.loop.time()
        for number, (at, seconds) in enumerate(self.faults):
            if at <= now < at + seconds:
                return (StoreBusy, StoreFull, StoreUnavailable)[number % 3]()
        return None

    async def compose(self, waiting: Waiting) -> Delivery:
        """Make the delivery."""
        return delivery_of(waiting, waiting.destination)

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Be the channel, and the destination behind it."""
        host = lane_of(delivery.channel, delivery.destination)
        watch = self.watch
        watch.under_way[host] += 1
        watch.must(watch.under_way[host] <= 8, f"{watch.under_way[host]} at once for {host}")
        watch.must(sum(watch.under_way.values()) <= 16 * (1 + watch.crashes), "more at once than there are slots")
        try:
            outcome = await self._answer(delivery)
        finally:
            watch.under_way[host] -= 1
        watch.taken[delivery.id] += isinstance(outcome, Delivered)
        return outcome

    async def _answer(self, delivery: Delivery) -> Outcome:
        name = delivery.destination.partition("://")[2].partition("/")[0] or "d0.example"
        weather = next(one for until, one in self.weather[name] if self.loop.time() < until)
        if weather is Weather.HANGS:
            await asyncio.sleep(3_600)
        await asyncio.sleep(self.dice.uniform(0.01, 0.5))
        if weather in SHARES:
            return Retry(Fault.SERVER, "503") if self.dice.random() < SHARES[weather] else Delivered()
        answers: dict[Weather, Outcome] = {
            Weather.FINE: Delivered(),
            Weather.DOWN: Retry(Fault.SERVER, "503", self.dice.choice((None, 1.0, 1e9))),
            Weather.LIMITS: Paused(60.0),
            Weather.LIMITS_BADLY: Paused(self.dice.choice((None, 0.0, 31_536_000.0))),
            Weather.REFUSES: Dead(Fault.REFUSED, "400"),
            Weather.UNKNOWN: Retry(Fault.DNS, "no such name"),
            Weather.GONE: Dead(Fault.GONE, "410"),
        }
        return answers[weather]

    def put(self, number: int) -> None:
        """Put one message into the outbox."""
        kind = self.dice.choice(KINDS)
        channel = CHANNELS.get(kind, "email")
        host = self.dice.choice(sorted(self.weather))
        destination = "ann@example.com" if channel == "email" else f"https://{host}/in"
        now, lane = self.loop.clock(), lane_of(channel, destination)
        live = self.book.of(kind, channel, "", lane).live_seconds_max
        key = number.to_bytes(16)
        expires_at = now + round(live * SECOND_US)
        self.outbox.put(
            Waiting(key, kind, channel, None, "", "", key, destination, "", "", {}, now, expires_at, 1), lane
        )

    def check(self) -> None:
        """See that everything has ended, that nothing was taken twice without a crash, and that no rate was exceeded."""
        watch = self.watch
        states = Counter(message.state.value for message in self.outbox.messages.values())
        watch.must(len(self.outbox.messages) == MESSAGES, "a message has disappeared")
        watch.must(set(states) <= {"delivered", "dead", "expired"}, f"not everything has ended: {states}")
        twice = sum(count - 1 for count in watch.taken.values() if count > 1)
        watch.must(twice <= watch.in_doubt, f"{twice} taken twice, {watch.in_doubt} in doubt")
        for key, message in self.outbox.messages.items():
            delivered = message.state.value == "delivered"
            watch.must(delivered == bool(watch.taken[key]) or bool(watch.crashes), "delivered means taken")
        for lane, starts in watch.starts.items():
            limits = self.book.of_lane(lane.partition(":")[0], lane)
            brim = brim_of(limits.rate_per_second, limits)
            for first in range(0, len(starts), 3):
                window = [at for at in starts[first:] if at < starts[first] + 10]
                allowed = limits.rate_per_second * 10 + brim * (2 + self.jumps)
                watch.must(len(window) <= allowed + 1, f"{len(window)} to {lane} in 10 s")


async def live(loop: VirtualLoop, seed: int, book: LimitsBook) -> World:
    """Live through a week, with crashes and jumps of the clock, and until everything has ended."""
    world = World(loop, seed, book)
    moments = sorted(world.dice.uniform(0, 4 * DAY) for _ in range(MESSAGES // 4))
    crashes = iter(sorted(world.dice.uniform(0, 6 * DAY) for _ in range(3)))
    crash_at = next(crashes)
    process, task = _start(world)
    for number, moment in enumerate(moments):
        await asyncio.sleep(max(0.0, moment - loop.time()))
        for part in range(4):
            world.put(number * 4 + part)
        if world.dice.random() < 0.05:
            loop.set_by += world.dice.choice((-3_600, -60, 60, 7_200)) * SECOND_US
            world.jumps += 1
        if loop.time() > crash_at:
            crash_at = next(crashes, float("inf"))
            world.watch.crashes += 1
            world.watch.in_doubt += sum(world.watch.under_way.values()) + book.process.slots_max
            process.crashed = True
            task.cancel()
            process, task = _start(world)
    while loop.time() < 12 * DAY and any(one.state.value == "waiting" for one in world.outbox.messages.values()):  # noqa: ASYNC110 - virtual
        await asyncio.sleep(600)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    world.check()
    return world


def _start(world: World) -> tuple[Watched, asyncio.Task[None]]:
    outbox = Watched(world.outbox, world.book, world.watch, world.loop)
    channels = dict.fromkeys(("webhook", "email", "chat", "push"), world)
    dispatcher = Dispatcher(outbox, channels, world.compose, world.book, world.loop.clock, Told())
    return outbox, asyncio.create_task(dispatcher.run())
