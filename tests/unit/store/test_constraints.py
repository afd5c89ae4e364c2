"""Names and statements tell tables and columns, or honestly nothing."""

from __future__ import annotations

import errno

import apsw
import asyncpg
import pytest

from techlead.errors import (
    CheckViolated,
    ProgramError,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TechleadError,
    UniqueViolated,
)
from techlead.store import postgres_faults, sqlite_faults
from techlead.store.constraints import read_name, written_table


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("uq__order__listing__buyer", ("order", ("listing", "buyer"))),
        ("fk__gym_class__teacher", ("gym_class", ("teacher",))),
        ("ck__order__amount", ("order", ("amount",))),
        ("pk__order", ("order", ())),
        ("order_pkey", None),
        ("uq__", None),
        ("uq__order____buyer", None),
        ("zz__order__buyer", None),
        ("uq__order__" + "x" * 60, None),
    ],
)
def test_a_constraints_name_tells_its_table_and_columns(name: str, place: object) -> None:
    assert read_name(name) == place


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("INSERT INTO person (id) VALUES (?)", "person"),
        ('insert or ignore into "order" VALUES (1)', "order"),
        ("UPDATE public.person SET name = ?", "person"),
        ("UPDATE OR IGNORE person SET name = ?", "person"),
        ("DELETE FROM ONLY visit", "visit"),
        ("WITH x AS (SELECT 1) INSERT INTO visit SELECT * FROM x", "visit"),
        ("SELECT * FROM person", ""),
    ],
)
def test_a_statement_tells_the_table_it_writes(statement: str, table: str) -> None:
    assert written_table(statement) == table


@pytest.mark.parametrize(
    ("error", "number", "kind"),
    [
        (apsw.IOError("disk I/O error"), errno.ENOSPC, StoreFull),
        (apsw.IOError("disk I/O error"), errno.EIO, StoreUnavailable),
        (apsw.NoMemError("out of memory"), 0, StoreBusy),
        (apsw.NotADBError("file is not a database"), 0, StoreUnavailable),
        (apsw.TooBigError("string or blob too big"), 0, CheckViolated),
        (apsw.MismatchError("datatype mismatch"), 0, CheckViolated),
        (apsw.SQLError("no such table: person"), 0, ProgramError),
        (ValueError("embedded null character in hunter2"), 0, ProgramError),
    ],
)
def test_what_sqlite_says_means_one_thing_to_us(error: Exception, number: int, kind: type[TechleadError]) -> None:
    fault = sqlite_faults.translate(error, "INSERT INTO person VALUES (?)", number)
    assert type(fault) is kind
    assert "hunter2" not in str(fault)


@pytest.mark.parametrize(
    ("message", "table", "columns"),
    [
        ("UNIQUE constraint failed: person.name, person.born", "person", ("name", "born")),
        ("UNIQUE constraint failed: index 'uq__person__lower'", "person", ("lower",)),
        ("CHECK constraint failed: ck__person__amount", "person", ("amount",)),
        ("CHECK constraint failed: amount >= 0", "visit", ()),
        ("NOT NULL constraint failed: person.name", "person", ("name",)),
        ("cannot store TEXT value in INTEGER column person.amount", "person", ("amount",)),
        ("FOREIGN KEY constraint failed", "visit", ()),
    ],
)
def test_sqlites_refusals_tell_table_and_columns(message: str, table: str, columns: tuple[str, ...]) -> None:
    fault = sqlite_faults.translate(apsw.ConstraintError(message), "INSERT INTO visit VALUES (?)")
    assert isinstance(fault, CheckViolated)
    assert (fault.table, fault.columns) == (table, columns)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError("hunter2"), StoreUnavailable),
        (asyncpg.InterfaceError("connection is closed"), StoreUnavailable),
        (asyncpg.InternalClientError("cannot switch to state"), StoreUnavailable),
        (ValueError("hunter2"), ProgramError),
        (OverflowError("hunter2"), ProgramError),
    ],
)
def test_what_the_network_says_means_one_thing_to_us(error: Exception, kind: type[TechleadError]) -> None:
    fault = postgres_faults.translate(error)
    assert type(fault) is kind
    assert "hunter2" not in str(fault)


def test_a_name_of_another_table_is_not_believed() -> None:
    error = asyncpg.UniqueViolationError("duplicate")
    error.constraint_name, error.table_name = "uq__person__name", "visit"
    fault = postgres_faults.translate(error)
    assert isinstance(fault, UniqueViolated)
    assert (fault.table, fault.columns) == ("visit", ())
