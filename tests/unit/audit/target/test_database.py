"""An instance's SQLite file: found, read, changed, kept and put back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from techlead.audit.target.database import SqliteDatabase, sqlite_files


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


def test_a_copy_is_put_back_whole(tmp_path: Path, database: SqliteDatabase):
    database.copy_to(tmp_path / "kept")
    assert database.change("UPDATE people SET name = ?", "bob") == 1
    database.put_back(tmp_path / "kept")
    assert database.rows("people") == ({"name": "alice"},)
    assert not Path(f"{database.file}-wal").exists()
