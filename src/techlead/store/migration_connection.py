"""The door through which a schema is changed: one transaction, alone, with SQLAlchemy and without the hot path."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import apsw
from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import NullPool

from techlead.errors import ConstraintViolated, ProgramError, SettingsRefused, TechleadError
from techlead.store import sqlite_faults
from techlead.store.open import dialect_of, sqlite_path

T = TypeVar("T")

LOCK_SECONDS_MAX: Final = 10.0


class MigrationRefused(ProgramError):
    """The schema was left as it is; the message says what to do."""


class Abandoned(Exception):
    """What was looked at is known; nothing of it is kept."""


def in_transaction(url: str, change: Callable[[Connection], T], *, keep: bool = True) -> T:
    """Run a change of the schema in one transaction while no other migration runs, or look and keep nothing.

    May be called from anywhere, also from inside a running event loop, which it then blocks.
    Raises StoreBusy, StoreFull, StoreUnavailable, MigrationRefused, SettingsRefused.
    """
    results: list[T] = []

    def run(connection: Connection) -> None:
        results.append(change(connection))
        if not keep:
            raise Abandoned

    fault: TechleadError | None = None
    try:
        if dialect_of(url) == "sqlite":
            _on_sqlite(url, run)
        else:
            from techlead.store import migration_postgres  # noqa: PLC0415 - SQLite does without its driver

            migration_postgres.run_on(url, LOCK_SECONDS_MAX, run)
    except Abandoned:
        pass
    except exc.DBAPIError as error:
        fault = _translate(error)
    if fault is not None:
        raise fault
    return results[0]


@contextmanager
def scratch() -> Iterator[Connection]:
    """Give a connection to an empty database that is gone afterwards."""
    engine = _sqlite_engine(":memory:")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _on_sqlite(url: str, run: Callable[[Connection], None]) -> None:
    path = sqlite_path(url)
    if path is None:
        raise SettingsRefused("A temporary database has no migrations: create its tables with `create_in`.")
    engine = _sqlite_engine(str(path))
    try:
        with engine.begin() as connection:
            run(connection)
            _check_references(connection)
    finally:
        engine.dispose()


def _sqlite_engine(path: str) -> Engine:
    """Make an engine whose transactions begin with the write lock and hold for DDL too."""
    arguments: dict[str, Any] = {"isolation_level": None, "timeout": LOCK_SECONDS_MAX}
    engine = create_engine(f"sqlite:///{path}", connect_args=arguments, poolclass=NullPool)
    # Foreign keys stay off, as https://sqlite.org/lang_altertable.html asks: a table that is made anew is dropped.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise MigrationRefused(f"Rows of {broken[0]} would lead nowhere in {broken[2]}: mend them first.")


def _translate(error: exc.DBAPIError) -> TechleadError:
    """Give our error for what SQLAlchemy wrapped; a row that stands against a step is a refusal of the step."""
    original: Any = error.orig
    fault = _of_sqlite(original) if isinstance(original, sqlite3.Error) else _of_postgres(original)
    if isinstance(fault, ConstraintViolated):
        place = f"{fault.table} ({', '.join(fault.columns)})"
        return MigrationRefused(f"The rows that are there stand against a step: {place}. Mend them first.")
    if isinstance(fault, ProgramError):
        return MigrationRefused(str(fault))
    return fault


def _of_sqlite(original: sqlite3.Error) -> TechleadError:
    code = getattr(original, "sqlite_errorcode", apsw.SQLITE_ERROR)
    known = type(apsw.exception_for(code))(str(original))
    known.extendedresult = code  # type: ignore[attr-defined]
    return sqlite_faults.translate(known)


def _of_postgres(original: BaseException | None) -> TechleadError:
    from techlead.store import postgres_faults  # noqa: PLC0415 - as above

    cause = original.__cause__ if original is not None else None
    return postgres_faults.translate(cause or original or ProgramError())
