"""Periodic work: it survives its failures, can be hurried, and ends when told."""

from __future__ import annotations

import asyncio
import json
from time import monotonic
from typing import Any

from techlead.errors import StoreUnavailable
from techlead.primitives.clock import system_clock
from techlead.serve.events import EventLog
from techlead.serve.tasks import HURRIED_PAUSE_SECONDS, Periodic, Tasks

NEVER = 3_600


class Work:
    """Counts its rounds, and fails in some."""

    def __init__(self, *failures: Exception | None) -> None:
        self.rounds = 0
        self.came = asyncio.Condition()
        self._failures = list(failures)

    async def __call__(self) -> None:
        async with self.came:
            self.rounds += 1
            self.came.notify_all()
        if self._failures and (failure := self._failures.pop(0)):
            raise failure

    async def until(self, rounds: int) -> None:
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: self.rounds >= rounds)


def log_of(events: list[dict[str, Any]]) -> EventLog:
    return EventLog(system_clock, lambda lines: events.extend(map(json.loads, lines.splitlines())))


async def test_work_goes_on_after_a_failure_and_the_log_tells_which() -> None:
    events: list[dict[str, Any]] = []
    work = Work(StoreUnavailable(), ValueError("private"), None)
    tasks = Tasks(log_of(events), [Periodic("sweep", 0.01, work)])
    tasks.start()
    await work.until(3)
    await tasks.stop()
    assert [(event["event"], event["task"]) for event in events] == [("task_waits", "sweep"), ("task_failed", "sweep")]
    assert "private" not in str(events)


async def test_hurried_work_does_not_wait_for_its_turn() -> None:
    work, other = Work(), Work()
    tasks = Tasks(log_of([]), [Periodic("mail", NEVER, work), Periodic("sweep", NEVER, other)])
    tasks.start()
    await work.until(1)
    tasks.hurry("mail")
    tasks.hurry("nothing of that name")
    await work.until(2)
    await tasks.stop()
    assert other.rounds == 1


async def test_work_that_is_hurried_often_is_done_together() -> None:
    work = Work()
    tasks = Tasks(log_of([]), [Periodic("mail", NEVER, work)])
    tasks.start()
    await work.until(1)
    began = monotonic()
    for _ in range(1_000):
        tasks.hurry("mail")
        await asyncio.sleep(0)
    pauses = int((monotonic() - began) / HURRIED_PAUSE_SECONDS)  # none, but on a busy machine
    await work.until(2)
    await asyncio.sleep(3 * HURRIED_PAUSE_SECONDS)
    await tasks.stop()
    assert work.rounds <= 2 + pauses


async def test_nothing_runs_after_the_stop() -> None:
    work = Work()
    tasks = Tasks(log_of([]), [Periodic("sweep", 0.01, work)])
    tasks.start()
    tasks.start()
    await work.until(1)
    await tasks.stop()
    rounds = work.rounds
    await asyncio.sleep(0.05)
    assert work.rounds == rounds
