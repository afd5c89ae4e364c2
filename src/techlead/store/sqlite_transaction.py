"""One work's transaction on SQLite, and how a work is driven through it without ever suspending."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from techlead.errors import ProgramError, TechleadError
from techlead.store.port import Row, Value, Work
from techlead.store.sqlite_faults import DRIVER_ERRORS, translate

if TYPE_CHECKING:
    from techlead.store.sqlite_connection import GuardedConnection

AWAITED_ELSE = "A work may await nothing but its transaction: read and compute before `write`, act after it."
USED_AFTER = "A transaction was used after its work had ended: nothing of it may be kept."


class SqliteTransaction:
    """The transaction of one work; its methods are coroutines that never suspend."""

    __slots__ = ("_connection", "failure")

    def __init__(self, connection: GuardedConnection) -> None:
        """Work on a connection whose transaction has begun."""
        self._connection: GuardedConnection | None = connection
        self.failure: TechleadError | None = None

    async def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        connection = self._usable()
        try:
            return connection.run(sql, values)
        except DRIVER_ERRORS as error:
            self.failure = translate(error, sql, connection.system_errno)
        raise self.failure

    async def run_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement for each row of values."""
        connection = self._usable()
        try:
            return connection.run_many(sql, rows)
        except DRIVER_ERRORS as error:
            self.failure = translate(error, sql, connection.system_errno)
        raise self.failure

    async def try_lock(self, key: bytes) -> bool:  # noqa: ARG002 - the whole database is this transaction's
        """Give True: works run one after the other, and no other process can write meanwhile."""
        self._usable()
        return True

    def end(self) -> None:
        """Let nothing more run: what follows on this connection belongs to another work."""
        self._connection = None

    def _usable(self) -> GuardedConnection:
        if self._connection is None:
            raise ProgramError(USED_AFTER)
        if self.failure is not None:
            raise self.failure
        return self._connection


def drive(work: Work[Any], connection: GuardedConnection) -> Any:
    """Run a work to its end and give its result; raises what the work or any of its statements raised."""
    transaction = SqliteTransaction(connection)
    try:
        result = _run_through(work(transaction).__await__())
    finally:
        transaction.end()
    if transaction.failure is not None:
        raise transaction.failure
    return result


def _run_through(steps: Any) -> Any:
    try:
        next(steps)
    except StopIteration as stop:
        return stop.value
    with suppress(RuntimeError):  # it clings to what it waits for
        steps.close()
    raise ProgramError(AWAITED_ELSE)
