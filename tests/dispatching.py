"""A dispatcher at work for a test: a channel that remembers, behaves as it is told, and a way to wait for its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.outbox import Change, Claimed, Ended, Moved, Released
from techlead.deliver.port import Delivered, Delivery, Outcome
from techlead.errors import WorldError

Behaviour = Callable[[Delivery], Outcome]


@dataclass
class Receiver:
    """A channel that remembers what it was given and answers as its behaviour says."""

    behaviour: Behaviour = lambda _delivery: Delivered()
    seconds: float = 0.0
    sent: list[Delivery] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Take a delivery."""
        self.sent.append(delivery)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.seconds:
                await asyncio.sleep(self.seconds)
            return self.behaviour(delivery)
        finally:
            self.under_way -= 1

    def subjects(self) -> list[str]:
        """List what was sent, in its order."""
        return [one.subject for one in self.sent]


@dataclass
class Told:
    """Remembers what a dispatcher tells."""

    tries: list[tuple[Claimed, Outcome | Moved | Released]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    ends: list[Ended] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)

    def tried(self, claimed: Claimed, outcome: Outcome | Moved | Released, seconds: float) -> None:
        self.tries.append((claimed, outcome))

    def changed(self, change: Change) -> None:
        self.changes.append(change)

    def ended(self, ended: Ended) -> None:
        self.ends.append(ended)

    def waits(self, error: WorldError) -> None:
        self.faults.append(error)

    def failed(self, error: Exception, channel: str) -> None:
        self.faults.append(error)


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[Dispatcher]:
    """Let a dispatcher run for as long as the block does."""
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait until something is so; TimeoutError when it never is."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.005)
