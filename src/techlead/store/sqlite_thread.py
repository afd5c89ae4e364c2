"""The thread that commits: the fsync and the checkpoint happen here, never in the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import apsw

from techlead.errors import StoreUnavailable
from techlead.store.sqlite_connection import GuardedConnection

MOVED = "The database file was moved or deleted while it was in use; what was written last is not acknowledged."

Told = Callable[[Exception | None], None]


@dataclass(slots=True, eq=False)
class CommitThread:
    """Ends transactions one after the other and tells the event loop how it went."""

    loop: asyncio.AbstractEventLoop
    is_in_place: Callable[[], bool]
    pages_max: int
    last_errno: int = 0
    pages: int = 0
    _jobs: SimpleQueue[tuple[GuardedConnection, bool, Told] | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it ends with `stop`."""
        self._thread = threading.Thread(target=self._serve, name="techlead-commit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait until the thread has ended."""
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()

    def finish(self, connection: GuardedConnection, writes: bool, told: Told) -> None:  # noqa: FBT001
        """End a transaction (roll back when nothing in it succeeded), then call `told` in the loop."""
        self._jobs.put((connection, writes, told))

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            connection, writes, told = job
            fault = self._end(connection, writes)
            try:
                self.loop.call_soon_threadsafe(told, fault)
            except RuntimeError:  # the loop was closed meanwhile: nobody is left to be told
                return

    def _end(self, connection: GuardedConnection, writes: bool) -> Exception | None:  # noqa: FBT001
        raw = connection.raw
        try:
            raw.execute("COMMIT" if writes else "ROLLBACK")
            if not self.is_in_place():
                return StoreUnavailable(MOVED)
            if self.pages > self.pages_max:
                self._checkpoint(raw)
        except Exception as error:  # noqa: BLE001 - it is told to everyone of the round
            self.last_errno = connection.system_errno
            self._roll_back(raw)
            return error
        return None

    def _checkpoint(self, raw: apsw.Connection) -> None:
        """Copy the whole log back while no writer can add to it, so that it can start anew."""
        try:
            raw.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:  # the commit stands; the next round tries again
            return

    def _roll_back(self, raw: apsw.Connection) -> None:
        try:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except apsw.Error:
            return
