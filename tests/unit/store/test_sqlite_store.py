"""What holds for SQLite alone: group commit, locks of other processes, and a file that goes wrong."""

# ruff: noqa: ASYNC240 - the tests move and look at small files

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from unit.store.faulty_files import FaultyFiles
from unit.store.store_tables import add, amounts, create_tables

from techlead.errors import (
    Overloaded,
    ProgramError,
    ReferenceViolated,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    UniqueViolated,
)
from techlead.store.port import StoreSettings, Transaction
from techlead.store.sqlite import SqliteStore
from techlead.store.sqlite_checkpoint import Checkpointer
from techlead.store.sqlite_connection import GuardedConnection

QUICK = StoreSettings(lock_seconds_max=0.3, reopen_seconds=0.001, file_check_seconds=0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, QUICK)
    await opened.open()
    await create_tables(opened)
    yield opened
    await opened.close()


@pytest.fixture
def faulty() -> FaultyFiles:
    return FaultyFiles()


@pytest.fixture
async def fragile(path: Path, faulty: FaultyFiles) -> AsyncIterator[SqliteStore]:
    """Give a store whose disk obeys `faulty`."""
    opened = SqliteStore(path, QUICK, vfs=faulty.vfs_name)
    await opened.open()
    await create_tables(opened)
    yield opened
    faulty.mend()
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


async def test_works_run_in_the_order_in_which_they_came(store: SqliteStore) -> None:
    order: list[int] = []

    def numbered(number: int) -> object:
        async def work(transaction: Transaction) -> None:
            order.append(number)

        return work

    await asyncio.gather(*[store.write(numbered(n)) for n in range(700)])
    assert order == list(range(700))


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


async def test_a_queue_that_is_full_takes_no_more(path: Path, store: SqliteStore) -> None:
    narrow = SqliteStore(path, StoreSettings(write_queue_max=3))
    ends = await asyncio.gather(*[narrow.write(add(n, f"p{n}")) for n in range(10)], return_exceptions=True)
    assert [type(end) for end in ends] == [type(None)] * 3 + [Overloaded] * 7
    await narrow.write(add(99, "later"))
    await narrow.close()


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
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.1, lambda: other.execute("COMMIT"))
    await asyncio.gather(*[store.write(add(n, f"p{n}")) for n in range(5)])
    assert len(await amounts(store)) == 5
    other.close()


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


