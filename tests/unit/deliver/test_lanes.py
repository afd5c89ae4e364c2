"""A worker whose own parts fail says so and ends; it does not go on taking jobs of which nothing comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from techlead.deliver.lanes import LaneWorker, _beside
from techlead.deliver.limits import LimitsBook
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.errors import WorldError
from techlead.primitives.clock import system_clock

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


class Broken:
    """A dispatcher with a fault of its own."""

    async def run(self) -> None:
        await asyncio.sleep(0)
        raise ValueError("a fault of ours")


async def test_a_dispatcher_that_fails_ends_its_worker_with_the_failure() -> None:
    book, waits = LimitsBook(), list[WorldError]()
    outbox = MemoryOutbox(system_clock, book)
    dispatcher: Any = Broken()
    worker = LaneWorker(NOWHERE, outbox, dispatcher, book, system_clock, waits.append)
    with pytest.raises(ValueError, match="a fault of ours"):
        await asyncio.wait_for(worker.run(), 10)


async def test_whoever_stops_a_worker_stops_all_of_it() -> None:
    ended = []

    async def part() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def whole() -> None:
        async with _beside(part(), part()):
            await asyncio.Event().wait()

    task = asyncio.create_task(whole())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True, True]
