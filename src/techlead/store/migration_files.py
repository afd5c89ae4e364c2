"""Migrations in a folder: Python files that a person reviews, in one line from the first to the last."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations, ops
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from techlead.store.migration_changes import checks
from techlead.store.migration_connection import MigrationRefused
from techlead.store.migration_steps import ONLY_A_PERSON, Step, steps

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}")
FILE: Final = '''"""{name}

{listed}

Version {revision}, after {before}. Review it: once it has been applied anywhere, write a new one instead of changing it.
"""

import sqlalchemy as sa
from alembic import op
{imports}
revision = {revision!r}
down_revision = {down!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its revision ("0001"), what it is called, whether this database has it, and what it does."""

    revision: str
    name: str
    applied: bool
    steps: tuple[Step, ...]


class Folder:
    """The migrations of a folder, in order."""

    def __init__(self, folder: Path) -> None:
        """Read the folder; MigrationRefused when its files do not form one line."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])
        try:
            self._scripts.get_current_head()
        except CommandError:
            raise MigrationRefused(
                f"Two migrations in {folder} follow the same one: let one follow the other."
            ) from None
        self.files: tuple[Script, ...] = tuple(reversed(list(self._scripts.walk_revisions())))

    @property
    def head(self) -> str | None:
        """The last revision, or None for an empty folder."""
        return self.files[-1].revision if self.files else None

    def current(self, connection: Connection) -> str | None:
        """Give the revision that a database has; MigrationRefused when the folder does not know it."""
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is not None and revision not in {file.revision for file in self.files}:
            raise MigrationRefused(f"The database is at version {revision}, which {self._folder} does not hold.")
        return revision

    def stamp(self, connection: Connection) -> None:
        """Note that a database has everything in the folder."""
        if self.head is not None:
            MigrationContext.configure(connection).stamp(self._scripts, self.head)

    def missing(self, connection: Connection) -> list[Script]:
        """Give the files that a database does not have yet, in order."""
        revisions = [file.revision for file in self.files]
        current = self.current(connection)
        return list(self.files[revisions.index(current) + 1 if current else 0 :])

    def upgrade(self, connection: Connection, to: str = "head") -> None:
        """Run every file that is missing."""
        self._run(connection, lambda revision, _context: self._scripts._upgrade_revs(to, revision))  # noqa: SLF001

    def downgrade(self, connection: Connection, to: str) -> None:
        """Take back every file after a revision."""
        self._run(connection, lambda revision, _context: self._scripts._downgrade_revs(to, revision))  # noqa: SLF001

    def _run(self, connection: Connection, revisions: Callable[[Any, MigrationContext], Any]) -> None:
        # What `alembic upgrade` does, without its env.py: our connection is open, and its transaction is ours.
        context = MigrationContext.configure(connection, opts={"fn": revisions})
        with Operations.context(context) as operations:
            _keep_checks(operations, connection)
            context.run_migrations()

    def write(self, name: str, script: ops.MigrationScript) -> Path:
        """Write the next file."""
        if not NAME.fullmatch(name):
            raise MigrationRefused("A migration's name has up to 60 letters, digits, spaces, - and _.")
        number = max((int(file.revision) for file in self.files if file.revision.isdigit()), default=0) + 1
        revision = f"{number:04}"
        slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        path = self._folder / f"{revision}_{slug}.py"
        path.write_text(_render(name, revision, self.head, script), encoding="utf-8")
        return path


def recorded(connection: Connection, change: Callable[[], None]) -> tuple[Step, ...]:
    """Run a file's `upgrade` or `downgrade` without doing anything, and give the steps it asked for."""
    asked: list[Step] = []
    with Operations.context(MigrationContext.configure(connection)) as operations:
        _record(operations, asked)
        try:
            change()
        except Exception as error:
            raise MigrationRefused(f"A migration does not run: {type(error).__name__}: {error}") from error
    return tuple(asked)


def migration(connection: Connection, file: Script, *, applied: bool) -> Migration:
    """Describe a file."""
    name = (file.doc or file.revision).strip()
    return Migration(file.revision, name, applied, recorded(connection, file.module.upgrade))


def refuse_unnamed(lossy: Collection[str], asked: Collection[Step]) -> None:
    """Let a lossy step pass only when a person named it."""
    unnamed = [str(step) for step in asked if step.lossy and step.text not in lossy]
    if unnamed:
        listed = "".join(f"\n  {line}" for line in unnamed)
        raise MigrationRefused(f"Nothing was changed. Name each lossy step to take it:{listed}")


def _record(operations: Operations, asked: list[Step]) -> None:
    """Make an `op` note what it is asked instead of doing it."""
    # Attributes of this one object: Alembic's `op` module passes every call on to it.
    spy: Any = operations

    def note(operation: ops.MigrateOperation) -> None:
        asked.extend(steps(operation))

    @contextmanager
    def batch(table_name: str, schema: str | None = None, **_options: Any) -> Iterator[BatchOperations]:
        table: Any = _Table(table_name, schema)
        inner: Any = BatchOperations(operations.migration_context, impl=table)
        inner.invoke = note
        yield inner

    def unseen() -> Connection | None:
        asked.append(Step("run Python on the database", lossy=True, why=ONLY_A_PERSON))
        return operations.migration_context.connection

    spy.invoke, spy.batch_alter_table, spy.get_bind = note, batch, unseen


@dataclass(frozen=True, slots=True)
class _Table:
    """What a batch operation asks its implementation: which table."""

    table_name: str
    schema: str | None


def _keep_checks(operations: Operations, connection: Connection) -> None:
    """Let a table that is made anew on SQLite keep its checks."""
    plain = operations.batch_alter_table
    given: Any = operations

    def batch(table_name: str, schema: str | None = None, **options: Any) -> Any:
        options.setdefault("table_args", checks(connection, table_name))
        return plain(table_name, schema, **options)

    given.batch_alter_table = batch


def _render(name: str, revision: str, head: str | None, script: ops.MigrationScript) -> str:
    assert script.upgrade_ops is not None  # noqa: S101 - produce_migrations always sets both
    assert script.downgrade_ops is not None  # noqa: S101
    upgrade, downgrade = _python(script.upgrade_ops), _python(script.downgrade_ops)
    return FILE.format(
        name=name,
        listed="\n".join(f"- {step}" for step in steps(script.upgrade_ops)),
        revision=revision,
        before=head or "nothing",
        down=head,
        imports="from sqlalchemy.dialects import postgresql\n" if "postgresql." in upgrade + downgrade else "",
        upgrade=upgrade,
        downgrade=downgrade,
    )


def _python(container: ops.UpgradeOps | ops.DowngradeOps) -> str:
    # Alembic writes this argument, which is the default, without saying where it comes from.
    code = render_python_code(container, render_as_batch=True).replace("JSONB(astext_type=Text())", "JSONB()")
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("# ###")).strip() or "pass"
