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

from techlead.errors import ProgramError, ShuttingDown, StoreBusy, StoreUnavailable, TechleadError, summary
from techlead.store.port import DEFAULTS, Dialect, Row, StoreSettings, Transaction, Value
from techlead.store.sqlite_checkpoint import Checkpointer
from techlead.store.sqlite_connection import DatabaseFile, GuardedConnection, Identity
from techlead.store.sqlite_faults import DRIVER_ERRORS, translate
from techlead.store.sqlite_slow import SlowReads
from techlead.store.sqlite_thread import MOVED, CommitThread
from techlead.store.sqlite_writer import GroupWriter

T = TypeVar("T")

WRITES = "`read` was given a statement that writes: use `write`."
# Reads the first page; `SELECT 1` alone would not touch the file.
LOOK = "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)"


class SqliteStore:
    """A database file of this process; other processes may read it, and write it briefly."""

    dialect: Dialect = "sqlite"
    reads_at_once: bool = True

    def __init__(self, path: Path | None, settings: StoreSettings = DEFAULTS, *, vfs: str | None = None) -> None:
        """Name the file (None: a private one, deleted at close); nothing is opened yet."""
        self._path = path
        self._settings = settings
        self._vfs = vfs
        self._running: Running | None = None
        self._closed = False

    async def open(self) -> None:
        """Open or create the file; StoreUnavailable when that fails, and later operations try again."""
        await self.check()

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        self._closed = True
        running, self._running = self._running, None
        if running is not None:
            await running.stop()

    async def read(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Give committed rows; never suspends unless another process is recovering the file."""
        running = self._running or self._start()
        try:
            return (running.reader or running.connect_reader()).run(sql, values)
        except (apsw.BusyError, apsw.InterruptError) as error:
            slow = isinstance(error, apsw.InterruptError)
        except DRIVER_ERRORS as error:
            raise running.read_fault(error, sql) from None
        return await self._read_again(running, sql, values, slow=slow)

    async def _read_again(self, running: Running, sql: str, values: Sequence[Value], *, slow: bool) -> list[Row]:
        """Read in the thread for slow reads, and wait while another process holds the whole file."""
        until = monotonic() + self._settings.lock_seconds_max
        while monotonic() < until:
            try:
                if slow:
                    return await running.slow_reads.run(sql, values)
                return (running.reader or running.connect_reader()).run(sql, values)
            except apsw.BusyError:
                await asyncio.sleep(self._settings.lock_retry_seconds)
            except DRIVER_ERRORS as error:
                raise running.read_fault(error, sql) from None
        raise StoreBusy(f"{summary(StoreBusy)} (lock_seconds_max)")

    def glance(self, sql: str, values: Sequence[Value]) -> list[Row] | None:
        """Give committed rows at once, or None."""
        running = self._running
        if running is None or running.reader is None:
            return None
        try:
            return running.reader.run(sql, values)
        except DRIVER_ERRORS:  # `read` meets it again, and knows what to do
            return None

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a work in one transaction and give its result once it is on the disk."""
        running = self._running or self._start()
        return await running.writer.submit(work)  # type: ignore[no-any-return]

    async def check(self) -> None:
        """Tell whether the file is there and answers."""
        running = self._running or self._start()
        if running.reader is not None:
            running.look()
        await self.read(LOOK)

    def _start(self) -> Running:
        if self._closed:
            raise ShuttingDown(summary(ShuttingDown))
        self._running = Running(self._path, self._settings, self._vfs)
        return self._running


class Running:
    """The connections and threads of an open store; bound to the event loop that made it."""

    def __init__(self, path: Path | None, settings: StoreSettings, vfs: str | None) -> None:
        """Start the threads; connections are made when they are needed, and made anew after a fault of the file."""
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._temporary = None if path else Path(tempfile.mkdtemp(prefix="techlead-"))
        self._file = DatabaseFile(path or Path(str(self._temporary)) / "data.db", settings, vfs)
        self._identity: Identity | None = None
        self._log_identity: Identity | None = None
        self._last_try = float("-inf")
        self.reader: GuardedConnection | None = None
        self._writing: GuardedConnection | None = None
        self._is_doubtful = False
        self._checkpointer = Checkpointer(
            self._connect_beside, settings.checkpoint_pages, settings.checkpoint_pages_max
        )
        self._thread = CommitThread(self._loop, self._is_in_place, self._checkpointer)
        self.slow_reads = SlowReads(self._connect_beside, settings)
        self.writer = GroupWriter(self._connect_writer, self._thread, settings, self.doubt)
        self._thread.start()
        self._checkpointer.start()
        self._watch = self._loop.call_later(settings.file_check_seconds, self._watch_file)

    async def stop(self) -> None:
        """Settle what was accepted, then end the threads and close the file."""
        self._watch.cancel()
        await self.writer.settled()
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        self._thread.stop()
        self._checkpointer.stop()
        self.slow_reads.stop()
        for connection in (self.reader, self._writing):
            if connection is not None:
                connection.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def doubt(self, fault: BaseException) -> None:
        """After a fault of the file itself, let go of it; the next operation opens it anew."""
        if isinstance(fault, StoreUnavailable):
            self._is_doubtful = True
            if self.reader is not None:
                self.reader.close()
                self.reader = None
            self._let_go_of_writing()

    def _let_go_of_writing(self) -> None:
        """Close a doubtful writer, unless it is in the middle of a round: then the next one tries."""
        if self._is_doubtful and not self.writer.in_transaction:
            if self._writing is not None:
                self._writing.close()
                self._writing = None
            self._is_doubtful = False

    def look(self) -> None:
        """Doubt the connections when the file is not the one that was opened."""
        if not self._is_in_place():
            self.doubt(StoreUnavailable(MOVED))

    def read_fault(self, error: Exception, sql: str) -> TechleadError:
        """Give our error for what the driver said to a read."""
        if isinstance(error, apsw.ReadOnlyError) and getattr(error, "extendedresult", 0) == apsw.SQLITE_READONLY:
            return ProgramError(WRITES)
        fault = translate(error, sql, self.reader.system_errno if self.reader else 0)
        self.doubt(fault)
        return fault

    def connect_reader(self) -> GuardedConnection:
        """Open the file for reading; only the very first time may it be created, later its absence is a fault."""
        # First close everything, then open anything: the log of a file that was moved away must not meet its successor.
        self._let_go_of_writing()
        if self._is_doubtful:
            raise StoreUnavailable(summary(StoreUnavailable))
        now = monotonic()
        if now - self._last_try < self._settings.reopen_seconds:
            raise StoreUnavailable(f"{summary(StoreUnavailable)} (tried {self._settings.reopen_seconds} s ago)")
        if not self._is_in_place() and self._file.identity() is not None:
            self._file.set_log_aside(self._log_identity)
        try:
            self.reader = self._file.connect(create=self._identity is None, read_only=True)
        except apsw.BusyError:
            raise
        except apsw.Error:
            self._last_try = now
            raise
        self._identity, self._log_identity = self._file.identity(), self._file.log_identity()
        return self.reader

    def _connect_writer(self) -> GuardedConnection:
        """Give the writer's connection; called between rounds only, so it may be replaced here."""
        self._let_go_of_writing()
        if self._writing is None:
            self.reader = self.reader or self.connect_reader()
            self._writing = self._file.connect(create=False)
            self._writing.raw.set_wal_hook(self._checkpointer.grew)
        return self._writing

    def _connect_beside(self) -> GuardedConnection:
        """Give a connection to one of the threads; it reads and checkpoints, and changes no row."""
        if not self._is_in_place():
            raise apsw.CantOpenError(MOVED)
        return self._file.connect(create=False, read_only=True)

    def _is_in_place(self) -> bool:
        return self._identity is not None and self._file.identity() == self._identity

    def _watch_file(self) -> None:
        """Look from time to time whether somebody moved the file away: reads alone would never notice."""
        if self.reader is not None:
            self.look()
        self._watch = self._loop.call_later(self._settings.file_check_seconds, self._watch_file)
