"""Compares a database with the wanted schema, and carries out the difference."""

from __future__ import annotations

from typing import Any, Final

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from sqlalchemy import CheckConstraint, Column, Connection, MetaData, inspect, text

OUR_NAMES: Final = ("ix__", "uq__")


def difference(connection: Connection, metadata: MetaData, *, whole: bool = False) -> ops.MigrationScript:
    """Give what leads from the database to the schema, and back.

    Tables that the schema does not know may belong to somebody else, so they are dropped only when the database is
    `whole`ly ours.
    """
    options: dict[str, Any] = {"compare_type": True, "render_as_batch": True}
    if not whole:
        options["include_object"] = _is_ours
    return produce_migrations(MigrationContext.configure(connection, opts=options), metadata)


def _is_ours(_found: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:  # noqa: FBT001
    unknown = reflected and compare_to is None
    if not unknown:
        return True
    if kind == "index":
        return bool(name and name.startswith(OUR_NAMES))
    return kind != "table"


def soften(container: ops.MigrateOperation) -> None:
    """Add each column so that the version before can run beside it: optional, or with a default.

    A required column without a default is added as optional; a later migration makes it required.
    """
    for operation in _operations(container):
        if isinstance(operation, ops.AddColumnOp):
            column = operation.column
            # A fresh column: the one in the schema belongs to its table, and brings its constraints with it.
            operation.column = Column(
                column.name,
                column.type,
                nullable=column.nullable or column.server_default is None,
                server_default=getattr(column.server_default, "arg", column.server_default),
            )


def _operations(container: Any) -> list[Any]:
    found = list[Any]()
    for operation in container.ops:
        found.extend(_operations(operation) if hasattr(operation, "ops") else [operation])
    return found


def carry_out(connection: Connection, container: ops.UpgradeOps) -> None:
    """Change the tables that are there as Alembic found it necessary."""
    operations = Operations(MigrationContext.configure(connection))
    for operation in container.ops:
        if isinstance(operation, ops.ModifyTableOps):  # whole tables were created before
            with operations.batch_alter_table(
                operation.table_name,
                schema=operation.schema,
                recreate=_recreate(connection, operation),
                table_args=checks(connection, operation.table_name),
            ) as table:
                for inner in operation.ops:
                    table.invoke(inner)


def _recreate(connection: Connection, operation: ops.ModifyTableOps) -> Any:
    """SQLite adds no required column without a default, except to a table that is made anew."""
    required = any(
        isinstance(inner, ops.AddColumnOp) and not inner.column.nullable and inner.column.server_default is None
        for inner in operation.ops
    )
    return "always" if required and connection.dialect.name == "sqlite" else "auto"


def checks(connection: Connection, table: str) -> tuple[CheckConstraint, ...]:
    """Give a table's checks, which SQLAlchemy's reflection leaves out when Alembic makes a table anew on SQLite."""
    if connection.dialect.name != "sqlite":
        return ()
    found = inspect(connection).get_check_constraints(table)
    return tuple(CheckConstraint(text(check["sqltext"]), name=check["name"]) for check in found)


def has_rows(connection: Connection, table: str, *, empty_in: str | None = None) -> bool:
    """Tell whether a table has rows, or rows in which a column is empty."""
    quote = connection.dialect.identifier_preparer.quote
    condition = f" WHERE {quote(empty_in)} IS NULL" if empty_in else ""
    return connection.exec_driver_sql(f"SELECT 1 FROM {quote(table)}{condition} LIMIT 1").first() is not None  # noqa: S608
