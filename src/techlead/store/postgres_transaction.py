"""One work's transaction on PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from techlead.errors import ProgramError, TechleadError
from techlead.store.port import Row, Value
from techlead.store.postgres_faults import DRIVER_ERRORS, must_run_again

USED_AFTER = "A transaction was used after its work had ended: nothing of it may be kept."

# Gives our error for one of the driver's, given the statement; it may ask the server what a constraint's name means.
Explain = Callable[[BaseException, str], Awaitable[TechleadError]]


class PostgresTransaction:
    """The transaction of one work; READ COMMITTED, so rows that decide something are read `FOR UPDATE`."""

    __slots__ = ("_connection", "_explain", "failure", "must_run_again")

    def __init__(self, connection: Any, explain: Explain) -> None:
        """Work on a connection whose transaction has begun."""
        self._connection = connection
        self._explain = explain
        self.failure: TechleadError | None = None
        self.must_run_again = False

    async def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        connection = self._usable()
        try:
            return list(map(tuple, await connection.fetch(sql, *values)))
        except DRIVER_ERRORS as error:
            caught = error
        raise await self._failed(caught, sql)

    async def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement for each row of values, in one round trip."""
        connection = self._usable()
        try:
            await connection.executemany(sql, rows)
        except DRIVER_ERRORS as error:
            caught = error
        else:
            return
        raise await self._failed(caught, sql)

    async def try_lock(self, key: bytes) -> bool:
        """Take an advisory lock on a 64-bit hash of the key; two keys of one hash would share it, harmlessly."""
        number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big", signed=True)
        return bool((await self.run("SELECT pg_try_advisory_xact_lock($1)", (number,)))[0][0])

    def end(self) -> None:
        """Let nothing more run: the connection goes back to the pool."""
        self._connection = None

    def finish(self) -> None:
        """End, and raise the failure that the work may have swallowed."""
        self.end()
        if self.failure is not None:
            raise self.failure

    async def _failed(self, error: BaseException, sql: str) -> TechleadError:
        self.must_run_again = must_run_again(error)
        # Set before anything is awaited: from here on the server refuses every statement of this transaction.
        self.failure = fault = await self._explain(error, sql)
        return fault

    def _usable(self) -> Any:
        if self._connection is None:
            raise ProgramError(USED_AFTER)
        if self.failure is not None:
            raise self.failure
        return self._connection
