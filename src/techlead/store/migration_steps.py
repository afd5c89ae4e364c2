"""What a migration does, step by step, in words a person can agree to.

A step is *lossy* when values would be gone, or when the version of the code before this one could not run on the new
schema; such a step is taken only when a person names it. It is *needed* when the code that declares the schema could
not run without it; the others may wait a version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from alembic.operations import ops
from sqlalchemy import Column, String, Text, types

# Names of ours; indexes and constraints with other names were made by somebody else and are left alone.
OUR_UNIQUE: Final = "uq__"
SQL_SHOWN_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the schema: what it does, and why it is lossy or may be refused by the rows that are there."""

    text: str
    lossy: bool = False
    why: str = ""
    needed: bool = True

    def __str__(self) -> str:
        """Print on one line."""
        mark = "LOSSY: " if self.lossy else ""
        return f"{mark}{self.text}{f' ({self.why})' if self.why else ''}"


Operation = ops.MigrateOperation


def leaves(operation: Operation) -> Iterator[Operation]:
    """Give the single operations inside a container, in order."""
    inner = getattr(operation, "ops", None)
    if inner is None:
        yield operation
    else:
        for part in inner:
            yield from leaves(part)


def steps(operation: Operation) -> list[Step]:
    """Give the steps of an operation, or of all that a container holds."""
    return [step for leaf in leaves(operation) for step in _describe(leaf)]


def _describe(operation: Operation) -> list[Step]:
    describe = DESCRIBED.get(type(operation))
    if describe is None:
        return [Step(f"run {type(operation).__name__}", lossy=True, why=ONLY_A_PERSON)]
    return describe(operation)


ONLY_A_PERSON: Final = "only a person can tell what it changes"


def _create_table(operation: Any) -> list[Step]:
    return [Step(f"create table {operation.table_name}")]


def _drop_table(operation: Any) -> list[Step]:
    return [Step(f"drop table {operation.table_name}", lossy=True, why="its rows are lost", needed=False)]


def _add_column(operation: Any) -> list[Step]:
    column: Column[Any] = operation.column
    text = f"add column {operation.table_name}.{column.name}"
    if column.nullable or column.server_default is not None:
        return [Step(text)]
    return [Step(text, lossy=True, why="it is required and has no default, so the version before could insert no row")]


def _drop_column(operation: Any) -> list[Step]:
    text, why = f"drop column {operation.table_name}.{operation.column_name}", "its values are lost"
    return [Step(text, lossy=True, why=why, needed=False)]


def _alter_column(operation: Any) -> list[Step]:
    place, found = f"{operation.table_name}.{operation.column_name}", list[Step]()
    if operation.modify_type is not None:
        found.append(_change_type(place, operation.existing_type, operation.modify_type))
    if operation.modify_nullable is False:
        why = "the version before may leave it empty"
        found.append(Step(f"make {place} required", lossy=True, why=why, needed=False))
    if operation.modify_nullable is True:
        found.append(Step(f"make {place} optional"))
    if operation.modify_server_default is not False:
        found.append(Step(f"change the default of {place}"))
    if operation.modify_name is not None:
        why = "the version before knows the old name"
        found.append(Step(f"rename {place} to {operation.modify_name}", lossy=True, why=why))
    return found or [Step(f"change the comment of {place}", needed=False)]


def _change_type(place: str, before: Any, after: Any) -> Step:
    text = f"change the type of {place} from {_shown(before)} to {_shown(after)}"
    if before is not None and widens(before, after):
        return Step(text)
    return Step(text, lossy=True, why="values may not survive it, and the version before expects the old type")


def _shown(kind: Any) -> str:
    return "another type" if kind is None else str(kind)


def widens(before: types.TypeEngine[Any], after: types.TypeEngine[Any]) -> bool:
    """Tell whether each value of one type is a value of the other, so that nothing can be lost."""
    if isinstance(before, String) and isinstance(after, String):
        if after.length is None:
            return True
        return before.length is not None and not isinstance(before, Text) and before.length <= after.length
    return isinstance(before, types.Integer) and isinstance(after, types.BigInteger)


def _create_index(operation: Any) -> list[Step]:
    columns = ", ".join(str(getattr(column, "name", column)) for column in operation.columns)
    if operation.unique:
        return [_unique(operation.table_name, columns)]
    return [Step(f"create index on {operation.table_name} ({columns})", needed=False)]


def _unique(table: str, columns: str) -> Step:
    return Step(f"make {table} ({columns}) unique", why="refused while two rows have the same values")


def _create_unique(operation: Any) -> list[Step]:
    return [_unique(operation.table_name, ", ".join(operation.columns))]


def _create_reference(operation: Any) -> list[Step]:
    text = f"let {operation.source_table} ({', '.join(operation.local_cols)}) lead to {operation.referent_table}"
    return [Step(text, why="refused while a row leads nowhere", needed=False)]


def _create_check(operation: Any) -> list[Step]:
    text = f"check {operation.table_name} ({operation.constraint_name})"
    return [Step(text, why="refused while a row fails it", needed=False)]


def _drop_index(operation: Any) -> list[Step]:
    name = str(operation.index_name)
    if name.startswith(OUR_UNIQUE):
        return [_loosen(operation.table_name, name)]
    return [Step(f"drop index {name}", needed=False)]


def _drop_constraint(operation: Any) -> list[Step]:
    return [_loosen(operation.table_name, operation.constraint_name)]


def _loosen(table: str, name: str) -> Step:
    why = "rows may come that it would have refused, and the version before relies on it"
    return Step(f"drop constraint {table}.{name}", lossy=True, why=why)


def _rename_table(operation: Any) -> list[Step]:
    text = f"rename table {operation.table_name} to {operation.new_table_name}"
    return [Step(text, lossy=True, why="the version before knows the old name")]


def _execute(operation: Any) -> list[Step]:
    shown = " ".join(str(operation.sqltext).split())[:SQL_SHOWN_MAX]
    return [Step(f"run {shown}", lossy=True, why=ONLY_A_PERSON)]


def _insert(operation: Any) -> list[Step]:
    return [Step(f"insert {len(operation.rows)} row(s) into {operation.table.name}")]


DESCRIBED: Final[dict[type[Operation], Callable[[Any], list[Step]]]] = {
    ops.CreateTableOp: _create_table,
    ops.DropTableOp: _drop_table,
    ops.AddColumnOp: _add_column,
    ops.DropColumnOp: _drop_column,
    ops.AlterColumnOp: _alter_column,
    ops.CreateIndexOp: _create_index,
    ops.DropIndexOp: _drop_index,
    ops.CreateUniqueConstraintOp: _create_unique,
    ops.CreateForeignKeyOp: _create_reference,
    ops.CreateCheckConstraintOp: _create_check,
    ops.DropConstraintOp: _drop_constraint,
    ops.RenameTableOp: _rename_table,
    ops.ExecuteSQLOp: _execute,
    ops.BulkInsertOp: _insert,
}
