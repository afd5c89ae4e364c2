"""The schema of a database, brought to what the declarations want: by itself in development, by files elsewhere.

Old code must run on the new schema for one version, so a new column is optional or has a default, and what loses
values or breaks the version before is a *lossy* step: taken only when a person names it. Each call changes the schema
in one transaction, while no other migration runs; what fails leaves nothing behind.

Every function here blocks. They raise MigrationRefused with a sentence that says what to do, SettingsRefused for a bad
URL, and StoreBusy, StoreFull or StoreUnavailable for the world's faults.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from alembic.operations import ops
from sqlalchemy import Connection, MetaData

from techlead.store.creation import created
from techlead.store.migration_changes import carry_out, difference, has_rows, soften
from techlead.store.migration_connection import MigrationRefused, in_transaction, scratch
from techlead.store.migration_files import Folder, Migration, migration, recorded, refuse_unnamed
from techlead.store.migration_steps import Step, leaves, steps

__all__ = [
    "Migration",
    "MigrationRefused",
    "Step",
    "apply",
    "back",
    "create_all",
    "ensure",
    "make",
    "pending",
    "show",
]

# Lossy only for a version before, and there is none beside a development server.
LOSES_NO_ROW: Final = (ops.DropConstraintOp, ops.DropIndexOp)


def pending(url: str, metadata: MetaData) -> list[Step]:
    """Tell what the database lacks of the wanted schema; code that needs a `needed` step cannot run without it."""

    def compare(connection: Connection) -> list[Step]:
        script = difference(connection, metadata)
        return steps(_softened(script.upgrade_ops))

    return in_transaction(url, compare, keep=False)


def ensure(url: str, metadata: MetaData) -> list[Step]:
    """In development: create what is missing, refuse what would lose something, and tell what was done."""

    def change(connection: Connection) -> list[Step]:
        if created(connection, metadata):
            return [Step(f"create table {table.name}") for table in metadata.sorted_tables]
        before = difference(connection, metadata).upgrade_ops
        done = steps(before) if before is not None else []
        metadata.create_all(connection)
        wanted = difference(connection, metadata).upgrade_ops
        if wanted is not None and not wanted.is_empty():
            _refuse_losses(connection, wanted)
            carry_out(connection, wanted)
        return done

    return in_transaction(url, change)


def create_all(url: str, metadata: MetaData, folder: Path | None = None) -> None:
    """Create every table of a fresh database, and note that it has all migrations of a folder."""

    def change(connection: Connection) -> None:
        metadata.create_all(connection)
        if folder is not None:
            files = Folder(folder)
            if files.current(connection) is None:
                files.stamp(connection)

    in_transaction(url, change)


def make(folder: Path, name: str, metadata: MetaData) -> Path | None:
    """Write the migration from what a folder's files lead to, to the wanted schema; None when there is nothing to do.

    No database is asked: the files are replayed on an empty one.
    """
    files = Folder(folder)
    with scratch() as connection:
        files.upgrade(connection)
        script = difference(connection, metadata, whole=True)
    if script.upgrade_ops is None or script.downgrade_ops is None or script.upgrade_ops.is_empty():
        return None
    soften(script.upgrade_ops)
    soften(script.downgrade_ops)
    return files.write(name, script)


def show(url: str, folder: Path) -> list[Migration]:
    """Tell of each migration in a folder what it does and whether the database has it."""
    files = Folder(folder)

    def look(connection: Connection) -> list[Migration]:
        missing = {file.revision for file in files.missing(connection)}
        return [migration(connection, file, applied=file.revision not in missing) for file in files.files]

    return in_transaction(url, look, keep=False)


def apply(url: str, folder: Path, *, lossy: Collection[str] = ()) -> list[Step]:
    """Run every migration that the database lacks; `lossy` holds the texts of the lossy steps that may be taken."""
    files = Folder(folder)

    def change(connection: Connection) -> list[Step]:
        missing = files.missing(connection)
        asked = [step for file in missing for step in recorded(connection, file.module.upgrade)]
        refuse_unnamed(lossy, asked)
        files.upgrade(connection)
        return asked

    return in_transaction(url, change)


def back(url: str, folder: Path, *, lossy: Collection[str] = ()) -> list[Step]:
    """Take the last migration back; `lossy` holds the texts of the lossy steps that may be taken."""
    files = Folder(folder)

    def change(connection: Connection) -> list[Step]:
        current = files.current(connection)
        if current is None:
            raise MigrationRefused("The database has no migration that could be taken back.")
        file = next(file for file in files.files if file.revision == current)
        asked = list(recorded(connection, file.module.downgrade))
        refuse_unnamed(lossy, asked)
        files.downgrade(connection, str(file.down_revision or "base"))
        return asked

    return in_transaction(url, change)


def _softened(container: ops.UpgradeOps | None) -> ops.UpgradeOps:
    container = container or ops.UpgradeOps()
    soften(container)
    return container


def _refuse_losses(connection: Connection, wanted: ops.UpgradeOps) -> None:
    """A lossy step on a table without rows loses nothing; any other one is a person's to decide."""
    refused: list[str] = []
    for operation in leaves(wanted):
        loses = [step for step in steps(operation) if step.lossy]
        if loses and not isinstance(operation, LOSES_NO_ROW) and _touches_rows(connection, operation):
            refused.extend(f"\n  {step}" for step in loses)
    if refused:
        raise MigrationRefused(
            f"The database has rows that would not survive this, so nothing was changed:{''.join(refused)}\n"
            "Give a new column a default or declare it optional, write a migration, or start with an empty database."
        )


def _touches_rows(connection: Connection, operation: ops.MigrateOperation) -> bool:
    table = str(getattr(operation, "table_name", ""))
    only_required = isinstance(operation, ops.AlterColumnOp) and [s.text for s in steps(operation) if s.lossy] == [
        f"make {table}.{operation.column_name} required"
    ]
    return has_rows(connection, table, empty_in=operation.column_name if only_required else None)  # type: ignore[attr-defined]
