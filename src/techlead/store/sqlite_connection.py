"""One SQLite connection as this house wants it: safe settings, a time budget for each statement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import apsw

from techlead.store.port import Row, StoreSettings, Value

# About a millisecond of a busy statement; most statements of a request end before the first look at the clock.
STEPS_BETWEEN_LOOKS = 20_000


class Budget:
    """How long one statement may run: the progress handler of a connection."""

    __slots__ = ("began", "seconds")

    def __init__(self, seconds: float) -> None:
        """Hold the seconds; `began` is 0 until the first look at the clock."""
        self.seconds = seconds
        self.began = 0.0

    def is_spent(self) -> bool:
        """Tell SQLite whether to interrupt; counts from the first look, to keep the clock off the hot path."""
        if not self.began:
            self.began = monotonic()
            return False
        return monotonic() - self.began > self.seconds


class GuardedConnection:
    """A connection whose statements are bounded in time."""

    __slots__ = ("_execute", "_execute_many", "budget", "raw")

    def __init__(self, raw: apsw.Connection, seconds: float) -> None:
        """Take over a raw connection."""
        self.raw = raw
        self.budget = Budget(seconds)
        self._execute = raw.execute
        self._execute_many = raw.executemany
        raw.set_progress_handler(self.budget.is_spent, STEPS_BETWEEN_LOOKS)

    def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a statement to its end; raises what the driver raises."""
        self.budget.began = 0.0
        return self._execute(sql, values).fetchall()

    def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement for each row of values; the budget is for all of them."""
        self.budget.began = 0.0
        if len(rows) == 1:  # most often; setting out for many costs as much as a small index
            self._execute(sql, rows[0]).fetchall()
        else:
            self._execute_many(sql, rows).fetchall()

    @property
    def system_errno(self) -> int:
        """The operating system's last error number, to tell a full disk from a broken one."""
        try:
            return self.raw.system_errno
        except apsw.Error:
            return 0

    def roll_back(self) -> None:
        """End the open transaction, if there is one, and forget it; the next BEGIN tells when that failed."""
        try:
            if self.raw.in_transaction:
                self.raw.execute("ROLLBACK")
        except apsw.Error:
            return

    def close(self) -> None:
        """Let go; nothing is left to be done about a failure here."""
        try:
            self.raw.close(force=True)
        except apsw.Error:
            return


Identity = tuple[int, int]


def _identity(path: Path) -> Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast as Path.stat, after every commit
    except OSError:
        return None
    return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """Where the database is, and how it is opened."""

    path: Path
    settings: StoreSettings
    vfs: str | None = None

    def identity(self) -> Identity | None:
        """Say which file is at the path now; None when there is none."""
        return _identity(self.path)

    def log_identity(self) -> Identity | None:
        """Say which write-ahead log lies beside the file now."""
        return _identity(self._beside("-wal"))

    def set_log_aside(self, log: Identity | None) -> None:
        """Rename the log of a file that was moved away, lest SQLite take it for the log of the file that came instead.

        SQLite cannot tell whose log it finds beside a file, and closing leaves the log when the file has moved.
        """
        if log is None or self.log_identity() != log:
            return
        try:
            self._beside("-wal").replace(self._beside("-wal-of-the-file-before"))
            self._beside("-shm").unlink(missing_ok=True)
        except OSError as error:
            raise apsw.CantOpenError(f"{type(error).__name__} while setting a log aside") from None

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def connect(self, *, create: bool, read_only: bool = False) -> GuardedConnection:
        """Open a connection; raises what the driver raises."""
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
        raw = apsw.Connection(
            str(self.path), flags=flags, vfs=self.vfs, statementcachesize=self.settings.statements_cached_max
        )
        try:
            self._prepare(raw, read_only=read_only)
        except apsw.Error:
            raw.close(force=True)
            raise
        return GuardedConnection(raw, self.settings.loop_seconds_max)

    def _prepare(self, raw: apsw.Connection, *, read_only: bool) -> None:
        raw.set_busy_timeout(0)
        raw.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        raw.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        # Plan once: with STAT4 a changed value in a range condition means planning anew, four times the statement's cost.
        raw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        raw.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        raw.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        raw.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        raw.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "wal_autocheckpoint=0",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
            f"cache_size=-{self.settings.cache_kibibytes}",
            f"query_only={int(read_only)}",
            "schema_version",  # a read, so that the log is open and can be told from another
        ):
            raw.execute(f"PRAGMA {pragma}").fetchall()
