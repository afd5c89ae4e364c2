"""What PostgreSQL and asyncpg say, as a table of what it means to us; no value of a row is in any text."""

from __future__ import annotations

import asyncio

import asyncpg

from techlead.errors import (
    CheckViolated,
    ConstraintViolated,
    DeadlineExceeded,
    ProgramError,
    ReferenceViolated,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TechleadError,
    UniqueViolated,
    WorldError,
    summary,
)
from techlead.store.constraints import read_name, written_table

# By SQLSTATE (PostgreSQL, appendix A), the longest prefix wins.
STATES: dict[str, type[WorldError | ConstraintViolated]] = {
    "08": StoreUnavailable,  # connection exceptions
    "22001": CheckViolated,  # a text is too long
    "22003": CheckViolated,  # a number is out of range
    "22008": CheckViolated,  # a time is out of range
    "22021": CheckViolated,  # NUL in a text
    "23502": CheckViolated,  # NOT NULL
    "23503": ReferenceViolated,
    "23505": UniqueViolated,
    "23514": CheckViolated,
    "25006": StoreUnavailable,  # the server is read-only: a standby
    "28": StoreUnavailable,  # not let in
    "3D": StoreUnavailable,  # no such database
    "40001": StoreBusy,  # serialisation failure, after the last try
    "40P01": StoreBusy,  # deadlock, after the last try
    "53": StoreBusy,  # out of memory, too many connections
    "53100": StoreFull,
    "54000": StoreBusy,
    "55P03": StoreBusy,  # lock_timeout
    "57014": DeadlineExceeded,  # statement_timeout
    "57": StoreUnavailable,  # shut down, crashed, starting
    "25P03": DeadlineExceeded,  # idle_in_transaction_session_timeout
    "58": StoreUnavailable,  # I/O error
    "XX": StoreUnavailable,  # corrupted
}
MUST_RUN_AGAIN = frozenset({"40001", "40P01"})

# Everything that driver, network and a closing pool may raise for the world's reasons.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    asyncio.TimeoutError,
    OverflowError,
    TypeError,
    ValueError,
)


def meaning(state: str) -> type[WorldError | ConstraintViolated] | None:
    """Give what a SQLSTATE means to us."""
    return STATES.get(state) or STATES.get(state[:2])


def translate(error: BaseException, sql: str = "") -> TechleadError:
    """Give our error for one of the driver's; `sql` is the statement."""
    if isinstance(error, asyncpg.PostgresError):
        return _of_the_server(error, sql)
    if isinstance(error, asyncpg.DataError | OverflowError):
        return CheckViolated(written_table(sql))
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return StoreBusy(f"{summary(StoreBusy)} (connect_seconds_max)")
    if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return StoreUnavailable(f"{summary(StoreUnavailable)} (PostgreSQL: {type(error).__name__})")
    return ProgramError(f"The database did not understand a statement or its values: {type(error).__name__}.")


def _of_the_server(error: asyncpg.PostgresError, sql: str) -> TechleadError:
    state = error.sqlstate or ""
    kind = meaning(state)
    if kind is None:
        # Class 42 speaks of the statement only; others may quote a value.
        said = error.message if state.startswith("42") else type(error).__name__
        return ProgramError(f"The database did not understand a statement: {said} ({state}).")
    if issubclass(kind, ConstraintViolated):
        return _constraint(kind, error, sql)
    return kind(f"{summary(kind)} (PostgreSQL: {type(error).__name__})")


def _constraint(kind: type[ConstraintViolated], error: asyncpg.PostgresError, sql: str) -> ConstraintViolated:
    if error.column_name:
        return kind(error.table_name or written_table(sql), (error.column_name,))
    place = read_name(error.constraint_name or "")
    return kind(*place) if place else kind(error.table_name or written_table(sql))
