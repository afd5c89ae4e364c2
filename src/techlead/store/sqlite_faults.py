"""What SQLite says, as a table of what it means to us; no value of a row is in any text."""

from __future__ import annotations

import errno
import re

import apsw

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

WORLD: dict[type[apsw.Error], type[WorldError]] = {
    apsw.BusyError: StoreBusy,
    apsw.LockedError: StoreBusy,
    apsw.SchemaChangeError: StoreBusy,
    apsw.NoMemError: StoreBusy,
    apsw.FullError: StoreFull,
    apsw.InterruptError: DeadlineExceeded,
    apsw.AuthError: StoreUnavailable,
    apsw.CantOpenError: StoreUnavailable,
    apsw.ConnectionClosedError: StoreUnavailable,
    apsw.CorruptError: StoreUnavailable,
    apsw.IOError: StoreUnavailable,
    apsw.NotADBError: StoreUnavailable,
    apsw.PermissionsError: StoreUnavailable,
    apsw.ProtocolError: StoreUnavailable,
    apsw.ReadOnlyError: StoreUnavailable,
}

CONSTRAINTS: dict[int, type[ConstraintViolated]] = {
    apsw.SQLITE_CONSTRAINT_UNIQUE: UniqueViolated,
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY: UniqueViolated,
    apsw.SQLITE_CONSTRAINT_ROWID: UniqueViolated,
    apsw.SQLITE_CONSTRAINT_FOREIGNKEY: ReferenceViolated,
}

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# Only messages about the statement itself are repeated: others may quote a value (`bad JSON path: '...'`).
_ABOUT_THE_STATEMENT = re.compile(
    r"no such |near |ambiguous |incomplete input|unrecognized token|wrong number of arguments|table \S+ has |"
    r"\d+ values for |Incorrect number of bindings|attempt to write a readonly|row value misused|misuse of |index \S+ already|table \S+ already"
)
_COLUMNS = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: (?!index )(.+)")
_NAMED = re.compile(r"(?:CHECK constraint failed: |UNIQUE constraint failed: index ')(\w+)")
_DATATYPE = re.compile(r"cannot store \w+ value in \w+ column (\w+)\.(\w+)")


# What `execute` raises: its own errors, and those of values that SQLite has no form for.
DRIVER_ERRORS = (apsw.Error, OverflowError, TypeError, ValueError)


def translate(error: Exception, sql: str = "", system_errno: int = 0) -> TechleadError:
    """Give our error for one of the driver's; `sql` is the statement, `system_errno` the connection's last errno."""
    if isinstance(error, apsw.ConstraintError):
        return _constraint(error, sql)
    if isinstance(error, apsw.IOError) and system_errno in NO_ROOM:
        return StoreFull(f"{summary(StoreFull)} ({type(error).__name__})")
    world = WORLD.get(type(error))  # type: ignore[arg-type]
    if world is not None:
        return world(f"{summary(world)} (SQLite: {type(error).__name__})")
    if isinstance(error, apsw.MismatchError | apsw.TooBigError | OverflowError | UnicodeEncodeError):
        return CheckViolated(written_table(sql))
    return ProgramError(f"The database did not understand a statement: {_statement_fault(error)}.")


def _constraint(error: apsw.ConstraintError, sql: str) -> ConstraintViolated:
    kind = CONSTRAINTS.get(getattr(error, "extendedresult", 0), CheckViolated)
    table, columns = _place(str(error)) or (written_table(sql), ())
    return kind(table, columns)


def _place(message: str) -> tuple[str, tuple[str, ...]] | None:
    if found := _COLUMNS.search(message):
        table, columns = zip(*(part.split(".", 1) for part in found.group(1).split(", ")), strict=True)
        return table[0], columns
    if found := _DATATYPE.search(message):
        return found.group(1), (found.group(2),)
    if found := _NAMED.search(message):
        return read_name(found.group(1))
    return None


def _statement_fault(error: Exception) -> str:
    message = str(error)
    return message if _ABOUT_THE_STATEMENT.match(message) else type(error).__name__
