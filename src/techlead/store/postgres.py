"""PostgreSQL: two pools (reads never wait behind writers), prepared statements, conflicts tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from techlead.errors import ConstraintViolated, ProgramError, StoreUnavailable, TechleadError, summary
from techlead.store.port import DEFAULTS, Dialect, Row, StoreSettings, Transaction, Value
from techlead.store.postgres_codecs import set_codecs
from techlead.store.postgres_faults import DRIVER_ERRORS, constraint_place, must_run_again, translate
from techlead.store.postgres_pool import ConnectionPool
from techlead.store.postgres_transaction import PostgresTransaction

T = TypeVar("T")

WRITES = "`read` was given a statement that writes: use `write`."
NOT_COMMITTED = "The server rolled a transaction back where it was told to commit."
READ_ONLY = "25006"
PLANS = {"random_page_cost": "1.1", "jit": "off"}
"""Of statements that are short and find their rows by an index, in memory or on a drive without moving parts."""
PLANS_OF_WRITES = {"enable_seqscan": "off"}
"""A change knows its rows by their keys. A plan is kept, and one made while a table was small reads it to its end for ever."""

# The columns of a unique index, a foreign key or a check.
COLUMNS = """
SELECT (SELECT string_agg(a.attname, ',' ORDER BY k.place)
        FROM unnest(keys.numbers) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = keys.owner AND a.attnum = k.number)
FROM (SELECT i.indrelid AS owner, i.indkey::int2[] AS numbers, c.relname AS name FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
      UNION ALL SELECT conrelid, conkey, conname FROM pg_constraint WHERE contype IN ('f', 'c')) AS keys
