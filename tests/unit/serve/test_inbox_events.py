"""The inbox as server-sent events: each message once, none lost, and only to whoever is still signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from databases import sqlite_url
from message_board import Board, Caller, serving

from techlead.deliver import sql_statements
from techlead.errors import StoreUnavailable
from techlead.primitives import ids
from techlead.serve import answer
from techlead.serve.inbox_events import LOOK_MESSAGES_MAX
from techlead.serve.settings import Settings

NEVER = 3_600
SOON = 0.05


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(mail_folder=str(tmp_path / "mail"), sse_poll_seconds=NEVER, sse_heartbeat_seconds=NEVER)


@pytest.fixture
def polling(settings: Settings) -> Settings:
    return replace(settings, sse_poll_seconds=SOON)


@pytest.fixture
async def board(database_url: str, settings: Settings) -> AsyncIterator[Board]:
    async with serving(database_url, settings) as opened:
        yield opened


@pytest.fixture
async def small_board(tmp_path: Path, settings: Settings) -> AsyncIterator[Board]:
    async with serving(sqlite_url(tmp_path), settings) as opened:
        yield opened


async def people(board: Board) -> tuple[Caller, Caller]:
    return await board.person("alice"), await board.person("bob")


def raw(message: str) -> bytes:
    return ids.decode("message", message)


async def tell_late(board: Board, reader: Caller, after: str, earlier_ms: int, subject: str) -> None:
    """Commit a message now whose transaction began before that of another one."""
    began = int.from_bytes(raw(after)[:6]) - earlier_ms
    runtime = board.application.runtime
    values = {
        "id": ids.uuid7(began, runtime.random), "account": ids.decode("person", reader.id), "channel": "inbox",
        "notification": "note_written", "resource": "Note", "row": bytes(16), "subject": subject, "text": "",
        "created_at": began * 1000, "kind": "", "lane": "", "destination": "", "data": "", "dedupe": None,
        "expires_at": None, "state": "", "next_at": None,
    }  # fmt: skip

    async def work(tx: Any) -> None:
        statement = runtime.statements.made("outbox: put", sql_statements.put)
        await tx.run(statement.sql, statement.values(values))

    await runtime.store.write(work)
    runtime.told({values["account"]})


async def test_a_message_comes_as_soon_as_it_is_committed(board: Board) -> None:
    alice, bob = await people(board)
    async with bob.following() as stream:
        await stream.opened()
        note = await alice.write(bob, "Hello")
        message = await stream.message(seconds=1)
        assert (message["subject"], message["about"]) == ("Hello", note)
        assert [message] == await bob.inbox()
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert "content-length" not in stream.headers


async def test_what_another_process_commits_is_found_by_looking(database_url: str, polling: Settings) -> None:
    async with serving(database_url, polling) as here, serving(database_url, polling, fresh=False) as there:
        alice, bob = await people(here)
        async with bob.following() as stream:
            await stream.opened()
            await replace(alice, application=there.application).write(bob, "from there")
            assert await stream.messages(1) == ["from there"]


async def test_nobody_hears_what_another_is_told(board: Board) -> None:
    alice, bob = await people(board)
    async with alice.following() as hers, bob.following() as his:
        await hers.opened()
        await his.opened()
        await alice.write(bob, "for bob")
        await bob.write(alice, "for alice")
        assert await hers.messages(1) == ["for alice"]
        assert await his.messages(1) == ["for bob"]
        assert b"for bob" not in b"".join(hers.parts)
    async with alice.following(headers={"last-event-id": "message_" + "0" * 26}) as all_of_hers:
        assert await all_of_hers.messages(1) == ["for alice"]
        await bob.write(alice, "the end")
        assert await all_of_hers.messages(1) == ["the end"]


async def test_a_reconnect_goes_on_exactly_where_the_reader_was(board: Board) -> None:
    alice, bob = await people(board)
    async with bob.following() as stream:
        await stream.opened()
        for title in ("first", "second", "third"):
            await alice.write(bob, title)
        heard = await stream.messages(3)
    await alice.write(bob, "while away")
    async with bob.following(headers={"last-event-id": stream.id_lines()[-2]}) as again:
        assert sorted(await again.messages(2)) == sorted([heard[-1], "while away"])
        await alice.write(bob, "after")
        assert await again.messages(1) == ["after"]


async def test_a_reader_who_has_not_heard_anything_yet_loses_nothing_either(board: Board) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "before")
    async with bob.following() as stream:
        await stream.opened()
    await alice.write(bob, "while away")
    async with bob.following(headers={"last-event-id": stream.id_lines()[-1]}) as again:
        assert await again.messages(1) == ["while away"]
        await alice.write(bob, "after")
        assert await again.messages(1) == ["after"]


async def test_after_a_restart_nothing_is_lost_and_what_comes_again_has_the_same_id(
    database_url: str, settings: Settings
) -> None:
    async with serving(database_url, settings) as board:
        alice, bob = await people(board)
        async with bob.following() as stream:
            await stream.opened()
            await alice.write(bob, "first")
            await alice.write(bob, "second")
            await stream.messages(2)
        await alice.write(bob, "while away")
    first, second = stream.id_lines()[-2:]
    async with serving(database_url, settings, fresh=False) as restarted:
        bob.application = restarted.application
        async with bob.following(headers={"last-event-id": second}) as again:
            heard = {(message := await again.message())["subject"]: message["id"] for _ in range(2)}
            assert heard == {"first": first, "while away": again.id_lines()[-1]}


async def test_a_message_that_commits_after_a_later_one_is_not_lost(board: Board) -> None:
    alice, bob = await people(board)
    async with bob.following() as stream:
        await stream.opened()
        await alice.write(bob, "quick")
        quick = await stream.message()
        await tell_late(board, bob, quick["id"], 20_000, "slow")
        assert await stream.messages(1) == ["slow"]
        await alice.write(bob, "next")
        assert await stream.messages(1) == ["next"]


async def test_a_message_that_commits_late_while_the_reader_is_away_comes_once(board: Board) -> None:
    alice, bob = await people(board)
    async with bob.following() as stream:
        await stream.opened()
        await alice.write(bob, "early")
        await alice.write(bob, "quick")
        await stream.messages(2)
    last = stream.id_lines()[-1]
    await tell_late(board, bob, last, 20_000, "slow")
    async with bob.following(headers={"last-event-id": last}) as again:
        assert await again.messages(1) == ["slow"]
        await alice.write(bob, "next")
        assert await again.messages(1) == ["next"]
    async with bob.following(headers={"last-event-id": again.id_lines()[-1]}) as third:
        await alice.write(bob, "last")
        assert await third.messages(1) == ["last"]


async def test_a_reader_who_was_away_for_long_hears_everything_in_order(small_board: Board) -> None:
    alice, bob = await people(small_board)
    titles = [f"note {number}" for number in range(2 * LOOK_MESSAGES_MAX + 1)]
    for title in titles:
        await alice.write(bob, title)
    in_order = [message["subject"] for message in reversed(await bob.inbox("?limit=100"))]
    async with bob.following(headers={"last-event-id": "message_" + "0" * 26}) as stream:
        assert await stream.messages(len(titles)) == in_order
        await alice.write(bob, "new")
        assert await stream.messages(1) == ["new"]


async def test_more_old_messages_than_one_look_reads_are_not_sent_to_a_new_reader(small_board: Board) -> None:
    alice, bob = await people(small_board)
    for number in range(2 * LOOK_MESSAGES_MAX):
        await alice.write(bob, f"note {number}")
    async with bob.following() as stream:
        await stream.opened()
        await alice.write(bob, "new")
        assert await stream.messages(1) == ["new"]


async def test_logging_out_ends_the_stream(database_url: str, polling: Settings) -> None:
    async with serving(database_url, polling) as board:
        alice, bob = await people(board)
        async with bob.following() as stream:
            await stream.opened()
            assert (await bob.post("/auth/logout")).status == 204
            await alice.write(bob, "too late")
            await stream.ended()
            assert b"too late" not in b"".join(stream.parts)


async def test_locking_an_account_ends_its_streams(database_url: str, polling: Settings) -> None:
    async with serving(database_url, polling) as board:
        alice, bob = await people(board)
        async with bob.following() as stream, alice.following() as other:
            await stream.opened()
            await other.opened()
            await disable(board, bob)
            await stream.ended()
            assert not other.task.done()


async def disable(board: Board, person: Caller) -> None:
    runtime = board.application.runtime
    statement = runtime.statements.update(runtime.plan.accounts, ("disabled",))
    values = statement.values({"disabled": True, "row_id": ids.decode("person", person.id)})

    async def work(tx: Any) -> None:
        await tx.run(statement.sql, values)

    await runtime.store.write(work)


async def test_a_silent_stream_says_that_it_lives(tmp_path: Path, settings: Settings) -> None:
    async with serving(sqlite_url(tmp_path), replace(settings, sse_heartbeat_seconds=SOON)) as board:
        _, bob = await people(board)
        async with bob.following() as stream:
            await stream.opened()
            await stream.part()
            assert [await stream.part(), await stream.part()] == [b":\n\n", b":\n\n"]


async def test_a_process_takes_so_many_streams_and_no_more(tmp_path: Path, settings: Settings) -> None:
    async with serving(sqlite_url(tmp_path), replace(settings, sse_clients_max=1)) as board:
        alice, bob = await people(board)
        async with alice.following() as stream:
            await stream.opened()
            refused = await bob.get("/inbox/events")
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        async with bob.following() as stream:
            await stream.opened()
            assert stream.status == 200


async def test_an_account_takes_its_share_of_streams_and_no_more(tmp_path: Path, settings: Settings) -> None:
    async with serving(sqlite_url(tmp_path), replace(settings, sse_clients_of_account_max=1)) as board:
        alice, bob = await people(board)
        async with alice.following() as stream:
            await stream.opened()
            assert (await alice.get("/inbox/events")).status == 429
            async with bob.following() as other:
                await other.opened()
                assert other.status == 200
        async with alice.following() as stream:
            await stream.opened()
            assert stream.status == 200


async def test_stopping_ends_every_stream_at_once_and_takes_no_new_one(small_board: Board) -> None:
    alice, bob = await people(small_board)
    async with bob.following() as stream:
        await stream.opened()
        small_board.application.drain()
        await stream.ended(seconds=1)
        assert stream.parts[-1] == b""
        assert (await alice.get("/inbox/events")).status == 503
        assert (await alice.get("/inbox")).status == 200


async def test_a_slow_reader_makes_the_stream_wait_and_is_cut_off(
    small_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "PART_SECONDS_MAX", 0.2)
    alice, bob = await people(small_board)
    async with bob.following() as stream:
        await stream.opened()
        stream.reads.clear()
        for number in range(5):
            await alice.write(bob, f"note {number}")
        before = len(stream.parts)
        await stream.ended(seconds=3)
        assert len(stream.parts) == before
    last = stream.id_lines()[-1]
    async with bob.following(headers={"last-event-id": last}) as again:
        assert sorted(await again.messages(5)) == [f"note {number}" for number in range(5)]


async def test_a_stream_that_is_told_to_end_does_not_first_send_what_it_has_read(small_board: Board) -> None:
    alice, bob = await people(small_board)
    for number in range(5):
        await alice.write(bob, f"note {number}")
    async with bob.following(headers={"last-event-id": "message_" + "0" * 26}) as stream:
        stream.stops_reading_after = 2
        first = await stream.messages(1)
        small_board.application.drain()
        stream.stops_reading_after = None
        stream.reads.set()
        await stream.ended(seconds=1)
        assert (len(first), len(stream.id_lines())) == (1, 2)


async def test_a_stream_that_cannot_begin_takes_no_place(small_board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    _, bob = await people(small_board)
    with monkeypatch.context() as patch:
        patch.setattr("techlead.serve.inbox_events.LOOK_MESSAGES_MAX", "no number")
        assert (await bob.get("/inbox/events")).status == 500
    assert small_board.application.runtime.streams._places == {}


async def test_a_reader_who_leaves_gives_the_place_back(small_board: Board) -> None:
    _, bob = await people(small_board)
    for _ in range(3 * small_board.application.runtime.settings.sse_clients_of_account_max):
        async with bob.following() as stream:
            await stream.opened()
            assert stream.status == 200


async def test_a_stream_outlives_a_database_that_is_away(
    tmp_path: Path, polling: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(sqlite_url(tmp_path), polling) as board:
        alice, bob = await people(board)
        async with bob.following() as stream:
            await stream.opened()
            store = board.application.runtime.store
            read, asked = store.read, asyncio.Event()

            async def away(*_arguments: Any) -> list[Any]:
                asked.set()
                raise StoreUnavailable

            monkeypatch.setattr(type(store), "read", away)
            await asyncio.wait_for(asked.wait(), 5)
            assert not stream.task.done()
            monkeypatch.setattr(type(store), "read", lambda _store, *arguments: read(*arguments))
            await alice.write(bob, "back again")
            assert await stream.messages(1) == ["back again"]


async def test_words_that_look_like_an_event_stay_words(small_board: Board) -> None:
    alice, bob = await people(small_board)
    forged = 'x\n\nid: message_forged\ndata: {"forged": true}\n\n'
    async with bob.following() as stream:
        await stream.opened()
        await alice.write(bob, forged)
        assert await stream.messages(1) == [forged]
        assert len(stream.id_lines()) == 2


@pytest.mark.parametrize("last", ["nothing", "person_01h455vb4pex5vsknk084sn02q", "message_" + "z" * 26, "\x00", "é"])
async def test_a_last_event_that_is_no_message_is_refused_and_not_ignored(small_board: Board, last: str) -> None:
    alice = await small_board.person("alice")
    assert (await alice.get("/inbox/events", last_event_id=last)).status == 400


async def test_a_last_event_in_the_future_loses_nothing(small_board: Board) -> None:
    alice, bob = await people(small_board)
    async with bob.following(headers={"last-event-id": "message_7" + "z" * 25}) as stream:
        await stream.opened()
        await alice.write(bob, "now")
        assert await stream.messages(1) == ["now"]


async def test_an_empty_last_event_means_from_now_on(small_board: Board) -> None:
    alice, bob = await people(small_board)
    await alice.write(bob, "before")
    async with bob.following(headers={"last-event-id": ""}) as stream:
        await stream.opened()
        await alice.write(bob, "after")
        assert await stream.messages(1) == ["after"]


async def test_parameters_are_refused_and_head_has_no_stream(small_board: Board) -> None:
    alice = await small_board.person("alice")
    assert (await alice.get("/inbox/events?after=1")).status == 422
    head = await alice.ask("HEAD", "/inbox/events")
    assert (head.status, head.headers["content-type"], head.body) == (200, "text/event-stream", b"")


async def test_an_unexpected_fault_ends_the_stream_and_shows_nothing_of_itself(
    small_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await people(small_board)

    def broken(*_arguments: Any) -> bytes:
        raise RuntimeError(bob.token)

    monkeypatch.setattr("techlead.serve.inbox_events.event", broken)
    async with bob.following() as stream:
        await stream.opened()
        await alice.write(bob, "Hello")
        await stream.ended()
    assert bob.token not in b"".join(stream.parts)
    assert bob.token.decode() not in str(small_board.events)
    assert [event["error"] for event in small_board.events if event["event"] == "unexpected"] == ["RuntimeError"]
    monkeypatch.undo()
    async with bob.following() as stream:
        await stream.opened()
        assert stream.status == 200
