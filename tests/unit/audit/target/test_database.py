"""An instance's SQLite file: found, read and changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from techlead.audit.target import database as module
from techlead.audit.target.database import SqliteDatabase, sqlite_files
from techlead.audit.target.exchange import Unavailable


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute('CREATE TABLE "or""ders" (name TEXT)')
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.execute("INSERT INTO people VALUES ('alice')")
        connection.commit()
    return SqliteDatabase(tmp_path / "shop.db")


def test_files_are_found_by_what_they_are_and_not_by_their_name(tmp_path: Path, database: SqliteDatabase):
    (tmp_path / "notes.db").write_text("no database")
    assert sqlite_files(tmp_path, tmp_path / "missing") == (database.file,)


def test_tables_and_rows_are_read(database: SqliteDatabase):
    assert database.tables() == ('or"ders', "people")
    assert database.rows("people") == ({"name": "alice"},)
    assert database.rows('or"ders') == ()


def test_a_row_is_changed(database: SqliteDatabase):
    assert database.change("UPDATE people SET name = ?", "bob") == 1
    assert database.rows("people") == ({"name": "bob"},)


def test_what_cannot_be_written_is_tried_again_and_then_said(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0.0, 0.0))
    with pytest.raises(Unavailable, match="no such table: nowhere"):
        database.change("UPDATE nowhere SET name = 1")
    failing = iter([True, False])

    def at_first(self: SqliteDatabase, statement: str, values: tuple[object, ...]) -> int:
        if next(failing):
            raise sqlite3.OperationalError("disk I/O error")
        return 1

    monkeypatch.setattr(SqliteDatabase, "_changed", at_first)
    assert database.change("UPDATE people SET name = 1") == 1
