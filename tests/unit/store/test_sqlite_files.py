"""A file that goes wrong: full, broken, moved, locked, replaced; told at once, and over when its cause is."""

# ruff: noqa: ASYNC240 - the tests move and look at small files

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from unit.store.faulty_files import FaultyFiles
from unit.store.store_tables import QUICK, add, amounts, create_tables

from techlead.errors import Overloaded, StoreFull, StoreUnavailable
from techlead.store.port import StoreSettings
from techlead.store.sqlite import SqliteStore


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, QUICK)
    await opened.open()
    await create_tables(opened)
    yield opened
    await opened.close()


async def test_a_queue_that_is_full_takes_no_more(path: Path, store: SqliteStore) -> None:
    narrow = SqliteStore(path, StoreSettings(write_queue_max=3))
    ends = await asyncio.gather(*[narrow.write(add(n, f"p{n}")) for n in range(10)], return_exceptions=True)
    assert [type(end) for end in ends] == [type(None)] * 3 + [Overloaded] * 7
    await narrow.write(add(99, "later"))
    await narrow.close()


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


async def test_a_temporary_database_is_deleted_at_close() -> None:
    store = SqliteStore(None)
    await create_tables(store)
    ((_, _, file),) = await store.read("PRAGMA database_list")
    assert Path(file).exists()
    await store.close()
    assert not Path(file).parent.exists()


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
