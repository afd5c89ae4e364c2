"""From a change to a message: nothing lost, nothing for a change that was not, nothing twice but under one name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from databases import sqlite_url
from dispatching import Receiver, running, until
from message_board import Board, Caller, serving

from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Ask
from techlead.deliver.port import Delivered, Fault, Retry
from techlead.deliver.sql_outbox import SqlOutbox
from techlead.serve.delivery import dispatcher_of
from techlead.serve.settings import Settings

WAITING = "SELECT id FROM techlead_outbox WHERE state = 'waiting' ORDER BY id"
STATES = "SELECT state, reason FROM techlead_outbox WHERE channel = 'email' ORDER BY id"
EAGER = LimitsBook({"email": {"rate_per_second": 1000, "wait_seconds_first": 0.1}}, {"lease_seconds": 1})


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.fixture
async def board(database_url: str) -> AsyncIterator[Board]:
    """Serve with nobody who delivers, so that a test does so itself."""
    async with serving(database_url, Settings(deliver=False)) as opened:
        opened.application.runtime.limits = EAGER
        yield opened


@pytest.fixture
def desk() -> Receiver:
    return Receiver()


@pytest.fixture
def dispatcher(board: Board, desk: Receiver) -> Dispatcher:
    return dispatcher_of(board.application.runtime, {"email": desk})


async def people(board: Board) -> tuple[Caller, Caller]:
    return await board.person("alice"), await board.person("bob")


async def change(board: Board, sql: str) -> None:
    async def work(tx: object) -> None:
        await tx.run(sql)  # type: ignore[attr-defined]

    await board.application.runtime.store.write(work)


async def delivered(board: Board, dispatcher: Dispatcher) -> None:
    """Deliver until nothing waits any more."""

    async def nothing_waits() -> bool:
        return not await board.rows(WAITING)

    async with running(dispatcher):
        await until(nothing_waits)


async def test_a_letter_goes_to_its_reader_and_is_noted_as_delivered(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    [(waiting,)] = await board.rows(WAITING)
    await delivered(board, dispatcher)
    [sent] = desk.sent
    assert (sent.id, sent.destination, sent.subject, sent.text) == (
        waiting, "bob@example.com", "Hello", "Hello was written.",
    )  # fmt: skip
    assert await board.rows(STATES) == [("delivered", "")]
    [(number, outcome, ended_at)] = await board.rows("SELECT number, outcome, ended_at FROM techlead_attempt")
    assert (number, outcome) == (1, "delivered")
    assert ended_at is not None


async def test_what_was_delivered_is_not_sent_again(board: Board, desk: Receiver, dispatcher: Dispatcher) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    await delivered(board, dispatcher)
    async with running(dispatcher):
        await asyncio.sleep(0.1)
    assert desk.subjects() == ["Hello"]


async def test_a_change_that_is_refused_sends_nothing(board: Board, desk: Receiver, dispatcher: Dispatcher) -> None:
    alice, bob = await people(board)
    assert (await alice.post("/notes", {"reader": bob.id, "title": "refuse me"})).status == 409
    await delivered(board, dispatcher)
    assert desk.sent == []


async def test_a_letter_that_could_not_be_sent_is_tried_again_under_the_same_id(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    desk.behaviour = lambda one: Delivered() if one.number == 2 else Retry(Fault.BUSY, "451")
    await delivered(board, dispatcher)
    first, second = desk.sent
    assert replace(second, number=1) == first
    assert await board.rows("SELECT number, outcome, fault, detail FROM techlead_attempt ORDER BY number") == [
        (1, "retry", "busy", "451"), (2, "delivered", "", ""),
    ]  # fmt: skip


async def test_what_a_crash_leaves_in_doubt_is_tried_again_after_its_lease(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    runtime = board.application.runtime
    outbox = SqlOutbox(runtime.store, runtime.statements, runtime.clock, EAGER)
    [lane] = await outbox.lanes()
    [claimed] = (await outbox.turn([], [Ask(lane, 8)])).claimed  # by a process that is heard of no more
    await delivered(board, dispatcher)
    [sent] = desk.sent
    assert (sent.id, sent.number) == (claimed.waiting.id, 2)
    assert await board.rows("SELECT number, outcome FROM techlead_attempt ORDER BY number") == [
        (1, ""), (2, "delivered"),
    ]  # fmt: skip


async def test_more_letters_than_one_round_takes_are_all_sent(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    count = EAGER.process.claim_messages_max + 3
    for number in range(count):  # to each in turn, for nobody gets more than so many letters an hour
        writer, reader = (alice, bob) if number % 2 else (bob, alice)
        await writer.write(reader, f"note {number}")
    await delivered(board, dispatcher)
    assert sorted(desk.subjects()) == sorted(f"note {number}" for number in range(count))
    assert desk.most_under_way <= 8


async def test_a_letter_to_somebody_who_is_gone_is_dead_and_holds_up_no_other(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    note = await alice.write(bob, "for bob")
    await bob.write(alice, "for alice")
    assert (await alice.ask("DELETE", f"/notes/{note}")).status == 204
    await change(board, "DELETE FROM note")
    await change(board, "DELETE FROM techlead_session")
    await change(board, "DELETE FROM person WHERE email = 'bob@example.com'")
    await delivered(board, dispatcher)
    assert desk.subjects() == ["for alice"]
    assert await board.rows(STATES) == [("withdrawn", "withdrawn"), ("delivered", "")]


async def test_whoever_is_disabled_gets_nothing_more(board: Board, desk: Receiver, dispatcher: Dispatcher) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "for bob")
    await change(board, "UPDATE person SET disabled = TRUE WHERE email = 'bob@example.com'")
    await delivered(board, dispatcher)
    assert desk.sent == []
    assert await board.rows(STATES) == [("withdrawn", "withdrawn")]


async def test_whoever_may_no_longer_read_the_row_is_not_told_of_it(
    board: Board, desk: Receiver, dispatcher: Dispatcher
) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "for bob")
    await change(board, "UPDATE note SET reader = writer")
    await delivered(board, dispatcher)
    assert desk.sent == []
    assert await board.rows(STATES) == [("withdrawn", "withdrawn")]


async def test_a_row_that_is_gone_is_told_of_as_it_was(board: Board, desk: Receiver, dispatcher: Dispatcher) -> None:
    alice, bob = await people(board)
    note = await alice.write(bob, "for bob")
    assert (await alice.ask("DELETE", f"/notes/{note}")).status == 204
    await delivered(board, dispatcher)
    assert desk.subjects() == ["for bob"]


async def test_a_new_address_is_used_at_once(board: Board, desk: Receiver, dispatcher: Dispatcher) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "for bob")
    await change(board, "UPDATE person SET email = 'robert@example.com' WHERE email = 'bob@example.com'")
    await delivered(board, dispatcher)
    assert [one.destination for one in desk.sent] == ["robert@example.com"]


async def test_in_development_a_letter_is_a_file_soon_after_the_commit(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    async with serving(database_url, Settings(mail_folder=str(folder))) as board:
        alice, bob = await people(board)
        await alice.write(bob, "Hello")
        await until_written(folder)
        assert "bob@example.com" not in str(board.events)
    [path] = folder.glob("*.eml")
    assert read(path.read_bytes())["To"] == "bob@example.com"


async def until_written(folder: Path) -> None:
    async with asyncio.timeout(5):
        while not [*folder.glob("*.eml")]:  # noqa: ASYNC110, ASYNC240 - a folder tells nobody
            await asyncio.sleep(0.02)


async def test_in_production_without_a_mail_server_letters_wait_and_a_warning_says_so(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(environment="production", mail_folder=str(tmp_path / "mail"))
    async with serving(database_url, settings) as board:
        alice, bob = await people(board)
        for _ in range(3):
            await alice.write(bob, "Hello")
        await asyncio.sleep(0.1)
        assert len(await board.rows(WAITING)) == 3
    [told] = [event for event in board.events if event["event"] == "messages_wait"]
    assert (told["level"], told["channels"]) == ("warning", ["email"])
    assert not (tmp_path / "mail").exists()


async def test_the_console_shows_letters_when_told_so(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with serving(sqlite_url(tmp_path), Settings(mail_folder="-")) as board:
        alice, bob = await people(board)
        await alice.write(bob, "Hello")
        shown = b""
        async with asyncio.timeout(5):
            while b"Hello was written." not in shown:
                await asyncio.sleep(0.02)
                shown += capfdbinary.readouterr().out
    assert b"To: bob@example.com\n" in shown
