"""An instance's own database: found by looking for SQLite files in its copy, read for effects and changed."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from techlead.audit.target.exchange import Unavailable

MAGIC: Final = b"SQLite format 3\0"
ROWS_MAX: Final = 10_000
WAIT_SECONDS: Final = 5.0
PAUSES_SECONDS: Final = (0.05, 0.2, 0.5)


def sqlite_files(*folders: Path) -> tuple[Path, ...]:
    """The SQLite files below the folders, the largest first."""
    files = (file for folder in folders if folder.is_dir() for file in folder.rglob("*"))
    found = [file for file in files if file.is_file() and not file.is_symlink() and _is_sqlite(file)]
    return tuple(sorted(found, key=lambda file: (-file.stat().st_size, str(file))))


def _is_sqlite(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


class SqliteDatabase:
    """One SQLite file of one instance."""

    kind = "sqlite"

    def __init__(self, file: Path) -> None:
        """Remember the file; connections are opened for each call, so that nothing is held."""
        self.file = file

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.file, timeout=WAIT_SECONDS)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def tables(self) -> tuple[str, ...]:
        """Name its tables."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        with self._connected() as connection:
            return tuple(row[0] for row in connection.execute(query))

    def rows(self, table: str) -> tuple[Mapping[str, Any], ...]:
        """Give all rows of a table (at most `ROWS_MAX`)."""
        name = table.replace('"', '""')
        with self._connected() as connection:
            found = connection.execute(f'SELECT * FROM "{name}" LIMIT {ROWS_MAX}')  # noqa: S608 - a name of its own
            return tuple({key: row[key] for key in row.keys()} for row in found)  # noqa: SIM118 - a Row is no mapping

    def change(self, statement: str, *values: Any) -> int:
        """Run one statement; the number of rows changed.

        Raises:
            Unavailable: The file could not be written, not even when tried again: the target writes to it too.
        """
        failure = ""
        for pause in PAUSES_SECONDS:
            try:
                return self._changed(statement, values)
            except sqlite3.OperationalError as error:
                failure = str(error)
                time.sleep(pause)
        raise Unavailable(f"the target's database could not be changed: {failure}")

    def _changed(self, statement: str, values: tuple[Any, ...]) -> int:
        with self._connected() as connection:
            changed = connection.execute(statement, values).rowcount
            connection.commit()
            return changed
