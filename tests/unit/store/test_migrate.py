"""A schema grows in steps a person can agree to; the version before runs on the new schema, and back again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from databases import postgres_url
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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
)
from sqlalchemy.dialects import postgresql
from unit.store.store_tables import marked

from techlead.errors import (
    CheckViolated,
    SettingsRefused,
    StoreBusy,
    StoreUnavailable,
    UniqueViolated,
)
from techlead.store import migrate
from techlead.store.creation import create_in
from techlead.store.migrate import MigrationRefused, Step
from techlead.store.open import open_store
from techlead.store.port import Store

NAMES = {
    "uq": "uq__%(table_name)s__%(column_0_N_name)s",
    "fk": "fk__%(table_name)s__%(column_0_name)s",
    "ix": "ix__%(table_name)s__%(column_0_N_name)s",
    "ck": "ck__%(table_name)s__%(constraint_name)s",
    "pk": "pk__%(table_name)s",
}
ID = LargeBinary(16).with_variant(postgresql.UUID(), "postgresql")
TIME = BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
FIRST, SECOND = b"1" * 16, b"2" * 16


def schema(*person: object, without: tuple[str, ...] = (), name_length: int = 40, visits: bool = True) -> MetaData:
    """Give a schema of two tables, with more in or less in `person`."""
    metadata = MetaData(naming_convention=NAMES)
    columns = (
        Column("id", ID, nullable=False),
        Column("name", String(name_length), nullable=False),
        Column("nick", Text(), nullable=True),
        Column("born", Integer().with_variant(postgresql.DATE(), "postgresql"), nullable=True),
        Column("seen_at", TIME, nullable=True),
        Column("active", Boolean(), nullable=True),
        Column("extra", Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        Column("roles", String(1000), nullable=False, server_default=""),
        Column("deleted_at", TIME, nullable=True),
    )
    table = Table(
        "person",
        metadata,
        *(column for column in columns if column.name not in without),
        PrimaryKeyConstraint("id"),
        CheckConstraint("length(name) > 0", name="name"),
        *person,
        sqlite_with_rowid=False,
    )
    if "name" not in without:
        living = table.c.deleted_at.is_(None)
        Index("uq__person__name", table.c.name, unique=True, sqlite_where=living, postgresql_where=living)
    if visits:
        visit = Table(
            "visit",
            metadata,
            Column("id", ID, nullable=False),
            Column("person", ID, nullable=False),
            PrimaryKeyConstraint("id"),
            ForeignKeyConstraint(["person"], ["person.id"]),
            sqlite_with_rowid=False,
        )
        Index("ix__visit__person", visit.c.person, visit.c.id)
    return metadata


def phone(**options: object) -> Column[str]:
    return Column("phone", String(20), **options)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        await store.close()


async def insert(url: str, number: bytes, name: str) -> None:
    """Insert a person and a visit as the first version's code does: it knows no other columns."""
    async with opened(url) as store:
        person = marked(store, "INSERT INTO person (id, name, nick) VALUES (?, ?, 'n')")
        await store.write(lambda t: t.run(person, (number, name)))
        await store.write(lambda t: t.run(marked(store, "INSERT INTO visit VALUES (?, ?)"), (number, number)))


async def names(url: str) -> list[str]:
    async with opened(url) as store:
        visits = "SELECT p.name FROM visit v JOIN person p ON p.id = v.person ORDER BY p.name"
        return [name for (name,) in await store.read(visits)]


def texts(steps: list[Step]) -> list[str]:
    return [step.text for step in steps]


async def test_a_fresh_database_gets_every_table_and_then_lacks_nothing(database_url: str) -> None:
    assert texts(migrate.ensure(database_url, schema())) == ["create table person", "create table visit"]
    assert migrate.pending(database_url, schema()) == []
    assert migrate.ensure(database_url, schema()) == []
    await insert(database_url, FIRST, "ada")
    assert await names(database_url) == ["ada"]


