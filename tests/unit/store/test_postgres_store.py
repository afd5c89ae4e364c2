"""What holds for PostgreSQL alone: conflicts, locks, and what a server may answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from databases import postgres_url
from unit.store.store_tables import add, amounts, create_tables

from techlead.errors import (
    CheckViolated,
    DeadlineExceeded,
    ProgramError,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TechleadError,
    UniqueViolated,
)
from techlead.store import postgres
from techlead.store.port import StoreSettings, Transaction
from techlead.store.postgres import PostgresStore

STRICT = StoreSettings(lock_seconds_max=0.2, statement_seconds_max=1.0)


MINE = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_url() as fresh:
        yield fresh


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(url, STRICT)
    try:
        await opened.open()
        await create_tables(opened)
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def test_limits_and_isolation_are_in_force(store: PostgresStore) -> None:
    names = ("statement_timeout", "lock_timeout", "default_transaction_isolation", "transaction_read_only")

    async def shown(transaction: Transaction) -> list[str]:
        return [(await transaction.run(f"SHOW {name}"))[0][0] for name in names]

    assert await store.write(shown) == ["1s", "200ms", "read committed", "off"]
    assert await store.read("SHOW transaction_read_only") == [("on",)]


async def test_two_who_lock_in_opposite_order_both_succeed(url: str, store: PostgresStore) -> None:
    patient = PostgresStore(url, StoreSettings(lock_seconds_max=10, statement_seconds_max=20))
    await store.write(add(1, "ada"))
    await store.write(add(2, "bob"))
    runs = 0

    def visit(first: int, second: int) -> object:
        async def work(transaction: Transaction) -> None:
            nonlocal runs
            runs += 1
            for number in (first, second):
                await transaction.run("UPDATE person SET amount = amount + 1 WHERE id = $1", (number,))
                if runs <= 2:
                    await asyncio.sleep(0.05)

        return work

    await asyncio.gather(patient.write(visit(1, 2)), patient.write(visit(2, 1)))
    assert runs > 2
    assert await amounts(store) == {1: 2, 2: 2}
    await patient.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_conflict_is_tried_again_so_often_and_no_more(store: PostgresStore, state: str) -> None:
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await transaction.run(raising(state))

    with pytest.raises(StoreBusy):
        await store.write(work)
    assert runs == STRICT.conflict_tries_max


async def test_a_conflict_is_tried_again_even_if_the_work_translated_it(store: PostgresStore) -> None:
    runs = 0

    async def work(transaction: Transaction) -> str:
        nonlocal runs
        runs += 1
        if runs > 1:
            return "second run"
        try:
            await transaction.run(raising("40001"))
        except TechleadError:
            raise LookupError from None
        return "never"

    assert await store.write(work) == "second run"


async def test_a_conflict_at_commit_is_tried_again(store: PostgresStore) -> None:
    await conflict_at_commit(store, "40001")
    runs = 0

    async def work(transaction: Transaction) -> None:
        nonlocal runs
        runs += 1
        await transaction.run("INSERT INTO late VALUES ($1)", (runs,))

    await store.write(work)
    assert runs == 3
    assert await store.read("SELECT n FROM late") == [(3,)]


async def test_a_constraint_at_commit_is_told(store: PostgresStore) -> None:
    await conflict_at_commit(store, "23514")
    with pytest.raises(CheckViolated):
        await store.write(lambda t: t.run("INSERT INTO late VALUES (1)"))
    await store.write(lambda t: t.run("INSERT INTO late VALUES (9)"))


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("08006", StoreUnavailable),
        ("22003", CheckViolated),
        ("22012", ProgramError),
        ("42501", ProgramError),
        ("53100", StoreFull),
        ("53200", StoreBusy),
        ("53300", StoreBusy),
        ("55P03", StoreBusy),
        ("57014", DeadlineExceeded),
        ("57P03", StoreUnavailable),
        ("58030", StoreUnavailable),
        ("XX001", StoreUnavailable),
    ],
)
async def test_what_the_server_says_means_one_thing_to_us(
    store: PostgresStore, state: str, kind: type[TechleadError]
) -> None:
    with pytest.raises(kind):
        await store.write(lambda t: t.run(raising(state)))
    with pytest.raises(kind):
        await store.read(raising(state))
    await store.check()


async def test_a_server_that_is_read_only_is_unavailable_for_writes(store: PostgresStore) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.run("SET TRANSACTION READ ONLY")
        await add(1, "ada")(transaction)

    with pytest.raises(StoreUnavailable):
        await store.write(work)


async def test_a_connection_cut_while_idle_is_told_once_and_made_anew(
    store: PostgresStore, other: asyncpg.Connection
) -> None:
    await store.write(add(1, "ada"))
    await other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {MINE}")
    for attempt in (store.check(), store.write(add(2, "bob"))):
        await asyncio.gather(attempt, return_exceptions=True)
    await store.check()
    await store.write(add(3, "eve"))
    assert {1, 3} <= set(await amounts(store))


async def test_a_connection_cut_inside_a_work_is_unavailable_and_nothing_is_stored(
    store: PostgresStore, other: asyncpg.Connection
) -> None:
    async def work(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        ((process,),) = await transaction.run("SELECT pg_backend_pid()")
        await other.execute("SELECT pg_terminate_backend($1)", process)
        await transaction.run("SELECT pg_sleep(0.2)")

    with pytest.raises(StoreUnavailable):
        await store.write(work)
    assert await amounts(store) == {}
    await store.write(add(2, "bob"))


async def test_a_connection_cut_just_before_the_commit_is_unavailable(
    store: PostgresStore, other: asyncpg.Connection
) -> None:
    async def work(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        ((process,),) = await transaction.run("SELECT pg_backend_pid()")
        await other.execute("SELECT pg_terminate_backend($1)", process)

    with pytest.raises(StoreUnavailable):
        await store.write(work)
    assert await amounts(store) == {}


async def test_a_cancelled_work_leaves_no_transaction_and_no_lock(
    store: PostgresStore, other: asyncpg.Connection
) -> None:
    async def work(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        await transaction.run("SELECT pg_sleep(0.8)")

    task = asyncio.create_task(store.write(work))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.write(add(1, "somebody else"))
    assert await other.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {MINE} AND state LIKE '%in trans%'") == 0


async def test_a_work_that_goes_quiet_is_ended_by_the_server(url: str, store: PostgresStore) -> None:
    strict = PostgresStore(url, StoreSettings(idle_transaction_seconds_max=0.1))

    async def work(transaction: Transaction) -> None:
        await add(1, "ada")(transaction)
        await asyncio.sleep(0.4)
        await transaction.run("SELECT 1")

    with pytest.raises((DeadlineExceeded, StoreUnavailable)):
        await strict.write(work)
    await strict.write(add(2, "bob"))
    assert set(await amounts(store)) == {2}
    await strict.close()


async def test_the_columns_of_a_refusal_are_asked_once(store: PostgresStore) -> None:
    await store.write(add(1, "ada"))
    for _ in range(3):
        with pytest.raises(UniqueViolated) as refused:
            await store.write(add(2, "ada"))
        assert refused.value.columns == ("name",)
    assert len(store._known_columns) == 1


async def test_a_refusal_is_told_even_when_its_columns_cannot_be_asked(url: str, store: PostgresStore) -> None:
    await store.write(add(1, "ada"))
    single = PostgresStore(url, StoreSettings(read_connections_max=1, connect_seconds_max=1.0))
    reading = asyncio.create_task(single.read("SELECT pg_sleep(2)"))
    await asyncio.sleep(0.1)
    with pytest.raises(UniqueViolated) as refused:
        await single.write(add(2, "ada"))
    assert refused.value.columns == ("name",)
    await reading
    await single.close()


async def test_a_lock_is_refused_while_another_transaction_holds_it(store: PostgresStore) -> None:
    release = asyncio.Event()

    async def hold(transaction: Transaction) -> bool:
        taken = await transaction.try_lock(b"key")
        await release.wait()
        return taken

    holding = asyncio.create_task(store.write(hold))
    await asyncio.sleep(0.1)
    assert await store.write(lambda t: t.try_lock(b"key")) is False
    assert await store.write(lambda t: t.try_lock(b"another key")) is True
    release.set()
    assert await holding is True
    assert await store.write(lambda t: t.try_lock(b"key")) is True


async def conflict_at_commit(store: PostgresStore, state: str) -> None:
    """Make a table whose rows below 3 are refused at COMMIT with a state."""
    await store.write(lambda t: t.run("CREATE TABLE late (n INTEGER)"))
    await store.write(
        lambda t: t.run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n < 3 THEN RAISE EXCEPTION "
            f"USING ERRCODE = '{state}', MESSAGE = 'no'; END IF; RETURN NULL; END $$"
        )
    )
    await store.write(
        lambda t: t.run(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    )


def raising(state: str) -> str:
    """Give a statement that fails with a state, in spite of looking harmless."""
    return f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'asked for'; END $$"


async def plan_of_an_update(url: str) -> str:
    """Give the plan by which some of many rows are changed by their keys, in a table of which the server knows nothing yet."""
    store = PostgresStore(url)
    await store.open()

    async def work(tx: Transaction) -> str:
        await tx.run("CREATE TABLE tried (message BIGINT, number BIGINT, said TEXT, PRIMARY KEY (message, number))")
        await tx.run("INSERT INTO tried SELECT n, 1, '' FROM generate_series(1, 3000) AS n")
        rows = await tx.run(
            "EXPLAIN UPDATE tried SET said = 'x' FROM unnest($1::BIGINT[], $2::BIGINT[]) AS given(message, number) "
            "WHERE tried.message = given.message AND tried.number = given.number",
            (list(range(50)), [1] * 50),
        )
        return "\n".join(str(row[0]) for row in rows)

    try:
        return await store.write(work)
    finally:
        await store.close()


async def test_a_change_finds_its_rows_by_their_keys_before_the_server_has_looked_at_the_table(url: str) -> None:
    assert "Seq Scan on tried" not in await plan_of_an_update(url)


async def test_without_our_settings_it_would_read_the_whole_table(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PLANS", {})
    monkeypatch.setattr(postgres, "PLANS_OF_WRITES", {})
    assert "Seq Scan on tried" in await plan_of_an_update(url)
