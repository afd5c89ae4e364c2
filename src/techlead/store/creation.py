"""The tables of a database that has none: nothing is compared, so Alembic (20 MB) stays away."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData, create_mock_engine, dialects, inspect

from techlead.store.migration_connection import in_transaction
from techlead.store.port import Dialect, Store, Transaction


def create_where_empty(url: str, metadata: MetaData) -> bool:
    """Create every table of a database without any, and tell whether that was so; raises as `migrate` does."""
    return in_transaction(url, lambda connection: created(connection, metadata))


def created(connection: Connection, metadata: MetaData) -> bool:
    """Create every table, unless there is any already."""
    if inspect(connection).get_table_names():
        return False
    metadata.create_all(connection)
    return True


async def create_in(store: Store, metadata: MetaData) -> None:
    """Create every table through an open store; the only way into a temporary database."""

    async def work(transaction: Transaction) -> None:
        for statement in statements(metadata, store.dialect):
            await transaction.run(statement)

    await store.write(work)


def statements(metadata: MetaData, dialect: Dialect) -> list[str]:
    """Give the statements that create a schema."""
    found: list[str] = []
    speaks = dialects.registry.load(dialect)()

    def note(clause: Any, *_arguments: Any, **_options: Any) -> None:
        found.append(str(clause.compile(dialect=speaks)))

    metadata.create_all(create_mock_engine(f"{dialect}://", note), checkfirst=False)
    return found
