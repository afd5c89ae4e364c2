"""The Plan becomes tables, the same for both databases but for the types each has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from techlead.derive.plan import FieldPlan, Plan, ResourcePlan

NAMES: Final = {
    "uq": "uq__%(table_name)s__%(column_0_N_name)s",
    "fk": "fk__%(table_name)s__%(column_0_name)s",
    "ix": "ix__%(table_name)s__%(column_0_N_name)s",
    "ck": "ck__%(table_name)s__%(constraint_name)s",
    "pk": "pk__%(table_name)s",
}
ID: Final[TypeEngine[bytes]] = LargeBinary(16).with_variant(postgresql.UUID(), "postgresql")
BYTES: Final[TypeEngine[bytes]] = LargeBinary()
TIMESTAMP: Final[TypeEngine[int]] = BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "id": ID,
    "bigint": BigInteger(),
    "timestamp": TIMESTAMP,
    "date": Integer().with_variant(postgresql.DATE(), "postgresql"),
    "boolean": Boolean(),
    "text": Text(),
    "json": Text().with_variant(postgresql.JSONB(), "postgresql"),
}


def tables(plan: Plan) -> MetaData:
    """Make the wanted schema: a table for each resource and those of the runtime."""
    metadata = MetaData(naming_convention=NAMES)
    for resource in plan.resources.values():
        _resource(metadata, plan, resource)
    _runtime(metadata, plan)
    return metadata


def fingerprint(metadata: MetaData) -> str:
    """Hash everything of a schema that a database could differ in."""
    parts = []
    for table in metadata.sorted_tables:
        parts.append(table.name)
        parts += [f"{one.name} {one.type!r} {one.nullable} {one.server_default}" for one in table.columns]
        parts += sorted(f"{one.name} {type(one).__name__}" for one in table.constraints)
        parts += sorted(
            f"{one.name} {one.unique} {[str(column) for column in one.expressions]}" for one in table.indexes
        )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def column_type(field: FieldPlan) -> TypeEngine[Any]:
    """Give a field's column type; text carries its length as a second guard."""
    if field.codec.column == "text" and field.spec.max_length:
        return String(field.spec.max_length)
    return TYPES[field.codec.column]


