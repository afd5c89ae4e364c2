"""Fresh databases for tests: an SQLite file, and a PostgreSQL database of its own that is dropped afterwards.

`TECHLEAD_TEST_POSTGRES` names the server (default: a local one that trusts its own machine).
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

SERVER = os.environ.get("TECHLEAD_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


def sqlite_url(folder: Path) -> str:
    """Give the URL of a database file that does not exist yet."""
    return f"sqlite:///{folder / 'data.db'}"


@contextmanager
def postgres_url() -> Iterator[str]:
    """Give the URL of a fresh, empty database; skips (in CI: fails) when no server can be reached."""
    name = f"techlead_test_{secrets.token_hex(8)}"
    _on_server(
        f'CREATE DATABASE "{name}"',
        f'ALTER DATABASE "{name}" SET synchronous_commit = off',  # what dies in a test is ours: never the server
    )
    try:
        yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    finally:
        _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def _on_server(*statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(SERVER, timeout=10)
        try:
            for sql in statements:
                await connection.execute(sql)
        finally:
            await connection.close()

    try:
        _in_own_loop(run())
    except OSError as error:
        reason = f"no PostgreSQL to test on ({type(error).__name__}): set TECHLEAD_TEST_POSTGRES"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def _in_own_loop(coroutine) -> None:  # type: ignore[no-untyped-def]
    """Run a coroutine from anywhere, also from inside a running loop."""
    import threading

    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
