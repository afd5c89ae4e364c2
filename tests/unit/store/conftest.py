"""Open stores for the tests of the store, and statements written once for both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from unit.store.faulty_files import FaultyFiles
from unit.store.store_tables import QUICK, create_tables, marked

from techlead.store.open import open_store
from techlead.store.port import Store
from techlead.store.sqlite import SqliteStore

Sql = Callable[[str], str]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """Give an open store on a fresh database."""
    opened = open_store(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def sql(store: Store) -> Sql:
    """Give a function that writes a statement with `?` as the store's dialect wants it."""
    return lambda statement: marked(store, statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


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
