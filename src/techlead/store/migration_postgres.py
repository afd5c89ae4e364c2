"""A migration's transaction on PostgreSQL, in a thread and a loop of its own, so that it may be called from anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from techlead.errors import TechleadError
from techlead.store import postgres_faults

# An arbitrary number that means "a techlead migration" among the advisory locks of a PostgreSQL database.
LOCK_NUMBER: Final = 0x7465_6368_6C65_6164


def run_on(url: str, lock_seconds: float, run: Callable[[Connection], None]) -> None:
    """Run a change of the schema in one transaction, behind the lock of all migrations; the world's faults are ours."""

    def locked(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(lock_seconds * 1000)}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
        run(connection)

    async def change() -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(url, timeout=lock_seconds),
            poolclass=NullPool,
        )
        try:
            async with engine.begin() as connection:
                await connection.run_sync(locked)
        finally:
            await engine.dispose()

    fault: TechleadError | None = None
    try:
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(asyncio.run, change()).result()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        fault = postgres_faults.translate(error)
    if fault is not None:
        raise fault
