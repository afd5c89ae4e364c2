"""Checkpoints beside the writer: they copy the write-ahead log into the database file in a thread of their own.

A log starts anew only after a checkpoint copied all of it while nobody added to it. Under steady writing that never
happens beside the writer, so above `checkpoint_pages_max` the commit thread does the last part itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import apsw

from techlead.store.sqlite_connection import GuardedConnection


@dataclass(slots=True, eq=False)
class Checkpointer:
    """A thread that waits for the log to grow."""

    connect: Callable[[], GuardedConnection]
    step_pages: int
    pages_max: int
    pages: int = 0
    _due_at: int = 0
    _wanted: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it ends with `stop`."""
        self._due_at = self.step_pages
        self._thread = threading.Thread(target=self._serve, name="techlead-checkpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait until the thread has ended."""
        self._stopping = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def grew(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Hear from SQLite after each commit how many pages the log has; one checkpoint per `step_pages`."""
        if pages < self.pages:
            self._due_at = self.step_pages
        self.pages = pages
        if pages >= self._due_at:
            self._due_at = pages + self.step_pages
            self._wanted.set()
        return apsw.SQLITE_OK

    def is_overlong(self) -> bool:
        """Tell whether the writer should wait for a checkpoint, so that the log can start anew."""
        return self.pages >= self.pages_max

    def _serve(self) -> None:
        while self._wanted.wait():
            if self._stopping:
                return
            self._wanted.clear()
            self._copy()

    def _copy(self) -> None:
        try:
            connection = self.connect()
        except apsw.Error:  # the writer will tell; the next commits ask again
            return
        copy_back(connection.raw)
        connection.close()


def copy_back(connection: apsw.Connection) -> None:
    """Copy what can be copied without waiting for anybody; what is left is copied another time."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.Error:  # the commits stand without it
        return
