"""SQLite: bounded reads in the event loop, one writer with group commit, checkpoints beside it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TypeVar

import apsw

from techlead.errors import ShuttingDown, StoreBusy, StoreUnavailable, summary
from techlead.store.port import DEFAULTS, Dialect, Row, StoreSettings, Transaction, Value
from techlead.store.sqlite_checkpoint import Checkpointer
from techlead.store.sqlite_connection import DatabaseFile, GuardedConnection
from techlead.store.sqlite_faults import translate
from techlead.store.sqlite_thread import MOVED, CommitThread
from techlead.store.sqlite_writer import GroupWriter

T = TypeVar("T")


class SqliteStore:
    """A database file of this process; other processes may read it, and write it briefly."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path | None, settings: StoreSettings = DEFAULTS, *, vfs: str | None = None) -> None:
        """Name the file (None: a private one, deleted at close); nothing is opened yet."""
        self._temporary = None if path else Path(tempfile.mkdtemp(prefix="techlead-"))
        self._file = DatabaseFile(path or Path(str(self._temporary)) / "data.db", settings, vfs)
        self._settings = settings
        self._identity: tuple[int, int] | None = None
        self._reader: GuardedConnection | None = None
        self._writing: GuardedConnection | None = None
        self._writer_is_stale = False
        self._tried = float("-inf")
        self._opened = self._closed = False
        self._watch: asyncio.TimerHandle | None = None
        self._thread: CommitThread
        self._checkpointer: Checkpointer
        self._writer: GroupWriter

    async def open(self) -> None:
        """Open or create the file; StoreUnavailable when that fails, and later operations try again."""
        self._start(asyncio.get_running_loop())
        self._read_connection()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._opened:
            return
        self._opened = True
        settings = self._settings
        self._thread = CommitThread(loop, self._is_in_place, settings.checkpoint_pages_max)
        self._checkpointer = Checkpointer(lambda: self._file.connect(create=False))
        self._writer = GroupWriter(self._write_connection, self._thread, settings, self._doubt)
        self._thread.start()
        self._checkpointer.start()
        self._watch = loop.call_later(settings.file_check_seconds, self._look, loop)

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        if self._closed or not self._opened:
            self._closed = True
            self._forget()
            return
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        await self._writer.close()
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._thread.stop()
        self._checkpointer.stop()
        for connection in (self._reader, self._writing):
            if connection is not None:
                connection.close()
        self._reader = self._writing = None
        self._forget()

    def _forget(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Give committed rows; never suspends unless another process is recovering the file."""
        reader = self._reader or self._read_connection()
        try:
            return reader.run(sql, values)
        except apsw.BusyError:
            pass
        except (apsw.Error, OverflowError, TypeError, ValueError) as error:
            fault = translate(error, sql, reader.system_errno)
            self._doubt(fault)
            raise fault from None
        return await self._read_again(sql, values)

    async def _read_again(self, sql: str, values: Sequence[Value]) -> list[Row]:
        until = monotonic() + self._settings.lock_seconds_max
        while monotonic() < until:
            await asyncio.sleep(self._settings.lock_retry_seconds)
            try:
                return self._read_connection().run(sql, values)
            except apsw.BusyError:
                continue
            except apsw.Error as error:
                raise translate(error, sql) from None
        raise StoreBusy(f"{summary(StoreBusy)} (lock_seconds_max)")

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work in one transaction and give its result once it is on the disk."""
        if not self._opened:
            self._start(asyncio.get_running_loop())
        return await self._writer.submit(work)  # type: ignore[no-any-return]

    async def check(self) -> None:
        """Tell whether the file is there and answers."""
        if not self._is_in_place():
            self._doubt(StoreUnavailable(MOVED))
        await self.read("SELECT 1")

    def _is_in_place(self) -> bool:
        return self._identity is not None and self._file.identity() == self._identity

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look from time to time whether somebody moved the file away, and whether the log has grown."""
        if self._reader is not None and not self._is_in_place():
            self._doubt(StoreUnavailable(MOVED))
        if self._thread.pages > self._settings.checkpoint_pages:
            self._checkpointer.want()
        self._watch = loop.call_later(self._settings.file_check_seconds, self._look, loop)

    def _doubt(self, error: BaseException) -> None:
        """After a fault of the file itself, open it anew before the next operation."""
        if isinstance(error, StoreUnavailable):
            reader, self._reader = self._reader, None
            self._writer_is_stale = True
            if reader is not None:
                reader.close()

    def _read_connection(self) -> GuardedConnection:
        if self._reader is None:
            self._reader = self._connect(read_only=True)
        return self._reader

    def _write_connection(self) -> GuardedConnection:
        """Give the writer's connection; called between rounds only, so it may be replaced here."""
        if self._writing is not None and self._writer_is_stale:
            self._writing.close()
            self._writing = None
        if self._writing is None:
            self._read_connection()
            self._writing = self._connect(read_only=False)
            self._writing.raw.set_wal_hook(self._count)
            self._writer_is_stale = False
        return self._writing

    def _count(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._thread.pages = pages
        if pages > self._settings.checkpoint_pages:
            self._checkpointer.want()
        return 0

    def _connect(self, *, read_only: bool) -> GuardedConnection:
        """Open the file; only the very first time may it be created, later an absent file is a fault."""
        if self._closed:
            raise ShuttingDown(summary(ShuttingDown))
        if monotonic() - self._tried < self._settings.reopen_seconds:
            raise StoreUnavailable(summary(StoreUnavailable))
        try:
            connection = self._file.connect(create=self._identity is None, read_only=read_only)
        except apsw.Error as error:
            self._tried = monotonic()
            raise translate(error) from None
        if read_only:
            self._identity = self._file.identity()
        return connection
