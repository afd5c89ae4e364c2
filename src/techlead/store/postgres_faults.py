"""What PostgreSQL and asyncpg say, as a table of what it means to us; no value of a row is in any text."""

from __future__ import annotations

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

# By SQLSTATE (PostgreSQL, appendix A); a whole state goes before its class.
STATES: dict[str, type[WorldError | ConstraintViolated]] = {
    "08": StoreUnavailable,  # connection exceptions
    "22001": CheckViolated,  # a text is too long
    "22003": CheckViolated,  # a number is out of range
    "22008": CheckViolated,  # a time is out of range
    "22021": CheckViolated,  # NUL in a text
    "22P05": CheckViolated,  # NUL in JSON
    "23502": CheckViolated,  # NOT NULL
    "23503": ReferenceViolated,
    "23505": UniqueViolated,
    "23514": CheckViolated,
    "25006": StoreUnavailable,  # the server is read-only: a standby
    "25P03": DeadlineExceeded,  # idle_in_transaction_session_timeout
    "28": StoreUnavailable,  # not let in
    "3D": StoreUnavailable,  # no such database
    "40001": StoreBusy,  # serialisation failure, after the last try
    "40P01": StoreBusy,  # deadlock, after the last try
    "53": StoreBusy,  # out of memory, too many connections
    "53100": StoreFull,
    "54": StoreBusy,  # a limit of the server
    "55P03": StoreBusy,  # lock_timeout
    "57": StoreUnavailable,  # shut down, crashed, starting
    "57014": DeadlineExceeded,  # statement_timeout
    "58": StoreUnavailable,  # I/O error
    "XX": StoreUnavailable,  # corrupted
}
CONFLICTS = frozenset({"40001", "40P01"})

# Everything that the driver and the network raise, and what values raise that have no storage form.
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
)


def must_run_again(error: BaseException) -> bool:
    """Tell whether a work that met this may succeed when run again from its beginning."""
    # A prepared statement outlives a migration by one use: its second preparation succeeds.
    return (
        isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError)
        or getattr(error, "sqlstate", None) in CONFLICTS
    )


def constraint_place(error: BaseException) -> tuple[str, str, str] | None:
    """Give (constraint, table, schema) that a refusal named."""
    if not isinstance(error, asyncpg.IntegrityConstraintViolationError) or not error.constraint_name:
        return None
    return error.constraint_name, error.table_name or "", error.schema_name or ""


def translate(error: BaseException, sql: str = "") -> TechleadError:
    """Give our error for one of the driver's; `sql` is the statement."""
    if type(error) is asyncpg.DataError:  # the driver's own; the server's are subclasses
        return _of_a_value(error, sql)
    if isinstance(error, asyncpg.PostgresError):
        return _of_the_server(error, sql)
    if isinstance(error, TimeoutError):
        return DeadlineExceeded(f"{summary(DeadlineExceeded)} (statement_seconds_max)")
    if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return StoreUnavailable(f"{summary(StoreUnavailable)} (PostgreSQL: {type(error).__name__})")
    return ProgramError(f"The database did not understand a statement or its values: {type(error).__name__}.")


def _of_a_value(error: BaseException, sql: str) -> TechleadError:
    """Tell a value out of range (the row's fault) from one of the wrong type (the program's)."""
    if isinstance(error.__cause__, TypeError):
        return ProgramError("The database did not understand a statement's values: one is of another type.")
    return CheckViolated(written_table(sql))


def _of_the_server(error: asyncpg.PostgresError, sql: str) -> TechleadError:
    state = error.sqlstate or ""
    kind = STATES.get(state) or STATES.get(state[:2])
    if kind is None:
        # Class 42 speaks of the statement only; others may quote a value.
        said = error.message if state.startswith("42") else type(error).__name__
        return ProgramError(f"The database did not understand a statement: {said} ({state}).")
    if issubclass(kind, ConstraintViolated):
        return _constraint(kind, error, sql)
    return kind(f"{summary(kind)} (PostgreSQL: {type(error).__name__})")


def _constraint(kind: type[ConstraintViolated], error: asyncpg.PostgresError, sql: str) -> ConstraintViolated:
    written = written_table(sql)
    table = error.table_name or written
    if kind is ReferenceViolated and table != written:
        # A row that others lead to was deleted; as on SQLite, the table is the one that the statement wrote.
        return kind(written or table)
    if error.column_name:
        return kind(table, (error.column_name,))
    place = read_name(error.constraint_name or "")
    return kind(table, place[1] if place and place[0] == table else ())
