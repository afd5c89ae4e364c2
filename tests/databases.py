"""Fresh databases for tests: an SQLite file, and a PostgreSQL database of its own, emptied for the next test afterwards.

`TECHLEAD_TEST_POSTGRES` names the server (default: a local one that trusts its own machine).
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

T = TypeVar("T")
FREE: list[str] = []
"""Databases of this process that are as empty as new ones, which cost the server 80 ms each."""
REST = """
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema'))
     + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql') + (SELECT count(*) FROM pg_largeobject_metadata)
     + (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_publication) + (SELECT abs(sum(cardinality(setconfig)) - 1)
        FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database())
"""
"""How much of what a test can leave behind is not in the schema that is dropped."""
SERVER = os.environ.get("TECHLEAD_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


def sqlite_url(folder: Path) -> str:
    """Give the URL of a database file that does not exist yet."""
    return f"sqlite:///{folder / 'data.db'}"


@contextmanager
def postgres_url() -> Iterator[str]:
    """Give the URL of a fresh, empty database; skips (in CI: fails) when no server can be reached."""
    name = FREE.pop() if FREE else _made()
    try:
        yield url_of(name)
    finally:
        if _on_server(_emptied, url_of(name)):
            FREE.append(name)
        else:
            _on_server(_dropped, SERVER, name)


def url_of(name: str) -> str:
    """Give the URL of a database on the server."""
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


def drop_the_free() -> None:
    """Leave nothing behind on the server."""
    while FREE:
        _on_server(_dropped, SERVER, FREE.pop())


def _made() -> str:
    name = f"techlead_test_{secrets.token_hex(8)}"
    _on_server(_created, SERVER, name)
    return name


async def _created(server: asyncpg.Connection, name: str) -> None:
    await server.execute(f'CREATE DATABASE "{name}"')
    await server.execute(
        f'ALTER DATABASE "{name}" SET synchronous_commit = off'
    )  # what dies in a test is not the server


async def _dropped(server: asyncpg.Connection, name: str) -> None:
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _emptied(database: asyncpg.Connection) -> bool:
    """Make it as it was when it was new; False when that is not all."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    await database.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    await database.execute("DROP SCHEMA public CASCADE")
    await database.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
    await database.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    return not await database.fetchval(REST)


def _on_server(work: Callable[..., Coroutine[Any, Any, T]], url: str, *given: str) -> T:
    """Do something on a connection of its own; skips (in CI: fails) when there is no server."""

    async def run() -> T:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await work(connection, *given)
        finally:
            await connection.close()

    try:
        return _in_own_loop(run())
    except OSError as error:
        reason = f"no PostgreSQL to test on ({type(error).__name__}): set TECHLEAD_TEST_POSTGRES"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def _in_own_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine from anywhere, also from inside a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
