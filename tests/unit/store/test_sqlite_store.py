"""What holds for SQLite alone: safe settings, group commit, locks of other processes, the log."""

# ruff: noqa: ASYNC240 - the tests move and look at small files

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import apsw
import pytest
from unit.store.faulty_files import FaultyFiles
from unit.store.store_tables import QUICK, add, amounts, create_tables

from techlead.errors import ProgramError, ReferenceViolated, StoreBusy, UniqueViolated
from techlead.store.port import StoreSettings, Transaction
from techlead.store.sqlite import SqliteStore
from techlead.store.sqlite_checkpoint import Checkpointer
from techlead.store.sqlite_connection import GuardedConnection
from techlead.store.sqlite_writer import GroupWriter


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, QUICK)
    await opened.open()
    await create_tables(opened)
    yield opened
    await opened.close()


async def test_safe_settings_are_in_force(store: SqliteStore) -> None:
    async def pragmas(transaction: Transaction) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "wal_autocheckpoint", "busy_timeout")
        return {name: (await transaction.run(f"PRAGMA {name}"))[0][0] for name in names}

    assert await store.write(pragmas) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "wal_autocheckpoint": 0,
        "busy_timeout": 0,
    }


async def test_a_double_quoted_string_is_no_string(store: SqliteStore) -> None:
    with pytest.raises(ProgramError, match="no such column"):
        await store.read('SELECT "no_such_thing"')