async def test_a_full_database_is_told_and_recovers(store: SqliteStore) -> None:
    ((pages,),) = await store.read("PRAGMA page_count")
    await store.write(lambda t: t.run(f"PRAGMA max_page_count={pages + 5}"))
    fill = "INSERT INTO blob VALUES (1, zeroblob(1000000), '')"
    ends = await asyncio.gather(
        store.write(add(1, "ada")),
        store.write(lambda t: t.run(fill)),
        store.write(add(2, "bob")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [type(None), StoreFull, type(None)]
    await store.write(lambda t: t.run("PRAGMA max_page_count=100000"))
    await store.write(lambda t: t.run(fill))
    assert set(await amounts(store)) == {1, 2}


async def test_a_full_disk_is_told_and_recovers(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    await fragile.write(add(1, "ada"))
    faulty.break_writes(apsw.FullError)
    ends = await asyncio.gather(*[fragile.write(add(n, f"p{n}")) for n in range(2, 6)], return_exceptions=True)
    assert {type(end) for end in ends} == {StoreFull}
    assert await amounts(fragile) == {1: 0}
    faulty.mend()
    await fragile.write(add(9, "eve"))
    assert set(await amounts(fragile)) == {1, 9}


@pytest.mark.parametrize("fault", [apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError])
async def test_a_commit_that_fails_acknowledges_nobody(
    fragile: SqliteStore, faulty: FaultyFiles, fault: type[apsw.Error]
) -> None:
    await fragile.write(add(1, "ada"))
    faulty.break_syncs(fault)
    ends = await asyncio.gather(*[fragile.write(add(n, f"p{n}")) for n in range(2, 6)], return_exceptions=True)
    assert {type(end) for end in ends} == {StoreUnavailable}
    faulty.mend()
    await asyncio.sleep(0.01)
    await fragile.write(add(9, "eve"))
    assert {1, 9} <= set(await amounts(fragile))


async def test_reads_that_fail_recover(fragile: SqliteStore, faulty: FaultyFiles) -> None:
    await fragile.write(add(1, "ada"))
    await fragile.write(lambda t: t.run("INSERT INTO blob VALUES (1, zeroblob(3000000), '')"))
    await fragile.close()
    again = SqliteStore(Path(fragile._path or ""), QUICK, vfs=faulty.vfs_name)
    await again.open()
    faulty.break_reads(apsw.IOError)
    with pytest.raises(StoreUnavailable):
        await again.read("SELECT sum(length(body)) FROM blob")
    with pytest.raises(StoreUnavailable):
        await again.read("SELECT sum(length(body)) FROM blob")
    with pytest.raises(StoreUnavailable):
        await again.write(add(2, "bob"))
    faulty.mend()
    await asyncio.sleep(0.01)
    assert await again.read("SELECT sum(length(body)) FROM blob") == [(3_000_000,)]
    await again.write(add(2, "bob"))
    await again.close()


async def test_a_file_that_was_deleted_is_unavailable_until_it_is_back(path: Path, store: SqliteStore) -> None:
    await store.write(add(1, "ada"))
    away = path.with_suffix(".away")
    path.rename(away)
    with pytest.raises(StoreUnavailable):
        await store.check()
    with pytest.raises(StoreUnavailable):
        await store.read("SELECT 1")
    with pytest.raises(StoreUnavailable):
        await store.write(add(2, "bob"))
    assert not path.exists()
    away.rename(path)
    await asyncio.sleep(0.01)
    await store.check()
    assert 1 in await amounts(store)
    await store.write(add(3, "eve"))


async def test_what_was_written_to_a_file_that_had_moved_is_not_acknowledged(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(file_check_seconds=60))
    await create_tables(store)
    path.rename(path.with_suffix(".away"))
    with pytest.raises(StoreUnavailable, match="moved"):
        await store.write(add(1, "ada"))
    await store.close()


async def test_readers_notice_after_a_while_that_the_file_has_moved(path: Path, store: SqliteStore) -> None:
    path.rename(path.with_suffix(".away"))
    await asyncio.sleep(0.05)
    with pytest.raises(StoreUnavailable):
        await store.read("SELECT 1")


async def test_a_folder_that_is_not_there_yet_is_unavailable_until_it_is(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "later" / "data.db", QUICK)
    with pytest.raises(StoreUnavailable):
        await store.open()
    with pytest.raises(StoreUnavailable):
        await store.write(add(1, "ada"))
    (tmp_path / "later").mkdir()
    await asyncio.sleep(0.01)
    await create_tables(store)
    await store.write(add(1, "ada"))
    await store.close()


async def test_a_read_only_file_takes_reads_and_recovers(path: Path, faulty: FaultyFiles) -> None:
    store = SqliteStore(path, QUICK)
    await create_tables(store)
    await store.close()
    frozen = SqliteStore(path, QUICK, vfs=faulty.vfs_name)
    faulty.open_read_only = True
    with pytest.raises(StoreUnavailable):
        await frozen.write(add(1, "ada"))
    faulty.open_read_only = False
    await asyncio.sleep(0.01)
    await frozen.write(add(1, "ada"))
    await frozen.close()


async def test_a_file_that_is_no_database_is_unavailable_until_it_is_replaced(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1_000)
    store = SqliteStore(path, QUICK)
    with pytest.raises(StoreUnavailable):
        await store.open()
    path.unlink()
    await asyncio.sleep(0.01)
    await store.open()
    await store.close()


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


async def test_a_temporary_database_is_deleted_at_close() -> None:
    store = SqliteStore(None)
    await create_tables(store)
    ((_, _, file),) = await store.read("PRAGMA database_list")
    assert Path(file).exists()
    await store.close()
    assert not Path(file).parent.exists()


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


async def test_the_log_of_a_file_that_moved_away_never_meets_its_successor(path: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    successor = SqliteStore(tmp_path / "copy" / "data.db")
    await create_tables(successor)
    await successor.write(add(7, "successor"))
    await successor.close()
    store = SqliteStore(path, QUICK)
    await create_tables(store)
    for n in range(50):
        await store.write(add(n, f"p{n}"))
    (tmp_path / "copy" / "data.db").rename(path)
    await asyncio.sleep(0.05)
    assert await amounts(store) == {7: 0}
    await store.write(add(8, "later"))
    assert set(await amounts(store)) == {7, 8}
    assert await store.read("PRAGMA integrity_check") == [("ok",)]
    await store.close()


async def test_a_connection_that_turns_out_to_be_closed_is_made_anew(store: SqliteStore) -> None:
    running = store._running
    assert running is not None
    assert running.reader is not None
    running.reader.raw.close()
    with pytest.raises(StoreUnavailable):
        await store.read("SELECT 1")
    await asyncio.sleep(0.01)
    assert await store.read("SELECT 1") == [(1,)]


async def test_a_fault_in_our_own_rounds_reaches_who_waits(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    running = store._running
    assert running is not None
    with monkeypatch.context() as patch:
        patch.setattr(type(running.writer), "_run", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await store.write(add(1, "ada"))
    await store.write(add(2, "bob"))
    assert await amounts(store) == {2: 0}


async def test_a_file_that_moves_during_a_commit_is_left_alone_until_the_commit_is_over(
    path: Path, fragile: SqliteStore, faulty: FaultyFiles
) -> None:
    faulty.hold_syncs()
    writing = asyncio.create_task(fragile.write(add(1, "ada")))
    await asyncio.to_thread(faulty.wait_for_sync)
    path.rename(path.with_suffix(".away"))
    await asyncio.sleep(0.05)
    with pytest.raises(StoreUnavailable):
        await fragile.read("SELECT 1")
    faulty.let_syncs_go()
    with pytest.raises(StoreUnavailable):
        await writing
    path.with_suffix(".away").rename(path)
    await asyncio.sleep(0.01)
    await fragile.write(add(2, "bob"))
    assert 2 in await amounts(fragile)


async def test_slow_works_wait_for_each_other_and_all_succeed(path: Path) -> None:
    store = SqliteStore(path, StoreSettings(loop_seconds_max=0.01, statement_seconds_max=20))
    await create_tables(store)
    slow = SLOW.format(300_000)
    ends = await asyncio.gather(*[store.write(lambda t: t.run(slow)) for _ in range(3)], store.write(add(1, "ada")))
    assert ends == [[(300_000,)]] * 3 + [None]
    await store.close()


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


async def test_a_log_that_cannot_be_set_aside_makes_the_file_unavailable(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        other = path.with_suffix(".other")
        other.touch()
        os.replace(other, path)  # noqa: PTH105 - the patched one is the store's
        await asyncio.sleep(0.05)
        with pytest.raises(StoreUnavailable):
            await store.read("SELECT 1")
    await asyncio.sleep(0.01)
    assert await store.read("SELECT count(*) FROM sqlite_schema") == [(0,)]
