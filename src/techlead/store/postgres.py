"""PostgreSQL: two pools (reads never wait behind writers), prepared statements, conflicts tried again."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from techlead.errors import ProgramError, ShuttingDown, StoreBusy, StoreUnavailable, TechleadError, summary
from techlead.store.port import DEFAULTS, Dialect, Row, StoreSettings, Transaction, Value
from techlead.store.postgres_codecs import set_codecs
from techlead.store.postgres_faults import DRIVER_ERRORS, MUST_RUN_AGAIN, translate

T = TypeVar("T")

USED_AFTER = "A transaction was used after its work had ended: nothing of it may be kept."


class PostgresTransaction:
    """The transaction of one work."""

    __slots__ = ("_connection", "failure", "must_run_again")

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - asyncpg's connection is untyped
        """Work on a connection whose transaction has begun."""
        self._connection = connection
        self.failure: TechleadError | None = None
        self.must_run_again = False

    async def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        connection = self._usable()
        try:
            return list(map(tuple, await connection.fetch(sql, *values)))
        except DRIVER_ERRORS as error:
            self._failed(error, sql)
        raise self.failure or ProgramError(USED_AFTER)

    async def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement for each row of values, in one round trip."""
        connection = self._usable()
        try:
            return await connection.executemany(sql, rows)  # type: ignore[no-any-return]
        except DRIVER_ERRORS as error:
            self._failed(error, sql)
        raise self.failure or ProgramError(USED_AFTER)

    async def try_lock(self, key: bytes) -> bool:
        """Take an advisory lock on a 64-bit hash of the key; two keys of one hash share a lock, harmlessly."""
        number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big", signed=True)
        return bool((await self.run("SELECT pg_try_advisory_xact_lock($1)", (number,)))[0][0])

    def end(self) -> None:
        """Let nothing more run: the connection goes back to the pool."""
        self._connection = None

    def _failed(self, error: BaseException, sql: str) -> None:
        self.failure = translate(error, sql)
        self.must_run_again = getattr(error, "sqlstate", None) in MUST_RUN_AGAIN

    def _usable(self) -> Any:  # noqa: ANN401 - asyncpg's connection is untyped
        if self._connection is None:
            raise ProgramError(USED_AFTER)
        if self.failure is not None:
            raise self.failure
        return self._connection


class MustRunAgain(Exception):  # noqa: N818 - a signal between `write` and one try of it
    """A work met a deadlock or a serialisation failure and may succeed when run again."""

    def __init__(self, fault: TechleadError) -> None:
        """Hold the error for the caller, should this have been the last try."""
        super().__init__()
        self.fault = fault


class PostgresStore:
    """A database on a PostgreSQL server."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, settings: StoreSettings = DEFAULTS) -> None:
        """Name the database; nothing is connected yet."""
        self._url = url
        self._settings = settings
        self._readers: Any = None
        self._writers: Any = None
        self._closed = False

    async def open(self) -> None:
        """Connect; StoreUnavailable when that fails, and later operations try again."""
        await self._start()
        await self.check()

    async def _start(self) -> None:
        if self._closed:
            raise ShuttingDown(summary(ShuttingDown))
        if self._writers is None:
            self._readers = await self._pool(self._settings.read_connections_max, read_only=True)
            self._writers = await self._pool(self._settings.write_connections_max, read_only=False)

    async def _pool(self, connections: int, *, read_only: bool) -> Any:  # noqa: ANN401 - asyncpg is untyped
        settings = self._settings
        return await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=connections,
            timeout=settings.connect_seconds_max,
            command_timeout=settings.statement_seconds_max + settings.connect_seconds_max,
            statement_cache_size=settings.statements_cached_max,
            max_cached_statement_lifetime=0,
            max_inactive_connection_lifetime=300.0,
            init=set_codecs,
            reset=_reset,
            server_settings={
                "application_name": "techlead",
                "default_transaction_isolation": "read committed",
                "default_transaction_read_only": "on" if read_only else "off",
                "statement_timeout": _milliseconds(settings.statement_seconds_max),
                "lock_timeout": _milliseconds(settings.lock_seconds_max),
                "idle_in_transaction_session_timeout": _milliseconds(settings.idle_transaction_seconds_max),
                "timezone": "UTC",
            },
        )

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        self._closed = True
        for pool in (self._readers, self._writers):
            if pool is not None:
                await pool.close()
        self._readers = self._writers = None

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Give committed rows, in one round trip outside any transaction."""
        try:
            connection = await self._acquire(read_only=True)
            try:
                return list(map(tuple, await connection.fetch(sql, *values)))
            finally:
                await self._readers.release(connection)
        except DRIVER_ERRORS as error:
            fault = translate(error, sql)
        raise fault

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work in one transaction and give its result once that is durable; conflicts are tried again."""
        settings = self._settings
        pause = settings.conflict_wait_seconds
        for _ in range(settings.conflict_tries_max - 1):
            try:
                return await self._try(work)
            except MustRunAgain:
                await asyncio.sleep(pause * random.random())  # noqa: S311 - jitter is no secret
                pause *= 2
        try:
            return await self._try(work)
        except MustRunAgain as conflict:
            fault = conflict.fault
        raise fault

    async def _try(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            connection = await self._acquire(read_only=False)
        except DRIVER_ERRORS as error:
            fault = translate(error)
            raise fault from None
        try:
            return await self._in_transaction(connection, work)
        finally:
            await self._writers.release(connection)

    async def _in_transaction(self, connection: Any, work: Callable[[Transaction], Awaitable[T]]) -> T:  # noqa: ANN401
        transaction = PostgresTransaction(connection)
        try:
            async with connection.transaction():
                try:
                    result = await work(transaction)
                finally:
                    transaction.end()
                if transaction.failure is not None:
                    raise transaction.failure
        except BaseException as error:
            if transaction.must_run_again and transaction.failure is not None:
                raise MustRunAgain(transaction.failure) from None
            if transaction.failure is not None and isinstance(error, Exception):
                raise transaction.failure from None
            if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
                raise translate(error) from None
            raise
        return result

    async def check(self) -> None:
        """Tell whether the server answers."""
        await self.read("SELECT 1")

    async def _acquire(self, *, read_only: bool) -> Any:  # noqa: ANN401 - asyncpg is untyped
        if self._writers is None:
            await self._start()
        pool = self._readers if read_only else self._writers
        return await pool.acquire(timeout=self._settings.connect_seconds_max)


async def _reset(connection: Any) -> None:  # noqa: ANN401 - asyncpg is untyped
    """End what a cancelled work may have left open; the usual RESET ALL would cost every write a round trip."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
