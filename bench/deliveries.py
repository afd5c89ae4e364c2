"""Deliveries per second: a durable outbox drained into a sink on loopback, by our engines and by a bare queue.

python -m bench.deliveries [COUNT] [postgresql://...]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import uvloop
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.models import Job
from pgqueuer.types import QueueExecutionMode

from techlead.deliver import sql_statements
from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.lanes import LaneWorker
from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Delivery, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.deliver.sql_outbox import SqlOutbox
from techlead.derive.statements import Statements
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, system_clock
from techlead.store.creation import create_in
from techlead.store.open import open_store
from techlead.store.port import Store
from techlead.store.postgres_session import session

from .sink import Wire, backend, sink

MESSAGES = 20_000
PUT_AT_ONCE = 500
LANES = 4
SLOTS = {"slots_max": 200, "claim_messages_max": 50}
FAST = {"webhook": {"rate_per_second": 1_000_000, "slots_of_destination_max": 50}}


async def filled(store: Store, statements: Statements, count: int) -> None:
    """Put durable messages into the outbox."""
    await store.open()
    await create_in(store, statements.metadata)
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


async def drained(url: str, port: int, count: int) -> tuple[float, float]:
    """Drain a filled outbox; give the deliveries per second, and the microseconds of CPU for each."""
    store = open_store(url)
    statements = Statements(backend.plan(), store.dialect)
    await filled(store, statements, count)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    book = LimitsBook(FAST, SLOTS)

    async def compose(waiting: Waiting) -> Delivery:
        return delivery_of(waiting, waiting.destination)

    outbox = SqlOutbox(store, statements, system_clock, book)
    lanes = store.dialect == "postgresql"
    dispatcher = Dispatcher(outbox, {"webhook": wire}, compose, book, system_clock, Quiet(), told_lanes=lanes)
    worker = LaneWorker(url, outbox, dispatcher, book, system_clock, print) if lanes else dispatcher
    left = "SELECT count(*) FROM techlead_outbox WHERE state = 'waiting'"
    began, worked = time.perf_counter(), time.process_time()
    task = asyncio.create_task(worker.run())
    while (await store.read(left))[0][0]:  # noqa: ASYNC110 - a database tells nobody
        await asyncio.sleep(0.05)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.close()
    return count / seconds, worked / count * 1e6


async def bare(url: str, port: int, count: int) -> tuple[float, float]:
    """Drain a queue of pgqueuer's own into the same sink: one job for each message, no policy, no outbox."""
    connection = await session(url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    for start in range(0, count, PUT_AT_ONCE):
        some = min(PUT_AT_ONCE, count - start)
        await queries.enqueue(["send"] * some, [os.urandom(16) for _ in range(some)], [0] * some)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
    manager = QueueManager(queries)

    @manager.entrypoint("send")
    async def send(job: Job) -> None:
        await wire.exchange(job.payload or b"")

    began, worked = time.perf_counter(), time.process_time()
    await manager.run(batch_size=100, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    await connection.close()
    return count / seconds, worked / count * 1e6


class Quiet:
    """Tells nobody."""

    def __getattr__(self, name: str) -> Any:
        """Take any report."""
        return lambda *_given: None


def run(work: Any) -> Any:
    """Run on the loop that `techlead serve` runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@contextmanager
def database(server: str) -> Iterator[str]:
    """Make a database on a PostgreSQL server, and drop it."""
    name = f"techlead_bench_{os.getpid()}_{time.monotonic_ns()}"

    async def order(sql: str) -> None:
        connection = await session(server)
        await connection.execute(sql)
        await connection.close()

    run(order(f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        run(order(f"DROP DATABASE {name} WITH (FORCE)"))


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    ports, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=sink, args=(theirs,), daemon=True)
    process.start()
    port = ports.recv()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["SQLite, embedded dispatcher"] = run(drained(f"sqlite:///{Path(folder) / 'outbox.db'}", port, count))
    for server in sys.argv[2:]:
        with database(server) as url:
            found["PostgreSQL, pgqueuer lanes"] = run(drained(url, port, count))
        with database(server) as url:
            found["bare pgqueuer, one job a message"] = run(bare(url, port, count))
    process.terminate()
    for name, (rate, microseconds) in found.items():
        print(f"{name}: {rate:,.0f} deliveries/s, {microseconds:.0f} us of CPU each")


if __name__ == "__main__":
    main()
