"""The engines that deliver, each behind the same few words: what one promises, all keep."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from bench.sink import backend
from databases import postgres_url, sqlite_url
from dispatching import Receiver, Told

from techlead.deliver import sql_statements
from techlead.deliver.dispatcher import Dispatcher, Point
from techlead.deliver.limits import LimitsBook
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.deliver.outbox import Outbox, lane_of
from techlead.deliver.port import Delivery, Kind, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.deliver.sql_outbox import Prepared, SqlOutbox
from techlead.derive.statements import Statements
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, system_clock
from techlead.store.creation import create_in
from techlead.store.open import open_store
from techlead.store.port import Dialect, Store

ENGINES = ("memory", "sqlite", "postgresql", "lanes")
HOOK = "https://hooks.example/in"
EAGER = {
    "webhook": {
        "rate_per_second": 10_000, "wait_seconds_first": 0.1, "wait_factor": 1, "wait_seconds_max": 0.1,
        "breaker_open_seconds": 0.3, "breaker_open_seconds_max": 0.3, "breaker_ramp_seconds": 0.1, "tries_max": 3,
    },
    "notification once": {"tries_max": 1},
}  # fmt: skip
HASTY = {"lease_seconds": 1.5, "look_seconds": 0.05, "sweep_seconds": 0.2}


@cache
def statements_of(dialect: Dialect) -> Statements:
    """Give the statements for a database, all that an outbox needs of them compiled: once in a process, and by whom it forks."""
    statements = Statements(backend.plan(), dialect)
    statements.made("outbox: put", sql_statements.put)
    Prepared(statements)
    return statements


@dataclass
class Engine:
    """One engine: an outbox with a dispatcher that can be run."""

    kind: str
    url: str = ""
    book: LimitsBook = field(default_factory=lambda: LimitsBook(EAGER, HASTY))
    receiver: Receiver = field(default_factory=Receiver)
    told: Told = field(default_factory=Told)
    store: Store | None = None
    memory: MemoryOutbox | None = None
    moved: dict[str, str] = field(default_factory=dict)
    """Addresses that are others when a message is sent."""
    passed_us: int = 0
    """By how much its clock is ahead: time that passes without waiting."""

    def clock(self) -> int:
        """Tell the time."""
        return system_clock() + self.passed_us

    async def open(self, *, fresh: bool = True) -> None:
        """Open the outbox."""
        if self.kind == "memory":
            self.memory = self.memory or MemoryOutbox(self.clock, self.book)
            return
        self.store = open_store(self.url)
        await self.store.open()
        self.statements = statements_of(self.store.dialect)
        if fresh:
            await create_in(self.store, self.statements.metadata)

    def bind(self, book: LimitsBook) -> None:
        """Work by other limits; before anything is put."""
        self.book = book
        self.memory = None if self.memory is None else MemoryOutbox(self.clock, book)

    async def close(self) -> None:
        """Close the outbox; what waits in it stays."""
        if self.store is not None:
            await self.store.close()

    @property
    def outbox(self) -> Outbox:
        """Give the outbox anew, as a process that has just started has it."""
        if self.memory is not None:
            return self.memory
        assert self.store is not None
        return SqlOutbox(self.store, self.statements, self.clock, self.book)

    async def put(self, count: int = 1, destination: str = HOOK, **changed: Any) -> list[bytes]:
        """Put messages into the outbox, in one transaction; give their ids."""
        now = system_clock()
        waiting = [replace(waiting_of(now, destination), **changed) for _ in range(count)]
        if self.memory is not None:
            for one in waiting:
                self.memory.put(one, lane_of(one.channel, one.destination))
        else:
            assert self.store is not None
            put = self.statements.made("outbox: put", sql_statements.put)
            rows = [put.values(row_of(one)) for one in waiting]

            async def work(tx: Any) -> None:
                await tx.run_many(put.sql, rows)

            await self.store.write(work)
        return [one.id for one in waiting]

    async def states(self) -> dict[bytes, str]:
        """Give the state of every message."""
        if self.memory is not None:
            return {key: message.state.value for key, message in self.memory.messages.items()}
        assert self.store is not None
        return dict(await self.store.read("SELECT id, state FROM techlead_outbox"))

    async def ended(self) -> bool:
        """Tell whether nothing waits any more."""
        return "waiting" not in (await self.states()).values()

    async def compose(self, waiting: Waiting) -> Delivery:
        """Make the delivery."""
        return delivery_of(waiting, self.moved.get(waiting.destination, waiting.destination))

    def worker(self, channel: Any, point: Point = lambda _name: None) -> Any:
        """Make a worker of this engine."""
        dispatcher = Dispatcher(
            self.outbox, {"webhook": channel}, self.compose, self.book, system_clock, self.told, point,
            told_lanes=self.kind == "lanes",
        )  # fmt: skip
        if self.kind != "lanes":
            return dispatcher
        from techlead.deliver.lanes import LaneWorker

        return LaneWorker(self.url, self.outbox, dispatcher, self.book, system_clock, self.told.waits)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let one worker deliver for as long as the block does."""
        task = asyncio.create_task(self.worker(self.receiver).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Engine]:
    """Open an engine on a fresh database."""
    async with AsyncExitStack() as stack:
        url = ""
        if kind == "sqlite":
            url = sqlite_url(folder)
        elif kind != "memory":
            url = stack.enter_context(postgres_url())
        engine = Engine(kind, url)
        await engine.open()
        stack.push_async_callback(engine.close)
        yield engine


def waiting_of(now: int, destination: str, live_seconds: int = 60) -> Waiting:
    """Make a message."""
    key = ids.uuid7(now // 1000, os.urandom)
    return Waiting(
        key, Kind.WEBHOOK, "webhook", None, "news", "", key, destination, "Hello", "Hello there.", {}, now,
        now + live_seconds * SECOND_US, 1,
    )  # fmt: skip


def row_of(waiting: Waiting) -> dict[str, Any]:
    """Make the outbox row of a message."""
    return {
        "id": waiting.id, "account": waiting.account, "notification": waiting.notification,
        "channel": waiting.channel, "resource": waiting.resource, "row": waiting.row, "subject": waiting.subject,
        "text": waiting.text, "created_at": waiting.created_at, "kind": waiting.kind.value,
        "lane": lane_of(waiting.channel, waiting.destination), "destination": waiting.destination, "data": "",
        "dedupe": None, "expires_at": waiting.expires_at, "state": "waiting", "next_at": waiting.created_at,
    }  # fmt: skip
