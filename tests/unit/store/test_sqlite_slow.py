"""What is slow on SQLite ends in a thread; the event loop goes on."""

# ruff: noqa: ASYNC240 - the tests move and look at small files

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from unit.store.store_tables import add, amounts, create_tables

from techlead.errors import Overloaded, StoreUnavailable
from techlead.store.port import StoreSettings, Transaction
from techlead.store.sqlite import SqliteStore

SLOW = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {}) SELECT max(x) FROM n"


async def longest_pause(stop: asyncio.Event) -> float:
    """Give the longest time in which the event loop ran nothing else, in seconds."""
    loop, longest = asyncio.get_running_loop(), 0.0
    while not stop.is_set():
        before = loop.time()
        await asyncio.sleep(0.001)
        longest = max(longest, loop.time() - before)
    return longest


@pytest.mark.parametrize("door", ["read", "write"])
async def test_a_slow_statement_ends_in_a_thread_while_the_loop_goes_on(path: Path, door: str) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.02, statement_seconds_max=20))
    await create_tables(store)
    stop = asyncio.Event()
    watching = asyncio.create_task(longest_pause(stop))
    slow = SLOW.format(2_000_000)
    before = asyncio.get_running_loop().time()
    if door == "read":
        assert await store.read(slow) == [(2_000_000,)]
    else:
        ends = await asyncio.gather(
            store.write(add(1, "ada")),
            store.write(lambda t: t.run(f"INSERT INTO person SELECT id, 'bob', 0 FROM (SELECT 2 AS id, ({slow}))")),
            store.write(lambda t: t.run(slow)),
            store.write(add(4, "eve")),
        )
        assert ends == [None, [], [(2_000_000,)], None]
        assert set(await amounts(store)) == {1, 2, 4}
    took = asyncio.get_running_loop().time() - before
    stop.set()
    assert await watching < took / 2
    await store.close()


async def test_a_slow_work_that_fails_in_the_thread_harms_nobody(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.01, statement_seconds_max=20))
    await create_tables(store)

    async def work(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        await transaction.run(SLOW.format(500_000))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await store.write(work)
    await store.write(add(2, "bob"))
    assert await amounts(store) == {2: 0}
    await store.close()


async def test_slow_reads_wait_in_a_bounded_line(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.01, statement_seconds_max=20, slow_reads_max=2))
    ends = await asyncio.gather(*[store.read(SLOW.format(300_000)) for _ in range(4)], return_exceptions=True)
    assert [type(end) for end in ends] == [list, list, Overloaded, Overloaded]
    await store.close()


async def test_a_slow_read_on_a_file_that_went_away_is_unavailable(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.01, file_check_seconds=60))
    await store.open()
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StoreUnavailable):
        await store.read(SLOW.format(2_000_000))
    await store.close()


async def test_slow_works_wait_for_each_other_and_all_succeed(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.01, statement_seconds_max=20))
    await create_tables(store)
    slow = SLOW.format(300_000)
    ends = await asyncio.gather(*[store.write(lambda t: t.run(slow)) for _ in range(3)], store.write(add(1, "ada")))
    assert ends == [[(300_000,)]] * 3 + [None]
    await store.close()
