"""The deadline of requests that change something: one timer for all of them, since a timer each costs more than the look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

T = TypeVar("T")

LOOK_SECONDS: Final = 0.25
"""How late a deadline may be noticed."""


class Deadlines:
    """Ends, within LOOK_SECONDS, what has run longer than its time."""

    def __init__(self, seconds: float) -> None:
        """Allow so many seconds to each."""
        self._seconds = seconds
        self._until: dict[asyncio.Task[object], float] = {}
        self._ended: set[asyncio.Task[object]] = set()
        self._looking: asyncio.AbstractEventLoop | None = None

    async def bound(self, work: Awaitable[T]) -> T:
        """Await a work within the running task; TimeoutError when its time is over."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - a coroutine that awaits runs in a task
        self._until[task] = loop.time() + self._seconds
        if self._looking is not loop:
            self._looking = loop
            loop.call_later(LOOK_SECONDS, self._look, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task in self._ended and task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._until.pop(task, None)
            self._ended.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what is late, once each; stop looking when nothing is under way."""
        now = loop.time()
        for task in [task for task, until in self._until.items() if until <= now]:
            del self._until[task]
            self._ended.add(task)
            task.cancel()
        if self._until:
            loop.call_later(LOOK_SECONDS, self._look, loop)
        else:
            self._looking = None
