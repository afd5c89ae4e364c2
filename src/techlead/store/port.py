"""The one door to the database: what every adapter promises, and the table of its limits.

A `Store` reads committed rows and runs a *work* inside one transaction. A work awaits nothing but its transaction and
has no effect outside it, so an adapter may drive it synchronously, run it again after a conflict, or drop it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol, TypeVar

from techlead.errors import SettingsRefused

Value = bytes | str | int | float | bool | None
Row = tuple[Any, ...]
Dialect = Literal["sqlite", "postgresql"]
T = TypeVar("T")


class Transaction(Protocol):
    """One transaction; usable only while its work runs.

    After a statement failed the whole work fails with that error, even if the work swallowed it: PostgreSQL would
    otherwise turn the commit into a silent rollback. Use `ON CONFLICT` where a conflict is an expected answer.
    """

    async def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and give its rows (of a SELECT, or of RETURNING)."""
        ...

    async def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement once for each row of values."""
        ...

    async def try_lock(self, key: bytes) -> bool:
        """Take a lock until the end of this transaction; False when another transaction holds it."""
        ...


class Store(Protocol):
    """A database, seen through the five things that may be done with it."""

    @property
    def dialect(self) -> Dialect:
        """The SQL this store takes: `?` marks values for "sqlite", `$1` for "postgresql"."""
        ...

    @property
    def reads_at_once(self) -> bool:
        """Whether `read` usually gives its rows without suspending, and never asks which task runs it."""
        ...

    async def open(self) -> None:
        """Connect; StoreUnavailable when that fails, and the next operation tries again by itself."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection; may be called twice."""
        ...

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Give committed rows, outside any transaction; a statement that writes is a ProgramError."""
        ...

    def glance(self, sql: str, values: Sequence[Value]) -> list[Row] | None:
        """Give committed rows at once; None when that needs waiting or meets a fault: `read` waits, or tells what is wrong."""
        ...

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work in one transaction and give its result once that is durable.

        An exception of the work rolls back just this work and is raised here. StoreBusy, StoreFull, StoreUnavailable,
        DeadlineExceeded and Overloaded mean that nothing was acknowledged.
        """
        ...

    async def check(self) -> None:
        """Tell whether the database answers; StoreUnavailable or StoreBusy when it doesn't."""
        ...


Work = Callable[[Transaction], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Every limit of the store; the unit is in the name, and none may be zero or less.

    `statement_seconds_max`: one statement may run so long (then DeadlineExceeded).
    `loop_seconds_max`: SQLite, a statement that runs so long in the event loop is run again in a thread.
    `lock_seconds_max`: a statement or a queued work waits so long for somebody else's lock (then StoreBusy).
    `statements_cached_max`: prepared statements kept for each connection.
    `reopen_seconds`: between two tries to reach a database that was gone.
    `write_queue_max`: SQLite, works waiting for the one writer (then Overloaded).
    `slow_reads_max`: SQLite, reads waiting for or running in the thread for slow ones (then Overloaded).
    `write_group_max`: SQLite, works that share one commit.
    `write_group_seconds_max`: SQLite, no further work joins a group that has run so long, so that reads go on.
    `lock_retry_seconds`: SQLite, between two tries to begin while another process writes.
    `checkpoint_pages`: SQLite, write-ahead log pages after which a checkpoint runs beside the writer.
    `checkpoint_pages_max`: SQLite, pages after which the writer waits for the checkpoint.
    `cache_kibibytes`: SQLite, page cache of each connection.
    `file_check_seconds`: SQLite, between two looks whether the file is still the one that was opened.
    `read_connections_max`, `write_connections_max`: PostgreSQL, connections in each pool.
    `connect_seconds_max`: PostgreSQL, to connect or to get a connection from the pool (then StoreBusy).
    `idle_transaction_seconds_max`: PostgreSQL ends a transaction whose owner has gone quiet.
    `conflict_tries_max`: PostgreSQL, runs of one work that meets deadlocks or serialisation failures.
    `conflict_wait_seconds`: PostgreSQL, the longest jittered pause before the second run; doubles with each.
    """

    statement_seconds_max: float = 5.0
    loop_seconds_max: float = 0.05
    lock_seconds_max: float = 3.0
    statements_cached_max: int = 512
    reopen_seconds: float = 0.2
    write_queue_max: int = 2_000
    slow_reads_max: int = 100
    write_group_max: int = 256
    write_group_seconds_max: float = 0.01
    lock_retry_seconds: float = 0.005
    checkpoint_pages: int = 4_000
    checkpoint_pages_max: int = 8_000
    cache_kibibytes: int = 8_192
    file_check_seconds: float = 1.0
    read_connections_max: int = 10
    write_connections_max: int = 10
    connect_seconds_max: float = 5.0
    idle_transaction_seconds_max: float = 10.0
    conflict_tries_max: int = 5
    conflict_wait_seconds: float = 0.02

    def __post_init__(self) -> None:
        """Refuse a limit that would mean "never" or "without end"."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            if not 0 < value < float("inf"):
                raise SettingsRefused(f"{setting.name} is {value}: write a number above 0, in the unit its name tells.")


DEFAULTS = StoreSettings()
