"""Reads that are too slow for the event loop: they run again in a thread, on a connection of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from techlead.errors import Overloaded, summary
from techlead.store.port import Row, StoreSettings, Value
from techlead.store.sqlite_connection import GuardedConnection


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="techlead-slow")


@dataclass(slots=True, eq=False)
class SlowReads:
    """One thread, so that slow reads wait for each other and for nobody else."""

    connect: Callable[[], GuardedConnection]
    settings: StoreSettings
    _thread: ThreadPoolExecutor = field(default_factory=_one_thread)
    _waiting: int = 0

    async def run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        """Run a statement with the whole time a statement may take; raises what the driver raises."""
        if self._waiting >= self.settings.slow_reads_max:
            raise Overloaded(f"{summary(Overloaded)} (slow_reads_max)")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, sql, values)
        finally:
            self._waiting -= 1

    def _run(self, sql: str, values: Sequence[Value]) -> list[Row]:
        connection = self.connect()
        connection.budget.seconds = self.settings.statement_seconds_max
        try:
            return connection.run(sql, values)
        finally:
            connection.close()

    def stop(self) -> None:
        """Wait until the thread has ended."""
        self._thread.shutdown()
