"""What runs beside requests: named loops that survive their own failures and end when the server stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from techlead.errors import WorldError
from techlead.serve.events import EventLog

HURRIED_PAUSE_SECONDS: Final = 0.05
"""The least pause between two rounds, however often the work is hurried: what comes meanwhile is done together."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work to be done again and again: its name, the pause between, and the work."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[None]]


class Tasks:
    """Runs periodic work; a failure is logged and the work tried again after its pause."""

    def __init__(self, log: EventLog, periodic: Sequence[Periodic]) -> None:
        """Hold the work; nothing runs yet."""
        self._log = log
        self._periodic = tuple(periodic)
        self._running: list[asyncio.Task[None]] = []
        self._hurried: dict[str, asyncio.Event] = {}

    def start(self) -> None:
        """Start every loop."""
        if not self._running:
            self._hurried = {one.name: asyncio.Event() for one in self._periodic}
            self._running = [asyncio.create_task(self._loop(one), name=one.name) for one in self._periodic]

    def hurry(self, name: str) -> None:
        """Let the next round of some work begin soon; nothing happens when there is no such work."""
        if name in self._hurried:
            self._hurried[name].set()

    async def stop(self) -> None:
        """End every loop and wait until it has ended."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _loop(self, one: Periodic) -> None:
        while True:
            try:
                await one.work()
            except WorldError as error:
                self._log.warning("task_waits", task=one.name, reason=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - a loop outlives what goes wrong in one round
                self._log.failure("task_failed", error, task=one.name)
            await self._pause(one)

    async def _pause(self, one: Periodic) -> None:
        await asyncio.sleep(min(HURRIED_PAUSE_SECONDS, one.every_seconds))
        hurried = self._hurried[one.name]
        with suppress(TimeoutError):
            async with asyncio.timeout(one.every_seconds):
                await hurried.wait()
        hurried.clear()
