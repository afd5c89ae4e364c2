"""Deliveries per second: a durable outbox drained into a sink on loopback, by our engines and by a bare queue.

    python bench/deliveries.py [COUNT] [postgresql://...]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import struct
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvloop

from techlead import Account, Backend
from techlead.deliver import sql_statements
from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Delivered, Delivery, Outcome, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.deliver.sql_outbox import SqlOutbox
from techlead.derive.statements import Statements
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, system_clock
from techlead.store import migrate
from techlead.store.open import open_store
from techlead.store.port import Store

MESSAGES = 20_000
PUT_AT_ONCE = 500
LANES = 4
SLOTS = {"slots_max": 200, "claim_messages_max": 50}
FAST = {"webhook": {"rate_per_second": 1_000_000, "slots_of_destination_max": 50}}
backend = Backend("deliveries")


@backend.account
class Person(Account):
    """Nobody."""


class Sink(asyncio.Protocol):
    """Takes 16 bytes, gives one back: as fast as a receiver can be."""

    def connection_made(self, transport: Any) -> None:
        """Remember the connection."""
        self._transport = transport
        self._left = 0

    def data_received(self, data: bytes) -> None:
        """Answer each message."""
        whole, self._left = divmod(self._left + len(data), 16)
        self._transport.write(b"+" * whole)


def sink(ports: Any) -> None:
    """Run the sink in a process of its own."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
        ports.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with suppress(KeyboardInterrupt):
        asyncio.run(main())


class Wire(asyncio.Protocol):
    """A channel over one connection to the sink: each delivery waits for its own answer."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    def connection_made(self, transport: Any) -> None:
        """Remember the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Tell those that were answered."""
        for _ in data:
            self._waiting.popleft().set_result(None)

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - the engine holds it
        """Send, and wait until it was taken."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(delivery.id)
        await future
        return Delivered()


async def filled(store: Store, statements: Statements, count: int) -> None:
    """Put durable messages into the outbox."""
    await store.open()
    await migrate.create_in(store, statements.metadata)
    put = statements.made("outbox: put", sql_statements.put)
    now = system_clock()
    for start in range(0, count, PUT_AT_ONCE):
        rows = [put.values(message(now, number)) for number in range(start, min(count, start + PUT_AT_ONCE))]

        async def work(tx: Any, rows: list[Any] = rows) -> None:
            await tx.run_many(put.sql, rows)

        await store.write(work)


def message(now: int, number: int) -> dict[str, Any]:
    """Make one message to one of a few destinations."""
    host = f"sink{number % LANES}.example"
    return {
        "id": ids.uuid7(now // 1000, os.urandom), "account": None, "notification": "bench", "channel": "webhook",
        "resource": "", "row": struct.pack(">QQ", 0, number), "subject": "Hello", "text": "Hello there.",
        "created_at": now, "kind": "webhook", "lane": f"webhook:{host}", "destination": f"https://{host}/hook",
        "data": "", "dedupe": None, "expires_at": now + 3_600 * SECOND_US, "state": "waiting", "next_at": now,
    }  # fmt: skip


async def drained(url: str, port: int, count: int) -> float:
    """Drain a filled outbox; give the deliveries per second."""
    store = open_store(url)
    statements = Statements(backend.plan(), store.dialect)
    await filled(store, statements, count)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    book = LimitsBook(FAST, SLOTS)

    async def compose(waiting: Waiting) -> Delivery:
        return delivery_of(waiting, waiting.destination)

    dispatcher = Dispatcher(
        SqlOutbox(store, statements, system_clock, book), {"webhook": wire}, compose, book, system_clock, Quiet()
    )
    left = "SELECT count(*) FROM techlead_outbox WHERE state = 'waiting'"
    began, worked = time.perf_counter(), time.process_time()
    task = asyncio.create_task(dispatcher.run())
    while (await store.read(left))[0][0]:
        await asyncio.sleep(0.05)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    print(f"{worked / count * 1e6:.0f} us CPU")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()
    return count / seconds


class Quiet:
    """Tells nobody."""

    def __getattr__(self, name: str) -> Any:
        """Take any report."""
        return lambda *_given: None


def run(work: Any) -> Any:
    """Run on the loop that `techlead serve` runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    ports, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(theirs,), daemon=True)
    process.start()
    port = ports.recv()
    with tempfile.TemporaryDirectory() as folder:
        rate = run(drained(f"sqlite:///{Path(folder) / 'outbox.db'}", port, count))
        print(f"SQLite, embedded dispatcher: {rate:,.0f} deliveries/s")
    process.terminate()


if __name__ == "__main__":
    main()
