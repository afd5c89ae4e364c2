"""Open stores for the tests of the store, and statements written once for both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from unit.store.store_tables import marked

from techlead.store.open import open_store
from techlead.store.port import Store

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
