"""Connections to PostgreSQL: refused, lost, too many, left in the middle; and none is ever leaked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from databases import postgres_url
from unit.store.store_tables import add

from techlead.errors import DeadlineExceeded, ShuttingDown, StoreBusy, StoreUnavailable
from techlead.store.port import StoreSettings, Transaction
from techlead.store.postgres import PostgresStore

STRICT = StoreSettings(lock_seconds_max=0.2, connect_seconds_max=0.5, statement_seconds_max=1.0)
PATIENT = StoreSettings(lock_seconds_max=0.2, statement_seconds_max=1.0)
"""For a server that is there: on a busy machine it may take a while to let somebody in."""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_url() as fresh:
        yield fresh


@pytest.fixture
async def other(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


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


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = PostgresStore(f"postgresql://postgres@127.0.0.1:{taken.getsockname()[1]}/test", STRICT)
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
    store = PostgresStore(f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/test", STRICT)
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()
    server.close()
    await server.wait_closed()


async def test_a_database_that_does_not_exist_is_unavailable_until_it_does(url: str, other: asyncpg.Connection) -> None:
    store = PostgresStore(url + "_later", PATIENT)
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
    store = PostgresStore(url.replace("//postgres@", f"//{role}@"), PATIENT)
    try:
        ends = await asyncio.gather(*[store.read("SELECT pg_sleep(0.2)") for _ in range(3)], return_exceptions=True)
        assert {type(end) for end in ends} == {list, StoreBusy}
        await store.check()
    finally:
        await store.close()
        await other.execute(f'DROP ROLE "{role}"')


async def test_who_waits_too_long_for_a_connection_is_told_busy(url: str) -> None:
    store = PostgresStore(url, StoreSettings(read_connections_max=1, connect_seconds_max=1.0))
    ends = await asyncio.gather(store.read("SELECT pg_sleep(2)"), store.read("SELECT 1"), return_exceptions=True)
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
    store = await given(PostgresStore("postgresql://localhost/none", STRICT), connection)
    with pytest.raises(LookupError, match="mine"):
        await store.write(fail)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert connection.is_cut
    await store.close()


async def test_a_caller_who_leaves_during_the_rollback_is_cancelled_and_it_is_rolled_back_again() -> None:
    connection = Connection("BEGIN", asyncio.CancelledError(), "ROLLBACK")
    store = await given(PostgresStore("postgresql://localhost/none", STRICT), connection)
    with pytest.raises(asyncio.CancelledError):
        await store.write(fail)
    await store.close()
    assert connection.asked == ["BEGIN", "ROLLBACK", "ROLLBACK"]


async def test_a_commit_that_became_a_rollback_is_never_acknowledged() -> None:
    connection = Connection("BEGIN", "ROLLBACK", "ROLLBACK")
    store = await given(PostgresStore("postgresql://localhost/none", STRICT), connection)

    async def work(_: Transaction) -> str:
        return "done"

    with pytest.raises(StoreUnavailable, match="rolled a transaction back"):
        await store.write(work)
    await store.close()


async def test_a_statement_without_an_answer_in_time_is_over_its_deadline(url: str) -> None:
    store = PostgresStore(url, PATIENT)
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

    store = PostgresStore(url, PATIENT)
    with monkeypatch.context() as patch:
        patch.setattr("techlead.store.postgres.set_codecs", broken)
        with pytest.raises(StoreUnavailable):
            await store.open()
    await store.open()
    await store.close()
