"""What holds for PostgreSQL alone: conflicts, lost connections, pools, and what a server may answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from databases import postgres_url
from unit.store.store_tables import add, amounts, create_tables

from techlead.errors import (
    CheckViolated,
    DeadlineExceeded,
    ProgramError,
    ShuttingDown,
    StoreBusy,
    StoreFull,
    StoreUnavailable,
    TechleadError,
    UniqueViolated,
)
from techlead.store.port import StoreSettings, Transaction
from techlead.store.postgres import PostgresStore

QUICK = StoreSettings(lock_seconds_max=0.2, connect_seconds_max=0.5, statement_seconds_max=1.0)
MINE = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_url() as fresh:
        yield fresh


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(url, QUICK)
    await opened.open()
    await create_tables(opened)
    yield opened
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


async def test_two_who_lock_in_opposite_order_both_succeed(store: PostgresStore) -> None:
    patient = PostgresStore(store._url, StoreSettings(lock_seconds_max=10, statement_seconds_max=20))
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
    assert runs == QUICK.conflict_tries_max


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


def raising(state: str) -> str:
    """Give a statement that fails with a state, in spite of looking harmless."""
    return f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'asked for'; END $$"


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


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = PostgresStore(f"postgresql://postgres@127.0.0.1:{taken.getsockname()[1]}/test", QUICK)
        with pytest.raises(StoreUnavailable):
            await store.open()
        with pytest.raises(StoreUnavailable):
            await store.read("SELECT 1")
        with pytest.raises(StoreUnavailable):
            await store.write(add(1, "ada"))
        await store.close()


async def test_a_server_that_accepts_and_says_nothing_is_unavailable_in_time() -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    store = PostgresStore(f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/test", QUICK)
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()
    server.close()
    await server.wait_closed()


async def test_a_database_that_does_not_exist_is_unavailable_until_it_does(url: str, other: asyncpg.Connection) -> None:
    store = PostgresStore(url + "_later", QUICK)
    with pytest.raises(StoreUnavailable):
        await store.open()
    name = url.rpartition("/")[2] + "_later"
    await other.execute(f'CREATE DATABASE "{name}"')
    try:
        await store.check()
    finally:
        await store.close()
        await other.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_when_the_server_takes_no_more_connections_it_is_busy(url: str, other: asyncpg.Connection) -> None:
    role = url.rpartition("/")[2] + "_role"
    await other.execute(f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 1')
    store = PostgresStore(url.replace("//postgres@", f"//{role}@"), QUICK)
    try:
        ends = await asyncio.gather(*[store.read("SELECT pg_sleep(0.2)") for _ in range(3)], return_exceptions=True)
        assert {type(end) for end in ends} == {list, StoreBusy}
        await store.check()
    finally:
        await store.close()
        await other.execute(f'DROP ROLE "{role}"')


async def test_who_waits_too_long_for_a_connection_is_told_busy(url: str) -> None:
    store = PostgresStore(url, StoreSettings(read_connections_max=1, connect_seconds_max=0.1))
    ends = await asyncio.gather(store.read("SELECT pg_sleep(0.4)"), store.read("SELECT 1"), return_exceptions=True)
    assert isinstance(ends[1], StoreBusy)
    assert await store.read("SELECT 1") == [(1,)]
    await store.close()


async def test_reads_do_not_wait_behind_writers(url: str) -> None:
    store = PostgresStore(url, StoreSettings(write_connections_max=1))
    writing = asyncio.create_task(store.write(lambda t: t.run("SELECT pg_sleep(0.3)")))
    await asyncio.sleep(0.1)
    await store.read("SELECT 1")
    assert not writing.done()
    await writing
    await store.close()


async def test_closing_cuts_off_who_does_not_come_home(url: str) -> None:
    store = PostgresStore(url, StoreSettings(statement_seconds_max=0.2))

    async def quiet(transaction: Transaction) -> None:
        await transaction.run("SELECT 1")
        await asyncio.sleep(0.6)
        await transaction.run("SELECT 1")

    writing = asyncio.create_task(store.write(quiet))
    await asyncio.sleep(0.1)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await writing
    with pytest.raises(ShuttingDown):
        await store.read("SELECT 1")


async def test_the_columns_of_a_refusal_are_asked_once(store: PostgresStore) -> None:
    await store.write(add(1, "ada"))
    for _ in range(3):
        with pytest.raises(UniqueViolated) as refused:
            await store.write(add(2, "ada"))
        assert refused.value.columns == ("name",)
    assert len(store._known_columns) == 1


async def test_a_refusal_is_told_even_when_its_columns_cannot_be_asked(url: str, store: PostgresStore) -> None:
    await store.write(add(1, "ada"))
    single = PostgresStore(url, StoreSettings(read_connections_max=1, connect_seconds_max=0.05))
    reading = asyncio.create_task(single.read("SELECT pg_sleep(0.5)"))
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


class Connection:
    """A driver's connection whose answers are told beforehand."""

    def __init__(self, *answers: BaseException | str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.is_cut = False

    async def execute(self, statement: str) -> str:
        self.asked.append(statement)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def is_in_transaction(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self.is_cut

    def terminate(self) -> None:
        self.is_cut = True

    async def close(self) -> None:
        self.is_cut = True


async def given(store: PostgresStore, connection: Connection) -> PostgresStore:
    """Let a store that is connected to nothing use a connection of ours."""

    async def connect(**_: object) -> Connection:
        return connection

    store._connect = connect  # type: ignore[method-assign]
    return store


async def fail(_: Transaction) -> None:
    raise LookupError("mine")


async def test_a_connection_that_cannot_be_made_takes_nobodys_place() -> None:
    store = PostgresStore(
        "postgresql://localhost/none", StoreSettings(write_connections_max=1, connect_seconds_max=0.1)
    )
    tries = [ConnectionRefusedError(), TimeoutError(), Connection("BEGIN", "COMMIT")]

    async def connect(**_: object) -> Connection:
        given = tries.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    async def work(_: Transaction) -> str:
        return "done"

    store._connect = connect  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.write(work)
    assert await store.write(work) == "done"
    await store.close()


@pytest.mark.parametrize("lost", [asyncpg.InterfaceError("lost"), ConnectionResetError(), TimeoutError()])
async def test_a_rollback_that_fails_gives_the_connection_up(lost: BaseException) -> None:
    connection = Connection("BEGIN", lost, lost)
    store = await given(PostgresStore("postgresql://localhost/none", QUICK), connection)
    with pytest.raises(LookupError, match="mine"):
        await store.write(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert connection.is_cut
    await store.close()


async def test_a_caller_who_leaves_during_the_rollback_is_cancelled_and_it_is_rolled_back_again() -> None:
    connection = Connection("BEGIN", asyncio.CancelledError(), "ROLLBACK")
    store = await given(PostgresStore("postgresql://localhost/none", QUICK), connection)
    with pytest.raises(asyncio.CancelledError):
        await store.write(fail)
    await store.close()
    assert connection.asked == ["BEGIN", "ROLLBACK", "ROLLBACK"]


async def test_a_commit_that_became_a_rollback_is_never_acknowledged() -> None:
    connection = Connection("BEGIN", "ROLLBACK", "ROLLBACK")
    store = await given(PostgresStore("postgresql://localhost/none", QUICK), connection)

    async def work(_: Transaction) -> str:
        return "done"

    with pytest.raises(StoreUnavailable, match="rolled a transaction back"):
        await store.write(work)
    await store.close()


async def test_a_statement_without_an_answer_in_time_is_over_its_deadline(url: str) -> None:
    store = PostgresStore(url, QUICK)
    await store.open()
    ((connection),) = store._readers._idle
    connection._config = connection._config._replace(command_timeout=0.05)
    with pytest.raises(DeadlineExceeded):
        await store.read("SELECT pg_sleep(0.5)")
    assert await store.read("SELECT 1") == [(1,)]
    await store.close()


async def test_a_new_connection_that_cannot_be_prepared_is_cut(
    url: str, monkeypatch: pytest.MonkeyPatch, other: asyncpg.Connection
) -> None:
    async def broken(_: object) -> None:
        raise ConnectionResetError

    store = PostgresStore(url, QUICK)
    with monkeypatch.context() as patch:
        patch.setattr("techlead.store.postgres.set_codecs", broken)
        with pytest.raises(StoreUnavailable):
            await store.open()
    await store.open()
    await store.close()
