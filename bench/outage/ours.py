"""Our policy in the world: the dispatcher and the decisions that run in production, over an outbox in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.limits import Given, LimitsBook
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.deliver.outbox import Change, Claimed, Ended, Moved, Released, lane_of
from techlead.deliver.port import Delivery, Kind, Outcome, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.deliver.step import State
from techlead.errors import WorldError
from techlead.primitives.clock import SECOND_US

from .virtual_time import VirtualLoop
from .world import FAILING, HEALTHY, World

PROCESS: Mapping[str, float] = {"look_seconds": 60, "sweep_seconds": 60}
NO_BREAKER = {"breaker_calls_min": 10_000, "breaker_failed_share": 1, "breaker_failures_in_a_row": 1_000}
END_SECONDS = 200_000.0


class Silent:
    """Tells nobody."""

    def tried(self, claimed: Claimed, outcome: Outcome | Moved | Released, seconds: float) -> None:
        """Say nothing."""

    def changed(self, change: Change) -> None:
        """Say nothing."""

    def ended(self, ended: Ended) -> None:
        """Say nothing."""

    def waits(self, error: WorldError) -> None:
        """Say nothing."""

    def failed(self, error: Exception, channel: str) -> None:  # noqa: ARG002 - as the port has it
        """A channel of the simulation never fails of itself."""
        raise error


class Sender:
    """The channel: sends into the world."""

    def __init__(self, world: World) -> None:
        """Send there."""
        self._world = world

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - the engine holds it
        """Send."""
        return await self._world.send(delivery.destination, int.from_bytes(delivery.id[-8:]))


async def deliver(loop: VirtualLoop, world: World, given: Given) -> None:
    """Make every notification at its moment, and deliver until none waits."""
    load = world.load
    rate = {"webhook:failing.example": {"rate_per_second": load.takes_per_second}}
    scopes = {*rate, *given}
    book = LimitsBook({scope: {**rate.get(scope, {}), **given.get(scope, {})} for scope in scopes}, PROCESS)
    outbox = MemoryOutbox(loop.clock, book, random.Random(load.seed).random)

    async def compose(waiting: Waiting) -> Delivery:
        return delivery_of(waiting, waiting.destination)

    dispatcher = Dispatcher(outbox, {"webhook": Sender(world)}, compose, book, loop.clock, Silent())
    task = asyncio.create_task(dispatcher.run())
    for number in range(load.count):
        await asyncio.sleep(max(0.0, world.made_at(number) - loop.time()))
        for place, destination in enumerate((FAILING, HEALTHY)):
            outbox.put(waiting_of(loop.clock(), number, place, destination, book), lane_of("webhook", destination))
        dispatcher.hurry()
    while loop.time() < END_SECONDS and any(one.state is State.WAITING for one in outbox.messages.values()):  # noqa: ASYNC110
        await asyncio.sleep(30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def waiting_of(now: int, number: int, place: int, destination: str, book: LimitsBook) -> Waiting:
    """Make a message of the simulation."""
    key = place.to_bytes(8) + number.to_bytes(8)
    live = book.of(Kind.WEBHOOK, "webhook", "", lane_of("webhook", destination)).live_seconds_max
    return Waiting(
        key, Kind.WEBHOOK, "webhook", None, "", "", key, destination, "", "", {}, now,
        now + round(live * SECOND_US), 1,
    )  # fmt: skip
