"""From the outbox to the mailbox: nothing lost, nothing for a change that was not, nothing twice but under one name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from databases import sqlite_url
from message_board import Board, Caller, serving

from techlead.deliver.mail import ROUND_LETTERS, Mail
from techlead.errors import MailboxUnavailable
from techlead.primitives import ids
from techlead.serve.settings import Settings
from techlead.serve.tasks import HURRIED_PAUSE_SECONDS

WAITING = "SELECT id FROM techlead_outbox WHERE channel = 'email' AND sent_at IS NULL ORDER BY id"


class Desk:
    """A mailbox that keeps everything, and can be closed or pulled away."""

    def __init__(self) -> None:
        self.put_in: list[tuple[str, bytes]] = []
        self.closed = False

    def put(self, messages: dict[str, bytes]) -> None:
        if self.closed:
            raise MailboxUnavailable
        self.put_in += messages.items()

    def subjects(self) -> list[str]:
        return [str(read(content)["Subject"]) for _, content in self.put_in]


class PoweredOff(Exception):
    """The process ends here."""


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.fixture
async def board(database_url: str) -> AsyncIterator[Board]:
    """Serve with nobody at the mail, so that a test does each round itself."""
    async with serving(database_url, Settings(environment="production")) as opened:
        yield opened


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def mail(board: Board, desk: Desk, refused: list[str]) -> Mail:
    runtime = board.application.runtime
    return Mail(runtime.store, runtime.statements, runtime.clock, desk, refused.append)


async def people(board: Board) -> tuple[Caller, Caller]:
    return await board.person("alice"), await board.person("bob")


async def change(board: Board, sql: str) -> None:
    async def work(tx: object) -> None:
        await tx.run(sql)  # type: ignore[attr-defined]

    await board.application.runtime.store.write(work)


async def test_a_letter_goes_to_its_reader_and_is_noted_as_sent(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    [(delivery,)] = await board.rows(WAITING)
    await mail.send_waiting()
    [(name, content)] = desk.put_in
    assert name == ids.encode("delivery", delivery)
    message = read(content)
    assert (message["To"], message["Subject"]) == ("bob@example.com", "Hello")
    assert message["Message-ID"] == f"<{name}@localhost>"
    assert message.get_content().strip() == "Hello was written."
    assert await board.rows(WAITING) == []


async def test_what_was_sent_is_not_sent_again(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    await mail.send_waiting()
    await mail.send_waiting()
    assert desk.subjects() == ["Hello"]


async def test_a_change_that_is_refused_sends_nothing(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    assert (await alice.post("/notes", {"reader": bob.id, "title": "refuse me"})).status == 409
    await mail.send_waiting()
    assert desk.put_in == []


async def test_letters_wait_while_the_mailbox_is_closed(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")
    desk.closed = True
    with pytest.raises(MailboxUnavailable):
        await mail.send_waiting()
    desk.closed = False
    await mail.send_waiting()
    assert desk.subjects() == ["Hello"]


async def test_a_crash_between_putting_and_noting_puts_the_same_message_again(
    board: Board, desk: Desk, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello")

    async def crash(*_arguments: object) -> None:
        raise PoweredOff

    with monkeypatch.context() as patch:
        patch.setattr(mail, "_note", crash)
        with pytest.raises(PoweredOff):
            await mail.send_waiting()
    await mail.send_waiting()
    first, again = desk.put_in
    assert first == again


async def test_more_letters_than_one_round_takes_are_all_sent(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    count = ROUND_LETTERS + 3
    for number in range(count):
        await alice.write(bob, f"note {number}")
    await mail.send_waiting()
    assert sorted(desk.subjects()) == sorted(f"note {number}" for number in range(count))
    assert await board.rows(WAITING) == []


async def test_a_letter_without_an_address_waits_and_holds_up_no_other(
    board: Board, desk: Desk, mail: Mail, refused: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techlead.deliver.mail.ROUND_LETTERS", 1)
    alice, bob = await people(board)
    await alice.write(bob, "for bob")
    [(waiting,)] = await board.rows(WAITING)
    await bob.write(alice, "for alice")
    await change(board, "UPDATE person SET email = 'bob, eve@evil.example' WHERE email = 'bob@example.com'")
    await mail.send_waiting()
    await mail.send_waiting()
    assert desk.subjects() == ["for alice"]
    assert await board.rows(WAITING) == [(waiting,)]
    assert refused == [ids.encode("delivery", waiting)]


async def test_a_letter_to_somebody_who_is_gone_waits_and_holds_up_no_other(
    board: Board, desk: Desk, mail: Mail
) -> None:
    alice, bob = await people(board)
    note = await alice.write(bob, "for bob")
    await bob.write(alice, "for alice")
    assert (await alice.ask("DELETE", f"/notes/{note}")).status == 204
    await change(board, "DELETE FROM note")
    await change(board, "DELETE FROM techlead_session")
    await change(board, "DELETE FROM person WHERE email = 'bob@example.com'")
    await mail.send_waiting()
    assert desk.subjects() == ["for alice"]
    assert len(await board.rows(WAITING)) == 1


async def test_a_forged_header_in_a_title_stays_in_the_subject(board: Board, desk: Desk, mail: Mail) -> None:
    alice, bob = await people(board)
    await alice.write(bob, "Hello\nBcc: eve@evil.example")
    await mail.send_waiting()
    [(_, content)] = desk.put_in
    message = read(content)
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: eve@evil.example"


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


async def test_in_production_letters_wait_and_a_warning_says_so(database_url: str, tmp_path: Path) -> None:
    settings = Settings(environment="production", mail_folder=str(tmp_path / "mail"))
    async with serving(database_url, settings) as board:
        alice, bob = await people(board)
        for _ in range(3):
            await alice.write(bob, "Hello")
            await asyncio.sleep(HURRIED_PAUSE_SECONDS)
        assert len(await board.rows(WAITING)) == 3
    assert [event["level"] for event in board.events if event["event"] == "emails_wait"] == ["warning"]
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
