"""The thread that commits: the fsync happens here, never in the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import apsw

from techlead.errors import StoreUnavailable
from techlead.store.sqlite_checkpoint import Checkpointer, copy_back
from techlead.store.sqlite_connection import GuardedConnection
from techlead.store.sqlite_faults import translate

MOVED = "The database file was moved or deleted while it was in use; what was written last is not acknowledged."

# What is left to do before the commit, in this thread; tells whether there is anything to commit.
Rest = Callable[[], bool]
Told = Callable[[Exception | None], None]


@dataclass(slots=True, eq=False)
class CommitThread:
    """Commits one transaction after the other and tells the event loop how it went."""

    loop: asyncio.AbstractEventLoop
    is_in_place: Callable[[], bool]
    checkpointer: Checkpointer
    _jobs: SimpleQueue[tuple[GuardedConnection, Rest | None, Told] | None] = field(default_factory=SimpleQueue)
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

    def commit(self, connection: GuardedConnection, told: Told, rest: Rest | None = None) -> None:
        """Commit, then call `told` in the loop: with None, with a constraint's error, or with the world's."""
        self._jobs.put((connection, rest, told))

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            connection, rest, told = job
            fault = self._commit(connection, rest)
            try:
                self.loop.call_soon_threadsafe(told, fault)
            except RuntimeError:  # the loop was closed meanwhile: nobody is left to be told
                return

    def _commit(self, connection: GuardedConnection, rest: Rest | None) -> Exception | None:
        try:
            if rest is not None and not rest():
                connection.roll_back()
                return None
            connection.raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - this thread must live, and those who wait be told
            known = isinstance(error, apsw.Error)
            fault = translate(error, system_errno=connection.system_errno) if known else error
            connection.roll_back()
            return fault
        if not self.is_in_place():
            return StoreUnavailable(MOVED)
        if self.checkpointer.is_overlong():
            copy_back(connection.raw)
        return None
