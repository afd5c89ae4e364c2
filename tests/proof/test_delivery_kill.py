"""kill -9 at any moment: nothing lost, nothing sent for a change that was not, nothing twice but what was in flight."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dispatching import until
from doomed import FORKS, PLACES, Post, live, post_office
from engines import Engine, opened

pytestmark = [pytest.mark.proof, pytest.mark.volume]
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
SHORT = {"sqlite": 60, "postgresql": 20}
KILLS = int(os.environ.get("TECHLEAD_KILLS", "0")) or (1_000 if LONG else 0)
LIVES_SECONDS_MAX = 0.3 if LONG else 0.05
"""From the first message that a process delivers to its end: a turn takes a few milliseconds."""
LEFT_SECONDS_MAX = 600 if LONG else 30
"""How long it may take to deliver what is left after the last of the kills."""
IN_FLIGHT_MAX = 16


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with post_office() as opened_office:
        yield opened_office


@pytest.fixture(params=["sqlite", "postgresql"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    async with opened(request.param, tmp_path) as made:
        yield made


async def ended(engine: Engine, post: Post, seconds: float = LEFT_SECONDS_MAX) -> None:
    """Let another process deliver what is left."""
    process = FORKS.Process(target=live, args=(engine.kind, engine.url, post.port), kwargs={"puts": False})
    process.start()
    try:
        await until(engine.ended, seconds)
    finally:
        process.kill()
        process.join()


async def check(engine: Engine, post: Post, kills: int) -> None:
    """Nothing lost, no ghosts, duplicates within bounds."""
    states = await engine.states()
    received = set(post.received)
    assert [key for key in states if key not in received] == [], "lost"
    assert received <= set(states), "ghosts: sent for a change that did not commit"
    assert set(states.values()) == {"delivered"}
    assert post.received.total() - len(received) <= IN_FLIGHT_MAX * kills


async def test_killed_again_and_again_it_loses_nothing(engine: Engine, post: Post) -> None:
    dice, kills = random.Random(4), KILLS or SHORT[engine.kind]
    for _ in range(kills):
        process = FORKS.Process(target=live, args=(engine.kind, engine.url, post.port))
        process.start()
        before = post.received.total()

        async def delivers(before: int = before) -> bool:
            return post.received.total() > before

        await until(delivers, 30)
        await asyncio.sleep(dice.uniform(0, LIVES_SECONDS_MAX))
        process.kill()
        process.join()
    await ended(engine, post)
    await check(engine, post, kills)
    assert len(post.received) >= kills


@pytest.mark.parametrize("place", PLACES)
async def test_a_crash_at_this_place_loses_nothing(engine: Engine, post: Post, place: str) -> None:
    process = FORKS.Process(target=live, args=(engine.kind, engine.url, post.port, place, 3))
    process.start()
    try:
        await asyncio.to_thread(process.join, 30)
        assert process.exitcode == -9, f"it never came to {place}"
    finally:
        process.kill()
        process.join()
    await ended(engine, post)
    await check(engine, post, 1)


async def test_one_of_two_workers_is_killed_for_good_and_nothing_is_missing(tmp_path: Path, post: Post) -> None:
    async with opened("lanes", tmp_path) as engine:
        await engine.put(200)
        await engine.put(100, "https://second.example/in")
        workers = [
            FORKS.Process(target=live, args=("lanes", engine.url, post.port), kwargs={"puts": False}) for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        try:

            async def begun() -> bool:
                return post.received.total() > 20

            await until(begun, 30)
            workers[0].kill()
            await until(engine.ended, 60)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        await check(engine, post, 1)
