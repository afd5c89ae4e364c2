"""The inbox over REST: what an account was told, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from databases import sqlite_url
from message_board import Board, serving

from techlead.primitives import ids
from techlead.primitives.clock import FrozenClock
from techlead.serve.settings import Settings


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(1_800_000_000_000_000)


@pytest.fixture
async def board(database_url: str, tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Board]:
    async with serving(database_url, Settings(mail_folder=str(tmp_path / "mail")), clock=clock) as opened:
        yield opened


async def test_a_message_says_what_happened_about_which_row_and_when(board: Board) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    note = await alice.write(bob, "Hello")
    [message] = await bob.inbox()
    assert message.pop("id").startswith("message_")
    assert message == {
        "notification": "note_written", "about": note, "subject": "Hello", "text": "Hello was written.",
        "created_at": "2027-01-15T08:00:00Z", "read_at": None,
    }  # fmt: skip


async def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition(
    board: Board, clock: FrozenClock
) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    for number in range(5):
        clock.advance(1)
        await alice.write(bob, f"note {number}")
    seen, after = [], ""
    while True:
        page = (await bob.get(f"/inbox?limit=2{after}")).json
        seen += [message["subject"] for message in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [f"note {number}" for number in (4, 3, 2, 1, 0)]


async def test_nobody_sees_or_marks_what_another_was_told(board: Board) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    await alice.write(bob, "for bob")
    [message] = await bob.inbox()
    assert await alice.inbox() == []
    assert (await alice.post(f"/inbox/{message['id']}/read")).status == 404
    assert (await bob.inbox())[0]["read_at"] is None


async def test_a_message_is_read_once_and_keeps_that_moment(board: Board, clock: FrozenClock) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    await alice.write(bob, "first")
    clock.advance(1)
    await alice.write(bob, "second")
    second = (await bob.inbox())[0]
    assert (await bob.post(f"/inbox/{second['id']}/read")).status == 204
    clock.advance(1)
    read_at = (await bob.inbox())[0]["read_at"]
    assert (await bob.post(f"/inbox/{second['id']}/read")).status == 204
    assert (await bob.inbox())[0]["read_at"] == read_at is not None
    assert [message["subject"] for message in await bob.inbox("?unread=true")] == ["first"]


async def test_the_copy_that_went_by_email_is_not_in_the_inbox(board: Board) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    await alice.write(bob, "once")
    [(copy,)] = await board.rows("SELECT id FROM techlead_outbox WHERE channel = 'email'")
    assert len(await bob.inbox()) == 1
    assert (await bob.post(f"/inbox/{ids.encode('message', copy)}/read")).status == 404


async def test_a_message_stays_when_its_row_is_gone(board: Board) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    note = await alice.write(bob, "Hello")
    assert (await alice.ask("DELETE", f"/notes/{note}")).status == 204
    assert (await bob.inbox())[0]["about"] == note


async def test_a_change_that_is_refused_tells_nobody(board: Board) -> None:
    alice, bob = await board.person("alice"), await board.person("bob")
    async with bob.following() as stream:
        await stream.opened()
        refused = await alice.post("/notes", {"reader": bob.id, "title": "refuse me"})
        assert refused.status == 409
        await alice.write(bob, "allowed")
        assert await stream.messages(1) == ["allowed"]
    assert [message["subject"] for message in await bob.inbox()] == ["allowed"]
    assert len(await board.rows("SELECT id FROM techlead_outbox")) == 2


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("inbox page follows=False unread=False", "ix__techlead_outbox__inbox (account=? AND channel=?)"),
        ("inbox page follows=True unread=False", "ix__techlead_outbox__inbox (account=? AND channel=? AND id<?)"),
        (
            "inbox page follows=True unread=True",
            "ix__techlead_outbox__unread (account=? AND channel=? AND read_at=? AND id<?)",
        ),
        ("inbox since", "ix__techlead_outbox__inbox (account=? AND channel=? AND id>?)"),
    ],
)
async def test_a_page_costs_the_same_however_many_messages_there_are(
    tmp_path: Path, statement: str, index: str
) -> None:
    async with serving(sqlite_url(tmp_path), Settings(mail_folder=str(tmp_path / "mail"))) as board:
        alice = await board.person("alice")
        for query in ("", f"?after=message_{'0' * 26}", f"?after=message_{'0' * 26}&unread=true"):
            await alice.inbox(query)
        sql = board.application.runtime.statements.made(statement, lambda _tables: pytest.fail("no such statement")).sql
        steps = [step for *_, step in await board.rows(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
        assert [index in step for step in steps if "outbox" in step] == [True], steps
        assert not any("TEMP B-TREE" in step or step.startswith("SCAN") for step in steps)


@pytest.mark.parametrize("path", ["/inbox", "/inbox/events"])
async def test_nobody_reads_messages_without_signing_in(board: Board, path: str) -> None:
    stranger = await board.person("stranger")
    stranger.token = b""
    assert (await stranger.get(path)).status == 401
    stranger.token = b"A" * 43
    assert (await stranger.get(path)).status == 401


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=%F0%9D%9F%97", "limit"),
        ("?after=nothing", "after"),
        ("?after=person_01h455vb4pex5vsknk084sn02q", "after"),
        ("?unread=false", "unread"),
        ("?sort=id", "sort"),
        ("?%F0%9F%92%A3=1", "\\U0001f4a3"),
    ],
)
async def test_each_parameter_at_fault_is_named(board: Board, query: str, at: str) -> None:
    alice = await board.person("alice")
    reply = await alice.get(f"/inbox{query}")
    assert (reply.status, [error["at"] for error in reply.json["errors"]]) == (422, [at])


@pytest.mark.parametrize("message", ["nothing", "message_", "message_01h455vb4pex5vsknk084sn02q", "%00", "x" * 200])
async def test_a_message_that_is_not_there_cannot_be_read(board: Board, message: str) -> None:
    alice = await board.person("alice")
    assert (await alice.post(f"/inbox/{message}/read")).status == 404
