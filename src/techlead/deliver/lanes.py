"""Lanes on PostgreSQL for several machines: `pgqueuer` says which worker turns which lane, the outbox stays the truth.

There is one job for a lane, however many messages wait in it, and none for a lane in which nothing is due: a parked
destination costs nothing. The dedupe key refuses a second job while one is picked, also in the moment in which its
worker finds nothing more and finishes; what comes just then is found by the look after finishing, and whatever any
look has missed by the sweeper, within `sweep_seconds`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from pgqueuer.models import Job

from techlead.deliver.dispatcher import HURRY_SECONDS, Dispatcher
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Outbox
from techlead.errors import StoreUnavailable, WorldError, summary
from techlead.primitives.clock import Clock
from techlead.store.postgres_session import session

SCHEMA: Final = "techlead_lanes"
CHANNEL: Final = "techlead_lanes"
ENTRYPOINT: Final = "lane"
BATCH_JOBS: Final = 8
LANES_OF_WORKER_MAX: Final = 32
HEARTBEAT_SECONDS_MAX: Final = 15
"""A worker of which nothing is heard for so long is taken for dead, and its lanes go to others."""
POLL_SECONDS: Final = 2
LOOK_AGAIN_SECONDS: Final = 0.3
"""After finishing: longer than pgqueuer takes to let go of the job (it notes what ended every 0.1 s)."""
RECONNECT_SECONDS: Final = 1.0


class Lanes:
    """The jobs of one database, over a connection of its own."""

    def __init__(self, url: str, outbox: Outbox, clock: Clock) -> None:
        """Name the database; nothing is connected yet."""
        self._url = url
        self._outbox = outbox
        self._clock = clock
        self._connection: Any = None
        self._lock = asyncio.Lock()
        self.queries: Queries | None = None

    async def open(self) -> Queries:
        """Connect, and make pgqueuer's tables in a schema of their own when they are not there."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await session(self._url)
            settings = DBSettings(db_schema=SCHEMA, channel=Channel(CHANNEL))
            queries = Queries(
                AsyncpgDriver(self._connection), QueryBuilderEnvironment(settings), QueryQueueBuilder(settings),
                QuerySchedulerBuilder(settings),
            )  # fmt: skip
            async with queries.schema_lock():
                if not await queries.schema_is_installed():
                    await queries.install()
            self.queries = queries
        assert self.queries is not None  # noqa: S101 - made with the connection
        return self.queries

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=1)
        self._connection = None

    async def announce(self) -> None:
        """Give every lane in which something is due a job, unless it has one; StoreUnavailable when that fails."""
        now = self._clock()
        names = [lane.name for lane in await self._outbox.lanes() if lane.at <= now]
        if not names:
            return
        async with self._lock:
            with _world():
                queries = await self.open()
                await queries.enqueue(
                    [ENTRYPOINT] * len(names), [name.encode() for name in names], [0] * len(names),
                    dedupe_key=list(names), on_conflict="skip",
                )  # fmt: skip


class Announcer:
    """Tells workers of what a change left: at once after its commit, and together with what comes meanwhile."""

    def __init__(self, lanes: Lanes, failed: Callable[[WorldError], None]) -> None:
        """Announce through these lanes; a failure is told, and the workers' sweepers make up for it."""
        self._lanes = lanes
        self._failed = failed
        self._wake = asyncio.Event()

    def hurry(self) -> None:
        """Announce soon."""
        self._wake.set()

    async def run(self) -> None:
        """Announce until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    await self._lanes.announce()
                except WorldError as error:
                    self._failed(error)
                await asyncio.sleep(HURRY_SECONDS)
        finally:
            await self._lanes.close()


class LaneWorker:
    """One worker: takes jobs, and lets its dispatcher serve the lane of each."""

    def __init__(
        self, url: str, outbox: Outbox, dispatcher: Dispatcher, book: LimitsBook, clock: Clock,
        failed: Callable[[WorldError], None],
    ) -> None:  # fmt: skip
        """Work with this dispatcher, which must be one that is told its lanes."""
        self._url = url
        self._jobs = Lanes(url, outbox, clock)
        self._announcing = Lanes(url, outbox, clock)
        self._dispatcher = dispatcher
        self._book = book
        self._failed = failed
        self._again = asyncio.Event()

    def hurry(self) -> None:
        """Look for lanes without a job at once."""
        self._again.set()

    async def run(self) -> None:
        """Work until cancelled; a lost connection is made anew."""
        async with _beside(self._dispatcher.run(), self._sweep()):
            try:
                while True:
                    try:
                        await self._work()
                    except WorldError as error:
                        self._failed(error)
                    await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                await self._jobs.close()
                await self._announcing.close()

    async def _work(self) -> None:
        with _world():
            queries = await self._jobs.open()
            manager = QueueManager(queries, queries.qbe.settings.channel)
            manager.entrypoint(ENTRYPOINT)(self._serve)
            try:
                await manager.run(
                    dequeue_timeout=timedelta(seconds=POLL_SECONDS),
                    batch_size=BATCH_JOBS,
                    max_concurrent_tasks=LANES_OF_WORKER_MAX,
                    heartbeat_timeout=timedelta(seconds=HEARTBEAT_SECONDS_MAX),
                    log_aggregation_interval=timedelta(0),
                    shutdown_on_listener_failure=True,
                )
            finally:
                manager.shutdown.set()

    async def _serve(self, job: Job) -> None:
        await self._dispatcher.serve((job.payload or b"").decode())
        asyncio.get_running_loop().call_later(LOOK_AGAIN_SECONDS, self._again.set)

    async def _sweep(self) -> None:
        """Find lanes in which something is due and that have no job: from time to time, and after each lane."""
        while True:
            try:
                await self._announcing.announce()
            except WorldError as error:
                self._failed(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._book.process.sweep_seconds):
                    await self._again.wait()
            self._again.clear()
            await asyncio.sleep(HURRY_SECONDS)


@asynccontextmanager
async def _beside(*works: Any) -> AsyncIterator[None]:
    """Run works beside a block; all have ended when it has, and one that fails ends the block with its failure.

    Otherwise a worker would take jobs for ever of which nothing comes: whoever runs it says what failed and begins anew.
    """
    host = asyncio.current_task()
    assert host is not None  # noqa: S101 - a coroutine runs in a task
    asked = host.cancelling()
    failed: list[BaseException] = []

    def ended(task: asyncio.Future[Any]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            failed.append(failure)
            host.cancel()

    tasks = [asyncio.ensure_future(work) for work in works]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if failed and host.uncancel() <= asked:
            raise failed[0] from None
        raise
    finally:
        for task in tasks:
            task.remove_done_callback(ended)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _world:  # noqa: N801 - used as `with _world():`
    """Makes of a driver's errors the one that everybody here knows."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Translate what the driver, its connection and pgqueuer raise for a server that is away."""
        if isinstance(error, Exception) and not isinstance(error, WorldError):
            raise StoreUnavailable(f"{summary(StoreUnavailable)} ({type(error).__name__})") from error