JOIN pg_class t ON t.oid = keys.owner JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE keys.name = $1 AND t.relname = $2 AND n.nspname = $3
"""


class PostgresStore:
    """A database on a PostgreSQL server."""

    dialect: Dialect = "postgresql"
    reads_at_once: bool = False

    def __init__(self, url: str, settings: StoreSettings = DEFAULTS) -> None:
        """Name the database; nothing is connected yet."""
        self.url = url
        self._settings = settings
        wait = settings.connect_seconds_max
        self._readers = ConnectionPool(lambda: self._connect(read_only=True), settings.read_connections_max, wait)
        self._writers = ConnectionPool(lambda: self._connect(read_only=False), settings.write_connections_max, wait)
        self._known_columns: dict[tuple[str, ...], tuple[str, ...]] = {}

    async def open(self) -> None:
        """Connect; StoreUnavailable when that fails, and later operations try again."""
        await self.check()

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        seconds = self._settings.statement_seconds_max
        await asyncio.gather(self._writers.close(seconds), self._readers.close(seconds))

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Give committed rows, in one round trip outside any transaction."""
        connection = await self._acquire(self._readers)
        try:
            rows = await connection.fetch(sql, *values)
        except DRIVER_ERRORS as error:
            self._readers.release(connection)
            caught = error
        except BaseException:
            self._readers.mend(connection)
            raise
        else:
            self._readers.release(connection)
            return list(map(tuple, rows))
        if getattr(caught, "sqlstate", None) == READ_ONLY:
            raise ProgramError(WRITES)
        raise translate(caught, sql)

    def glance(self, sql: str, values: Sequence[Value]) -> None:  # noqa: ARG002
        """Give None: a server that is asked over a connection is always waited for."""
        return

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work in one transaction and give its result once that is durable; conflicts are tried again."""
        pause = self._settings.conflict_wait_seconds
        for _ in range(self._settings.conflict_tries_max - 1):
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

    async def check(self) -> None:
        """Tell whether the server answers."""
        await self.read("SELECT 1")

    async def _try(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work once; whatever happens, its connection comes back without a transaction."""
        connection = await self._acquire(self._writers)
        transaction = PostgresTransaction(connection, self._explain)
        try:
            await _order(connection, "BEGIN")
            result = await work(transaction)
            transaction.finish()
            await _order(connection, "COMMIT")
        except Exception:
            transaction.end()
            await self._roll_back(connection)
            if transaction.must_run_again and transaction.failure is not None:
                raise MustRunAgain(transaction.failure) from None
            raise
        except BaseException:
            transaction.end()
            self._writers.mend(connection)
            raise
        self._writers.release(connection)
        return result

    async def _roll_back(self, connection: Any) -> None:
        """After a work failed: its caller is told once nothing of it is left, or its connection is given up."""
        if connection.is_closed() or not connection.is_in_transaction():
            self._writers.release(connection)
            return
        try:
            await connection.execute("ROLLBACK")
        except DRIVER_ERRORS:
            self._writers.mend(connection)
        except BaseException:
            self._writers.mend(connection)
            raise
        else:
            self._writers.release(connection)

    async def _acquire(self, pool: ConnectionPool) -> Any:
        try:
            return await pool.acquire()
        except TimeoutError:
            fault: TechleadError = StoreUnavailable(f"{summary(StoreUnavailable)} (connect_seconds_max)")
        except DRIVER_ERRORS as error:
            fault = translate(error)
        raise fault

    async def _explain(self, error: BaseException, sql: str) -> TechleadError:
        """Give our error for what a statement met, with the columns of the constraint that refused it."""
        fault = translate(error, sql)
        place = constraint_place(error)
        if isinstance(fault, ConstraintViolated) and place is not None and place[1] == fault.table:
            return type(fault)(fault.table, await self._columns(place) or fault.columns)
        return fault

    async def _columns(self, place: tuple[str, str, str]) -> tuple[str, ...]:
        """Give the columns of a constraint; asked once, for its name may be cut short and rows may be many."""
        if place not in self._known_columns:
            try:
                rows = await self.read(COLUMNS, place)
            except TechleadError:
                return ()
            self._known_columns[place] = tuple(rows[0][0].split(",")) if rows and rows[0][0] else ()
        return self._known_columns[place]

    async def _connect(self, *, read_only: bool) -> Any:
        settings = self._settings
        connection = await asyncpg.connect(
            self.url,
            timeout=settings.connect_seconds_max,
            command_timeout=settings.statement_seconds_max + settings.connect_seconds_max,
            statement_cache_size=settings.statements_cached_max,
            max_cached_statement_lifetime=0,
            server_settings=_server_settings(settings, read_only=read_only),
        )
        try:
            await set_codecs(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


async def _order(connection: Any, command: str) -> None:
    """Tell the server to begin or to commit, and see that it did."""
    try:
        done = await connection.execute(command)
    except DRIVER_ERRORS as error:
        caught = error
    else:
        if done != command:
            raise StoreUnavailable(NOT_COMMITTED)
        return
    fault = translate(caught)
    raise MustRunAgain(fault) if must_run_again(caught) else fault


class MustRunAgain(Exception):
    """A work met a deadlock or a serialisation failure and may succeed when run again."""

    def __init__(self, fault: TechleadError) -> None:
        """Hold the error for the caller, should this have been the last try."""
        super().__init__()
        self.fault = fault


def _server_settings(settings: StoreSettings, *, read_only: bool) -> dict[str, str]:
    # The lock's limit must come before the statement's, or a lock that is held would be told as a slow statement.
    lock_seconds = min(settings.lock_seconds_max, settings.statement_seconds_max * 0.9)
    return {
        "application_name": "techlead",
        "default_transaction_isolation": "read committed",
        "default_transaction_read_only": "on" if read_only else "off",
        "statement_timeout": _milliseconds(settings.statement_seconds_max),
        "lock_timeout": _milliseconds(lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(settings.idle_transaction_seconds_max),
        "timezone": "UTC",
        **PLANS,
        **({} if read_only else PLANS_OF_WRITES),
    }


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