async def test_waiting_writes_share_commits(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    before = faulty.syncs
    await asyncio.gather(*[fragile.write(add(n, f"p{n}")) for n in range(200)])
    assert 1 <= faulty.syncs - before <= 12
    assert len(await amounts(fragile)) == 200


async def test_a_single_write_is_synced_before_it_is_acknowledged(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    for n in range(5):
        before = faulty.syncs
        await fragile.write(add(n, f"p{n}"))
        assert faulty.syncs > before


async def test_works_run_in_the_order_in_which_they_came(path: Path, store: SqliteStore) -> None:
    patient = SqliteStore(path, StoreSettings(lock_seconds_max=60))  # a slow machine may need longer than QUICK waits
    order: list[int] = []

    def numbered(number: int) -> object:
        async def work(transaction: Transaction) -> None:
            order.append(number)

        return work

    await asyncio.gather(*[patient.write(numbered(n)) for n in range(700)])
    assert order == list(range(700))
    await patient.close()


async def test_reads_go_on_while_a_commit_waits_for_the_disk(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    faulty.hold_syncs()
    writing = asyncio.create_task(fragile.write(add(1, "ada")))
    await asyncio.to_thread(faulty.wait_for_sync)
    assert await amounts(fragile) == {}
    assert not writing.done()
    faulty.let_syncs_go()
    await writing
    assert await amounts(fragile) == {1: 0}


async def test_a_caller_who_left_before_the_work_began_is_forgotten(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    faulty.hold_syncs()
    first = asyncio.create_task(fragile.write(add(1, "ada")))
    await asyncio.to_thread(faulty.wait_for_sync)
    second = asyncio.create_task(fragile.write(add(2, "bob")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    faulty.let_syncs_go()
    await first
    await fragile.write(add(3, "eve"))
    assert set(await amounts(fragile)) == {1, 3}


async def test_a_caller_who_leaves_during_the_commit_changes_nothing(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    faulty.hold_syncs()
    writing = asyncio.create_task(fragile.write(add(1, "ada")))
    await asyncio.to_thread(faulty.wait_for_sync)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    faulty.let_syncs_go()
    await fragile.write(add(2, "bob"))
    assert set(await amounts(fragile)) == {1, 2}


async def test_a_work_that_waits_for_something_else_is_the_programs_fault(store: SqliteStore) -> None:
    async def sleepy(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        await asyncio.sleep(0.001)

    ends = await asyncio.gather(store.write(sleepy), store.write(add(2, "bob")), return_exceptions=True)
    assert isinstance(ends[0], ProgramError)
    assert "await nothing but its transaction" in str(ends[0])
    assert await amounts(store) == {2: 0}


async def test_a_work_that_clings_to_its_wait_is_the_programs_fault(store: SqliteStore) -> None:
    async def stubborn(transaction: Transaction) -> None:
        try:
            await asyncio.sleep(0.001)
        except GeneratorExit:
            await asyncio.sleep(0.001)

    with pytest.raises(ProgramError, match="await nothing but"):
        await store.write(stubborn)
    await store.write(add(2, "bob"))


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
async def test_a_work_that_ends_its_transaction_is_the_programs_fault(store: SqliteStore, ending: str) -> None:
    ends = await asyncio.gather(
        store.write(add(1, "ada")), store.write(lambda t: t.run(ending)), return_exceptions=True
    )
    assert [type(end) for end in ends] == [ProgramError, ProgramError]
    await store.write(add(2, "bob"))
    assert 2 in await amounts(store)


async def test_when_one_work_makes_sqlite_roll_back_all_the_others_run_again(store: SqliteStore) -> None:
    await store.write(add(1, "ada"))
    insert = "INSERT OR ROLLBACK INTO person VALUES (2, 'ada', 0)"
    ends = await asyncio.gather(
        store.write(add(3, "bob")),
        store.write(lambda t: t.run(insert)),
        store.write(add(4, "eve")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [type(None), UniqueViolated, type(None)]
    assert set(await amounts(store)) == {1, 3, 4}


def add_and_fail(row: int, name: str) -> Callable[[Transaction], Awaitable[None]]:
    """Add somebody, then think better of it."""

    async def work(transaction: Transaction) -> None:
        await add(row, name)(transaction)
        raise ZeroDivisionError

    return work


async def test_a_work_that_fails_after_it_changed_rows_leaves_nothing_and_costs_its_round_nothing(
    store: SqliteStore,
) -> None:
    ends = await asyncio.gather(
        store.write(add(1, "ada")),
        store.write(add_and_fail(2, "bob")),
        store.write(add(3, "eve")),
        store.write(add_and_fail(4, "dan")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [type(None), ZeroDivisionError, type(None), ZeroDivisionError]
    assert set(await amounts(store)) == {1, 3}


async def test_without_its_second_run_apart_a_round_would_keep_half_of_a_work(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GroupWriter, "_again_apart", lambda _writer, group: group)
    await asyncio.gather(store.write(add(1, "ada")), store.write(add_and_fail(2, "bob")), return_exceptions=True)
    assert set(await amounts(store)) == {1, 2}


async def test_a_constraint_that_waits_for_the_commit_fails_only_who_broke_it(store: SqliteStore) -> None:
    await store.write(
        lambda t: t.run("CREATE TABLE later (id INTEGER REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED)")
    )
    ends = await asyncio.gather(
        store.write(add(1, "ada")),
        store.write(lambda t: t.run("INSERT INTO later VALUES (77)")),
        store.write(add(2, "bob")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [type(None), ReferenceViolated, type(None)]
    assert set(await amounts(store)) == {1, 2}
    assert await store.read("SELECT * FROM later") == []


async def test_a_long_round_makes_room_for_reads(path: Path, store: SqliteStore) -> None:
    hurried = SqliteStore(path, StoreSettings(write_group_seconds_max=1e-9))
    await asyncio.gather(*[hurried.write(add(n, f"p{n}")) for n in range(20)])
    assert len(await amounts(hurried)) == 20
    await hurried.close()


async def test_a_lock_of_another_process_is_waited_for(path: Path, store: SqliteStore) -> None:
    patient = SqliteStore(path, StoreSettings(lock_seconds_max=60))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.1, lambda: other.execute("COMMIT"))
    await asyncio.gather(*[patient.write(add(n, f"p{n}")) for n in range(5)])
    assert len(await amounts(store)) == 5
    other.close()
    await patient.close()


async def test_a_lock_held_too_long_is_busy_for_everyone_who_waits(path: Path, store: SqliteStore) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    ends = await asyncio.gather(*[store.write(add(n, f"p{n}")) for n in range(5)], return_exceptions=True)
    assert {type(end) for end in ends} == {StoreBusy}
    assert await amounts(store) == {}
    other.execute("ROLLBACK")
    await store.write(add(1, "ada"))
    other.close()


async def test_a_file_locked_as_a_whole_is_busy_for_readers_too_and_passes(path: Path, store: SqliteStore) -> None:
    await store.close()
    other = apsw.Connection(str(path))
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO person VALUES (1, 'ada', 0)")
    other.execute("COMMIT")
    late = SqliteStore(path, QUICK)
    with pytest.raises(StoreBusy):
        await late.open()
    reading = asyncio.create_task(late.read("SELECT id FROM person"))
    await asyncio.sleep(0.05)
    other.close()
    assert await reading == [(1,)]
    await late.close()


async def test_the_log_stays_small_under_steady_writing(path: Path) -> None:
    settings = StoreSettings(checkpoint_pages=20, checkpoint_pages_max=60)
    store = SqliteStore(path, settings)
    await create_tables(store)
    for n in range(300):
        await store.write(lambda t, n=n: t.run("INSERT INTO blob VALUES (?, zeroblob(8000), '')", (n,)))
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size < 4_200 * 150
    await store.close()
    assert not log.exists()


async def test_checkpoints_happen_beside_the_writer(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(checkpoint_pages=20, checkpoint_pages_max=10_000))
    await create_tables(store)
    for n in range(50):
        await store.write(lambda t, n=n: t.run("INSERT INTO blob VALUES (?, zeroblob(8000), '')", (n,)))
    for _ in range(100):
        if path.stat().st_size > 20 * 4_096:
            break
        await asyncio.sleep(0.01)
    assert path.stat().st_size > 20 * 4_096
    await store.close()


def test_a_checkpoint_of_a_file_that_is_gone_is_left_out() -> None:
    tried = threading.Event()

    def connect() -> GuardedConnection:
        tried.set()
        raise apsw.CantOpenError

    checkpointer = Checkpointer(connect, step_pages=1, pages_max=9)
    checkpointer.start()
    for _ in range(2):
        checkpointer.grew(apsw.Connection(""), "main", checkpointer.pages + 1)
        assert tried.wait(5)
        tried.clear()
    checkpointer.stop()


async def test_a_checkpoint_that_fails_costs_nobody_anything(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    faulty.break_writes(apsw.IOError, only="main")
    for n in range(30):
        await fragile.write(lambda t, n=n: t.run("INSERT INTO blob VALUES (?, zeroblob(400000), '')", (n,)))
    faulty.mend()
    assert len(await fragile.read("SELECT id FROM blob")) == 30


async def test_threads_end_with_the_store(path: Path) -> None:
    before = threading.active_count()
    store = SqliteStore(path)
    await store.open()
    assert threading.active_count() == before + 2
    await store.close()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("techlead")]


async def test_a_bound_on_attached_databases_holds(store: SqliteStore) -> None:
    with pytest.raises(ProgramError):
        await store.read("ATTACH ':memory:' AS other")


async def test_a_fault_in_our_own_rounds_reaches_who_waits(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    running = store._running
    assert running is not None
    with monkeypatch.context() as patch:
        patch.setattr(type(running.writer), "_run", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await store.write(add(1, "ada"))
    await store.write(add(2, "bob"))
    assert await amounts(store) == {2: 0}


async def test_a_rollback_that_fails_is_told_by_the_next_beginning() -> None:
    connection = GuardedConnection(apsw.Connection(""), 1.0)
    connection.run("BEGIN IMMEDIATE")
    connection.raw.set_exec_trace(lambda *_: False)
    connection.roll_back()
    connection.raw.set_exec_trace(None)
    with pytest.raises(apsw.SQLError, match="within a transaction"):
        connection.run("BEGIN IMMEDIATE")
    connection.close()
    assert connection.system_errno == 0


async def test_a_commit_that_ends_after_its_loop_tells_nobody(path: Path) -> None:
    """Nobody is left to be told; what was committed stays."""

    async def leave() -> None:
        store = SqliteStore(path)
        await create_tables(store)
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)
        await store.write(add(1, "ada"))

    def run() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(leave())
        with pytest.raises(RuntimeError, match="before Future completed"):
            loop.run_until_complete(task)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    await asyncio.to_thread(run)
    again = SqliteStore(path)
    await again.check()
    await again.close()
