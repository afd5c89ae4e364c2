"""An event loop whose time is virtual: when everything waits, it jumps to the next moment. A week passes in seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from techlead.primitives.clock import SECOND_US

T = TypeVar("T")
START_US = 1_800_000_000 * SECOND_US


class _Jumping(selectors.SelectSelector):
    """Never waits: tells its loop instead how long it would have."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        self.loop.passed += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at second 0; `clock` is its time in microseconds since the epoch, and may be set."""

    def __init__(self) -> None:
        """Stand at the start."""
        selector = _Jumping()
        selector.loop = self
        self.passed = 0.0
        self.set_by = 0
        super().__init__(selector)

    def time(self) -> float:
        """Give the virtual seconds since the start."""
        return self.passed

    def clock(self) -> int:
        """Give the virtual moment, in microseconds since the epoch."""
        return START_US + round(self.passed * SECOND_US) + self.set_by


def run_virtually(make: Any) -> Any:
    """Run `make(loop)`, a coroutine, to its end in virtual time."""
    loop = VirtualLoop()
    try:
        coroutine: Coroutine[Any, Any, Any] = make(loop)
        return loop.run_until_complete(coroutine)
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending))
        loop.close()