def _resource(metadata: MetaData, plan: Plan, resource: ResourcePlan) -> None:
    table = Table(
        resource.table,
        metadata,
        Column("id", ID, nullable=False),
        Column("revision", BigInteger(), nullable=False),
        *(Column(field.column, column_type(field), nullable=field.nullable) for field in resource.stored),
        PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    if resource.is_account:
        table.append_column(Column("email_key", String(320), nullable=False))
        table.append_column(Column("password_hash", String(200), nullable=False))
        table.append_column(Column("roles", String(1000), nullable=False, server_default=""))
        table.append_column(Column("preferences", Text(), nullable=False, server_default=""))
        table.append_constraint(UniqueConstraint("email_key"))
    if resource.soft_delete:
        table.append_column(Column("deleted_at", TIMESTAMP, nullable=True))
    for field in resource.stored:
        _keys(table, plan, resource, field)
    for names in resource.unique:
        _unique(table, resource, tuple(resource.field(name).column for name in names))
    for names in resource.indexed:
        columns = [resource.field(name).column for name in names]
        Index(f"ix__{table.name}__{'__'.join(columns)}", *(table.c[column] for column in columns), table.c.id)


def _keys(table: Table, plan: Plan, resource: ResourcePlan, field: FieldPlan) -> None:
    column = field.column
    if field.target is not None:
        table.append_constraint(ForeignKeyConstraint([column], [f"{plan.resources[field.target].table}.id"]))
    if field.spec.unique:
        _unique(table, resource, (column,))
    elif field.spec.indexed or field.target is not None:
        Index(f"ix__{table.name}__{column}", table.c[column], table.c.id)


def _unique(table: Table, resource: ResourcePlan, columns: tuple[str, ...]) -> None:
    """Make values unique among living rows: a deleted row gives them free."""
    name = f"uq__{table.name}__{'__'.join(columns)}"
    if resource.soft_delete:
        living = table.c.deleted_at.is_(None)
        chosen = [table.c[column] for column in columns]
        Index(name, *chosen, unique=True, sqlite_where=living, postgresql_where=living)
    else:
        table.append_constraint(UniqueConstraint(*columns, name=name))


def _runtime(metadata: MetaData, plan: Plan) -> None:
    """Add the tables that belong to the runtime, whatever the user declares."""
    if plan.account is not None:
        _of_accounts(metadata, plan.accounts.table)
    _table(
        metadata,
        "techlead_idempotency",
        Column("key_hash", BYTES, primary_key=True),
        Column("fingerprint", BYTES, nullable=False),
        Column("status", BigInteger(), nullable=False),
        Column("headers", Text(), nullable=False),
        Column("body", BYTES, nullable=False),
        Column("created_at", TIMESTAMP, nullable=False, index=True),
        # Its keys come in no order: answers go where the last one went, and only the small index is written here and there.
        sqlite_with_rowid=True,
    )
    _table(
        metadata,
        "techlead_history",
        Column("id", ID, primary_key=True),
        Column("resource", String(80), nullable=False),
        Column("row", ID, nullable=False),
        Column("actor", ID, nullable=True),
        Column("at", TIMESTAMP, nullable=False),
        Column("operation", String(80), nullable=False),
        Column("changes", Text(), nullable=False),
        Column("request", String(64), nullable=False),
        Index("ix__techlead_history__row", "row", "id"),
    )
    _outbox(metadata)
    _delivery(metadata)
    if plan.incoming:
        _table(
            metadata,
            "techlead_incoming",
            Column("key_hash", BYTES, primary_key=True),
            Column("at", TIMESTAMP, nullable=False, index=True),
        )
    _of_shadows(metadata)
    _table(metadata, "techlead_schema", Column("fingerprint", String(64), primary_key=True))


def _of_shadows(metadata: MetaData) -> None:
    """Add what is heard of drafted rules that run beside signed ones, and the facts that are recorded to replay."""
    _table(
        metadata,
        "techlead_shadow",
        Column("rule", String(80), primary_key=True),
        Column("draft", String(64), primary_key=True),
        Column("direction", String(80), primary_key=True),
        Column("condition", String(400), primary_key=True),
        Column("count", BigInteger(), nullable=False),
        Column("first_us", BigInteger(), nullable=False),
        Column("last_us", BigInteger(), nullable=False),
        Column("sample", Text(), nullable=False),
    )
    _table(
        metadata,
        "techlead_facts",
        Column("id", ID, primary_key=True),
        Column("rule", String(80), nullable=False, index=True),
        Column("at_us", BigInteger(), nullable=False),
        Column("facts", Text(), nullable=False),
    )


def _of_accounts(metadata: MetaData, account: str) -> None:
    _table(
        metadata,
        "techlead_session",
        Column("token_hash", BYTES, primary_key=True),
        Column("account", ID, nullable=False, index=True),
        Column("created_at", TIMESTAMP, nullable=False),
        Column("expires_at", TIMESTAMP, nullable=False, index=True),
        ForeignKeyConstraint(["account"], [f"{account}.id"]),
    )
    _table(
        metadata,
        "techlead_browser",
        Column("id", ID, primary_key=True),
        Column("account", ID, nullable=False, index=True),
        Column("address_hash", BYTES, nullable=False, unique=True),
        Column("address", Text(), nullable=False),
        Column("point", String(100), nullable=False),
        Column("auth", String(40), nullable=False),
        Column("created_at", TIMESTAMP, nullable=False),
        ForeignKeyConstraint(["account"], [f"{account}.id"]),
    )
    _table(
        metadata,
        "techlead_digest",
        Column("id", ID, primary_key=True),
        Column("account", ID, nullable=False),
        Column("channel", String(20), nullable=False),
        Column("due_at", TIMESTAMP, nullable=False, index=True),
        Column("notification", String(80), nullable=False),
        Column("resource", String(80), nullable=False),
        Column("row", ID, nullable=False),
        Column("subject", Text(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("created_at", TIMESTAMP, nullable=False),
        ForeignKeyConstraint(["account"], [f"{account}.id"]),
    )
    _table(
        metadata,
        "techlead_login_attempt",
        Column("email_hash", BYTES, primary_key=True),
        Column("failures", BigInteger(), nullable=False),
        Column("not_before", TIMESTAMP, nullable=False, index=True),
    )


def _outbox(metadata: MetaData) -> None:
    """Messages: what the inbox shows, and what the dispatcher sends, by which lane and when."""
    outbox = _table(
        metadata,
        "techlead_outbox",
        Column("id", ID, primary_key=True),
        Column("account", ID, nullable=True),
        Column("notification", String(80), nullable=False),
        Column("channel", String(20), nullable=False),
        Column("resource", String(80), nullable=False),
        Column("row", ID, nullable=False),
        Column("subject", Text(), nullable=False),
        Column("text", Text(), nullable=False),
        Column("created_at", TIMESTAMP, nullable=False),
        Column("read_at", TIMESTAMP, nullable=True),
        Column("kind", String(20), nullable=False, server_default=""),
        Column("lane", String(300), nullable=False, server_default=""),
        Column("destination", Text(), nullable=False, server_default=""),
        Column("data", Text(), nullable=False, server_default=""),
        Column("dedupe", BYTES, nullable=True),
        Column("expires_at", TIMESTAMP, nullable=True),
        Column("state", String(12), nullable=False, server_default=""),
        Column("next_at", TIMESTAMP, nullable=True),
        Column("tries", BigInteger(), nullable=False, server_default="0"),
        Column("attempts", BigInteger(), nullable=False, server_default="0"),
        Column("claim", BYTES, nullable=True),
        Column("reason", String(80), nullable=False, server_default=""),
        Column("ended_at", TIMESTAMP, nullable=True),
    )
    table = outbox.c
    shown = table.channel == literal_column("'inbox'")  # a literal, or no database sees that the index will do
    _partial("inbox", (table.account, table.channel, table.id), shown)
    columns = (table.account, table.channel, table.read_at, table.id)  # `read_at`, or SQLite takes another
    _partial("unread", columns, shown & table.read_at.is_(None))
    waits = table.next_at.is_not(None)
    _partial("fresh", (table.lane, table.next_at, table.id), waits & (table.tries == literal_column("0")))
    _partial("tried", (table.lane, table.next_at, table.id), waits & (table.tries > literal_column("0")))
    _partial("expiring", (table.expires_at,), waits)
    _partial("ended", (table.state, table.ended_at), table.ended_at.is_not(None))
    _partial("dedupe", (table.dedupe,), table.dedupe.is_not(None), unique=True)


def _delivery(metadata: MetaData) -> None:
    """Say what is known of destinations, and of each try: written before it begins, so that a crash leaves a trace."""
    _table(
        metadata,
        "techlead_lane",
        Column("name", String(300), primary_key=True),
        Column("state", Text(), nullable=False),
        Column("phase", String(12), nullable=False),
        Column("held_at", TIMESTAMP, nullable=True),
        Column("changed_at", TIMESTAMP, nullable=False),
    )
    _table(
        metadata,
        "techlead_attempt",
        Column("message", ID, nullable=False),
        Column("number", BigInteger(), nullable=False),
        Column("started_at", TIMESTAMP, nullable=False),
        Column("probe", Boolean(), nullable=False),
        Column("ended_at", TIMESTAMP, nullable=True),
        Column("outcome", String(12), nullable=False, server_default=""),
        Column("fault", String(12), nullable=False, server_default=""),
        Column("detail", String(200), nullable=False, server_default=""),
        PrimaryKeyConstraint("message", "number"),
    )
    _table(
        metadata,
        "techlead_gone",
        Column("destination_hash", BYTES, primary_key=True),
        Column("lane", String(300), nullable=False, index=True),
        Column("since", TIMESTAMP, nullable=False),
    )


def _partial(name: str, columns: tuple[Any, ...], holds: Any, *, unique: bool = False) -> None:
    Index(f"ix__techlead_outbox__{name}", *columns, unique=unique, sqlite_where=holds, postgresql_where=holds)


def _table(metadata: MetaData, name: str, *parts: SchemaItem, sqlite_with_rowid: bool = False) -> Table:
    return Table(name, metadata, *parts, sqlite_with_rowid=sqlite_with_rowid)
