"""Policies of others in the same world: each as its documentation gives it, in a worker with sixteen slots.

The schedules: tenacity's `@retry` without arguments (for ever, no wait); Celery's `autoretry_for` with
`retry_backoff=True` (3 retries, 1 s doubled up to 600 s, full jitter); Svix (5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from heapq import heappop, heappush

from techlead.deliver.port import Delivered

from .virtual_time import VirtualLoop
from .world import FAILING, HEALTHY, World

SLOTS = 16
SVIX_SECONDS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
CELERY_RETRIES = 3
CELERY_SECONDS_MAX = 600
END_SECONDS = 200_000.0
EARLY_SECONDS = 1e-6
"""A loop fires its timers early by up to the resolution of its clock; who then asks again at once would never let time pass."""

Wait = Callable[[int], float | None]
"""Gives the wait after so many tries; None gives up."""


def celery(seed: int) -> Wait:
    """Wait as Celery does."""
    dice = random.Random(seed)

    def wait(tries: int) -> float | None:
        return None if tries > CELERY_RETRIES else dice.uniform(0, min(CELERY_SECONDS_MAX, 2 ** (tries - 1)))

    return wait


def svix(_seed: int) -> Wait:
    """Wait as Svix does."""
    return lambda tries: SVIX_SECONDS[tries - 1] if tries <= len(SVIX_SECONDS) else None


def tenacity(_seed: int) -> Wait:
    """Wait as tenacity does when it is told nothing: not at all, for ever, and in the slot."""
    return lambda _tries: 0.0


class Pool:
    """A worker whose slots take the job that has been due longest, whatever its destination."""

    def __init__(self, world: World, wait: Wait, *, in_slot: bool) -> None:
        """Retry in the slot (`in_slot`) or put the job back until its moment."""
        self._world = world
        self._wait = wait
        self._in_slot = in_slot
        self._queue: list[tuple[float, int, str, int]] = []
        self._wake = asyncio.Event()
        self.left = 0

    def put(self, at: float, number: int, destination: str, tries: int = 0) -> None:
        """Let a job wait."""
        heappush(self._queue, (at, number, destination, tries))
        self._wake.set()

    async def work(self, loop: VirtualLoop) -> None:
        """Work as one slot."""
        while True:
            while not self._queue or self._queue[0][0] > loop.time() + EARLY_SECONDS:
                self._wake.clear()
                pause = self._queue[0][0] - loop.time() if self._queue else END_SECONDS
                try:
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
                except TimeoutError:
                    pass
            _, number, destination, tries = heappop(self._queue)
            await self._job(loop, number, destination, tries)

    async def _job(self, loop: VirtualLoop, number: int, destination: str, tries: int) -> None:
        while not isinstance(await self._world.send(destination, number), Delivered):
            tries += 1
            wait = self._wait(tries)
            if wait is None or loop.time() > END_SECONDS:
                break
            if not self._in_slot:
                self.put(loop.time() + wait, number, destination, tries)
                return
            await asyncio.sleep(wait)
        self.left -= 1


async def deliver(loop: VirtualLoop, world: World, wait: Wait, *, in_slot: bool) -> None:
    """Make every notification at its moment, and work until none is left."""
    pool = Pool(world, wait, in_slot=in_slot)
    pool.left = 2 * world.load.count
    workers = [asyncio.create_task(pool.work(loop)) for _ in range(SLOTS)]
    for number in range(world.load.count):
        await asyncio.sleep(max(0.0, world.made_at(number) - loop.time()))
        pool.put(loop.time(), number, FAILING)
        pool.put(loop.time(), number, HEALTHY)
    while pool.left and loop.time() < END_SECONDS:  # noqa: ASYNC110 - virtual time passes by waiting
        await asyncio.sleep(30)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