def test_create_all_creates_what_ensure_would(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    migrate.create_all(database_url, schema())
    assert migrate.pending(database_url, schema()) == []


async def test_tables_can_be_created_through_an_open_store(database_url: str) -> None:
    async with opened(database_url) as store:
        await create_in(store, schema())
        assert await store.read("SELECT * FROM visit") == []
    assert migrate.pending(database_url, schema()) == []


async def test_a_temporary_database_is_filled_through_its_store_only() -> None:
    async with opened("sqlite://") as store:
        await create_in(store, schema())
        assert await store.read("SELECT * FROM visit") == []
    with pytest.raises(SettingsRefused, match="create_in"):
        migrate.ensure("sqlite://", schema())


async def test_pending_tells_and_changes_nothing(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    wanted = schema(phone(nullable=True))
    for _ in range(2):
        assert texts(migrate.pending(database_url, wanted)) == ["add column person.phone"]


async def test_ensure_adds_what_is_missing_to_live_rows(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    await insert(database_url, FIRST, "ada")
    wanted = schema(
        phone(nullable=True),
        Column("visits", BigInteger(), nullable=False, server_default="0"),
        UniqueConstraint("nick", name="uq__person__nick"),
    )
    done = migrate.ensure(database_url, wanted)
    assert {"add column person.phone", "add column person.visits", "make person (nick) unique"} == set(texts(done))
    assert not any(step.lossy for step in done)
    assert migrate.pending(database_url, wanted) == []
    assert await names(database_url) == ["ada"]
    with pytest.raises(UniqueViolated):
        await insert(database_url, SECOND, "bob")


async def test_ensure_refuses_what_loses_values_of_live_rows(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    await insert(database_url, FIRST, "ada")
    for wanted, told in (
        (schema(without=("nick",)), "LOSSY: drop column person.nick"),
        (schema(phone(nullable=False)), "LOSSY: add column person.phone"),
        (schema(name_length=10), "LOSSY: change the type of person.name"),
    ):
        with pytest.raises(MigrationRefused, match=told):
            migrate.ensure(database_url, wanted)
        assert migrate.pending(database_url, schema()) == []


async def test_ensure_refuses_a_column_to_be_required_while_a_row_leaves_it_empty(database_url: str) -> None:
    migrate.create_all(database_url, schema(phone(nullable=True)))
    await insert(database_url, FIRST, "ada")
    with pytest.raises(MigrationRefused, match=r"make person\.phone required"):
        migrate.ensure(database_url, schema(phone(nullable=False)))
    async with opened(database_url) as store:
        await store.write(lambda t: t.run("UPDATE person SET phone = '1'"))
    assert texts(migrate.ensure(database_url, schema(phone(nullable=False)))) == ["make person.phone required"]
    assert texts(migrate.ensure(database_url, schema(phone(nullable=True)))) == ["make person.phone optional"]


async def test_ensure_changes_anything_while_there_are_no_rows(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    wanted = schema(phone(nullable=False), without=("nick", "extra"), name_length=20)
    migrate.ensure(database_url, wanted)
    assert migrate.pending(database_url, wanted) == []


async def test_ensure_drops_a_constraint_beside_live_rows(database_url: str) -> None:
    unique = schema(UniqueConstraint("nick", name="uq__person__nick"))
    migrate.create_all(database_url, unique)
    await insert(database_url, FIRST, "ada")
    assert texts(migrate.ensure(database_url, schema())) == ["drop constraint person.uq__person__nick"]
    await insert(database_url, SECOND, "bob")
    with pytest.raises(MigrationRefused, match="stand against a step"):
        migrate.ensure(database_url, unique)
    assert await names(database_url) == ["ada", "bob"]


async def test_a_longer_text_is_no_loss(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    await insert(database_url, FIRST, "ada")
    (step,) = migrate.ensure(database_url, schema(name_length=100))
    assert not step.lossy
    await insert(database_url, SECOND, "b" * 90)
    assert migrate.pending(database_url, schema(name_length=100)) == []


async def test_tables_and_indexes_of_somebody_else_are_left_alone(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    async with opened(database_url) as store:
        await store.write(lambda t: t.run("CREATE TABLE theirs (id INTEGER)"))
        await store.write(lambda t: t.run("CREATE INDEX handmade ON person (nick)"))
    assert migrate.pending(database_url, schema()) == []


async def test_checks_and_partial_indexes_outlive_a_table_that_is_made_anew(database_url: str) -> None:
    migrate.create_all(database_url, schema())
    await insert(database_url, FIRST, "ada")
    migrate.ensure(database_url, schema(name_length=100))
    async with opened(database_url) as store:
        for name in ("''", "'ada'"):
            with pytest.raises((migrate.MigrationRefused, Exception)) as refused:
                await store.write(
                    lambda t, n=name: t.run(f"INSERT INTO person (id, name) VALUES ({new_id(store)}, {n})")
                )
            assert type(refused.value) is (CheckViolated if name == "''" else UniqueViolated)
        await store.write(lambda t: t.run(f"UPDATE person SET deleted_at = {long_ago(store)}"))
        await store.write(lambda t: t.run(f"INSERT INTO person (id, name) VALUES ({new_id(store)}, 'ada')"))


def new_id(store: Store) -> str:
    return "randomblob(16)" if store.dialect == "sqlite" else "gen_random_uuid()"


def long_ago(store: Store) -> str:
    return "0" if store.dialect == "sqlite" else "'1970-01-01'"


def test_ensure_of_many_processes_at_once_happens_once(database_url: str) -> None:
    async def all_at_once() -> list[list[Step]]:
        return await asyncio.gather(*[asyncio.to_thread(migrate.ensure, database_url, schema()) for _ in range(4)])

    done = asyncio.run(all_at_once())
    assert sorted(map(len, done)) == [0, 0, 0, 2]


def test_a_database_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/folder/data.db", "postgresql://postgres@127.0.0.1:1/test"):
        with pytest.raises(StoreUnavailable):
            migrate.pending(url, schema())


async def test_the_first_migration_creates_everything(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    path = migrate.make(folder, "Begin", schema())
    assert path is not None
    assert path.name == "0001_begin.py"
    assert migrate.make(folder, "Nothing", schema()) is None
    (first,) = migrate.show(database_url, folder)
    assert (first.revision, first.applied) == ("0001", False)
    assert "create table person" in texts(list(first.steps))
    assert texts(migrate.apply(database_url, folder)) == texts(list(first.steps))
    assert migrate.show(database_url, folder)[0].applied
    assert migrate.apply(database_url, folder) == []
    assert migrate.pending(database_url, schema()) == []
    await insert(database_url, FIRST, "ada")


async def test_the_version_before_runs_on_the_new_schema_and_back_again(database_url: str, tmp_path: Path) -> None:
    migrate.make(tmp_path, "begin", schema())
    migrate.apply(database_url, tmp_path)
    await insert(database_url, FIRST, "ada")
    wanted = schema(
        phone(nullable=False),
        Column("visits", BigInteger(), nullable=False, server_default="0"),
        Column("friend", ID, nullable=True),
        ForeignKeyConstraint(["friend"], ["person.id"]),
        name_length=80,
    )
    migrate.make(tmp_path, "grow", wanted)
    done = migrate.apply(database_url, tmp_path)
    assert not any(step.lossy for step in done)
    # The code of the version before: it names its own columns, and knows none of the new ones.
    await insert(database_url, SECOND, "bob")
    assert await names(database_url) == ["ada", "bob"]
    (later,) = migrate.pending(database_url, wanted)
    assert (later.text, later.lossy, later.needed) == ("make person.phone required", True, False)
    with pytest.raises(MigrationRefused, match=r"drop column person\.phone"):
        migrate.back(database_url, tmp_path)
    lost = ["drop column person.phone", "drop column person.visits", "drop column person.friend"]
    lost += ["drop constraint person.fk__person__friend"]
    lost += [step.text for step in taken_back(database_url, tmp_path) if "type of person.name" in step.text]
    migrate.back(database_url, tmp_path, lossy=lost)
    assert await names(database_url) == ["ada", "bob"]
    await insert(database_url, b"3" * 16, "eve")
    assert migrate.pending(database_url, schema()) == []


def taken_back(url: str, folder: Path) -> list[Step]:
    """Tell what going back would do, read from its refusal."""
    with pytest.raises(MigrationRefused) as refused:
        migrate.back(url, folder)
    lines = [line.strip().removeprefix("LOSSY: ") for line in str(refused.value).splitlines()[1:]]
    return [Step(line.rpartition(" (")[0]) for line in lines]


async def test_a_required_column_comes_in_two_migrations(database_url: str, tmp_path: Path) -> None:
    wanted = schema(phone(nullable=False))
    migrate.make(tmp_path, "begin", schema())
    migrate.make(tmp_path, "phone", wanted)
    migrate.apply(database_url, tmp_path)
    await insert(database_url, FIRST, "ada")
    path = migrate.make(tmp_path, "phone required", wanted)
    assert path is not None
    assert "LOSSY: make person.phone required" in path.read_text()
    with pytest.raises(MigrationRefused, match="Name each lossy step"):
        migrate.apply(database_url, tmp_path)
    with pytest.raises(MigrationRefused):
        migrate.apply(database_url, tmp_path, lossy=["make person.phone required"])
    async with opened(database_url) as store:
        await store.write(lambda t: t.run("UPDATE person SET phone = '1'"))
    migrate.apply(database_url, tmp_path, lossy=["make person.phone required"])
    assert migrate.pending(database_url, wanted) == []


async def test_a_lossy_migration_runs_when_its_steps_are_named(database_url: str, tmp_path: Path) -> None:
    migrate.make(tmp_path, "begin", schema())
    migrate.apply(database_url, tmp_path)
    await insert(database_url, FIRST, "ada")
    migrate.make(tmp_path, "drop nick", schema(without=("nick",)))
    with pytest.raises(MigrationRefused, match="its values are lost"):
        migrate.apply(database_url, tmp_path)
    migrate.apply(database_url, tmp_path, lossy=["drop column person.nick"])
    assert await names(database_url) == ["ada"]
    migrate.back(database_url, tmp_path)
    assert migrate.pending(database_url, schema()) == []
    migrate.make(tmp_path, "drop visits", schema(without=("nick",), visits=False))
    migrate.apply(database_url, tmp_path, lossy=["drop column person.nick", "drop table visit"])
    assert migrate.pending(database_url, schema(without=("nick",), visits=False)) == []


async def test_a_migration_that_fails_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    migrate.make(tmp_path, "begin", schema())
    migrate.make(tmp_path, "grow", schema(phone(nullable=True)))
    path = tmp_path / "0002_grow.py"
    path.write_text(path.read_text().replace("upgrade() -> None:", "upgrade() -> None:\n    op.execute('NONSENSE')"))
    with pytest.raises(MigrationRefused, match="run NONSENSE"):
        migrate.apply(database_url, tmp_path)
    with pytest.raises(MigrationRefused, match="did not understand"):
        migrate.apply(database_url, tmp_path, lossy=["run NONSENSE"])
    assert not any(migration.applied for migration in migrate.show(database_url, tmp_path))


async def test_a_database_made_in_one_go_has_all_migrations(database_url: str, tmp_path: Path) -> None:
    migrate.make(tmp_path, "begin", schema())
    migrate.create_all(database_url, schema(), tmp_path)
    migrate.create_all(database_url, schema(), tmp_path)
    assert migrate.show(database_url, tmp_path)[0].applied
    assert migrate.apply(database_url, tmp_path) == []


def test_going_back_from_nothing_is_refused(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationRefused, match="no migration"):
        migrate.back(database_url, tmp_path)


async def test_a_database_newer_than_its_folder_is_refused(database_url: str, tmp_path: Path) -> None:
    migrate.make(tmp_path / "new", "begin", schema())
    migrate.apply(database_url, tmp_path / "new")
    with pytest.raises(MigrationRefused, match="0001"):
        migrate.apply(database_url, tmp_path / "old")


def test_two_files_that_follow_the_same_one_are_refused(tmp_path: Path) -> None:
    migrate.make(tmp_path, "begin", schema())
    path = migrate.make(tmp_path, "grow", schema(phone(nullable=True)))
    assert path is not None
    (tmp_path / "0003_twin.py").write_text(path.read_text().replace("'0002'", "'0003'"))
    with pytest.raises(MigrationRefused, match="follow"):
        migrate.make(tmp_path, "more", schema())


def test_a_name_that_is_no_name_is_refused(tmp_path: Path) -> None:
    for name in ("", '"""', "a/b", "x" * 61, " a"):
        with pytest.raises(MigrationRefused, match="name"):
            migrate.make(tmp_path, name, schema())
    assert list(tmp_path.glob("*.py")) == []


def test_a_file_that_looks_at_the_database_itself_must_be_named(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/data.db", tmp_path / "migrations"
    path = migrate.make(folder, "begin", schema())
    assert path is not None
    more = "upgrade() -> None:\n    op.get_bind().exec_driver_sql('SELECT 1')"
    path.write_text(path.read_text().replace("upgrade() -> None:", more))
    with pytest.raises(MigrationRefused, match="run Python on the database"):
        migrate.apply(url, folder)
    migrate.apply(url, folder, lossy=["run Python on the database"])


def test_a_file_that_does_not_run_is_refused(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path}/data.db", tmp_path / "migrations"
    path = migrate.make(folder, "begin", schema())
    assert path is not None
    path.write_text(path.read_text().replace("upgrade() -> None:", "upgrade() -> None:\n    1 / 0"))
    with pytest.raises(MigrationRefused, match="ZeroDivisionError"):
        migrate.show(url, folder)


def test_rows_that_lead_nowhere_stop_a_change(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data.db"
    migrate.create_all(url, schema())

    async def orphan() -> None:
        async with opened(url) as store:
            await store.write(lambda t: t.run("CREATE TABLE note (person BLOB)"))
            await store.write(lambda t: t.run("INSERT INTO note VALUES (x'00')"))

    asyncio.run(orphan())
    wanted = schema()
    Table("note", wanted, Column("person", ID, nullable=True), ForeignKeyConstraint(["person"], ["person.id"]))
    with pytest.raises(MigrationRefused, match="lead nowhere"):
        migrate.ensure(url, wanted)


def test_a_database_that_is_being_written_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from techlead.store import migration_connection

    monkeypatch.setattr(migration_connection, "LOCK_SECONDS_MAX", 0.05)
    other = sqlite3.connect(tmp_path / "data.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        migrate.ensure(f"sqlite:///{tmp_path}/data.db", schema())
    other.execute("ROLLBACK")
    other.close()


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_url() as fresh:
        yield fresh


async def test_a_migration_waits_for_another_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncpg

    from techlead.store import migration_connection, migration_postgres

    monkeypatch.setattr(migration_connection, "LOCK_SECONDS_MAX", 0.1)
    other = await asyncpg.connect(url)
    await other.execute(f"SELECT pg_advisory_lock({migration_postgres.LOCK_NUMBER})")
    with pytest.raises(StoreBusy):
        await asyncio.to_thread(migrate.ensure, url, schema())
    await other.close()
