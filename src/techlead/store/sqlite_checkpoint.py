"""Checkpoints beside the writer: they copy the write-ahead log into the database file in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import apsw

from techlead.store.sqlite_connection import GuardedConnection


@dataclass(slots=True, eq=False)
class Checkpointer:
    """A thread with its own connection that waits for the log to grow."""

    connect: Callable[[], GuardedConnection]
    _wanted: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it ends with `stop`."""
        self._thread = threading.Thread(target=self._serve, name="techlead-checkpoint", daemon=True)
        self._thread.start()

    def want(self) -> None:
        """Ask for a checkpoint soon."""
        self._wanted.set()

    def stop(self) -> None:
        """Wait until the thread has ended."""
        self._stopping = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while self._wanted.wait():
            if self._stopping:
                return
            self._wanted.clear()
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Copy what can be copied without waiting for anybody; what fails is tried again after the next commits."""
        try:
            connection = self.connect()
        except apsw.Error:
            return
        try:
            connection.raw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            return
        finally:
            connection.close()
