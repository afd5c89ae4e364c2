"""Letters go out over verified TLS or not at all; a 4yz waits, a 5yz about the message is the end of it."""

from __future__ import annotations

import time
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from loopback import HOST, QUICK, WORLD
from lying_mail_server import MailReceiver

from techlead.deliver.asking import MailServer
from techlead.deliver.channels.mail import UNSUBSCRIBE, Drop, Mail
from techlead.deliver.conformance import DELIVERY
from techlead.deliver.mailbox import Folder
from techlead.deliver.port import Dead, Delivered, Fault, Outcome, Retry
from techlead.primitives.secret import SecretText

LETTER = replace(
    DELIVERY, destination="bob@example.com", subject="Sold", text="It was sold.", html="<p>It was <b>sold</b>.</p>",
    data={UNSUBSCRIBE: "https://shop.example/unsubscribe/abc"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let HOST be this machine, as it is for the certificate."""
    import socket

    ask = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **named: ask("127.0.0.1" if host == HOST else host, *rest, **named)
    )


def mail(receiver: MailReceiver, *, user: str = "", host: str = HOST, trusted: bool = True) -> Mail:
    server = MailServer(
        host, receiver.port, tls=False, user=user, password=SecretText("a password" if user else ""),
        trusted=WORLD.tls[1] if trusted else None, limits=QUICK,
    )  # fmt: skip
    return Mail(server, "shop", "orders@shop.example")


async def sent(said: dict[str, str], **given: str) -> tuple[Outcome, MailReceiver]:
    async with MailReceiver(WORLD.tls[0], said) as receiver:
        return await mail(receiver, **given).send(LETTER, 0), receiver


async def test_a_letter_is_handed_in_after_starttls_with_its_id():
    outcome, receiver = await sent({}, user="shop")
    assert outcome == Delivered("250")
    assert receiver.in_the_clear == ["EHLO", "STARTTLS"]
    (written,) = receiver.letters
    letter = message_from_bytes(written, policy=default)
    assert isinstance(letter, EmailMessage)
    assert letter["Message-ID"] == f"<{LETTER.name}@shop.example>"
    assert letter["List-Unsubscribe"] == "<https://shop.example/unsubscribe/abc>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert any(command.startswith("AUTH") for command in receiver.commands)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"RCPT": "450 4.2.1 later"}, Retry(Fault.BUSY, "450")),
        ({"RCPT": "452 4.2.2 full"}, Retry(Fault.BUSY, "452")),
        ({"RCPT": "550 5.1.1 who is bob@example.com"}, Dead(Fault.REFUSED, "550")),
        ({".": "451 4.3.0 later"}, Retry(Fault.BUSY, "451")),
        ({".": "554 5.7.1 spam"}, Dead(Fault.REFUSED, "554")),
        ({"DATA": "552 5.3.4 too big"}, Dead(Fault.REFUSED, "552")),
        ({".": "421 4.3.2 closing"}, Retry(Fault.SERVER, "421")),
        ({"MAIL": "550 5.7.1 not your address"}, Retry(Fault.SERVER, "550")),
        ({"greeting": "554 go away"}, Retry(Fault.SERVER, "554")),
        ({"greeting": "421 busy"}, Retry(Fault.SERVER, "421")),
    ],
    ids=lambda given: str(given)[:40],
)
async def test_what_the_server_says_decides(said: dict[str, str], expected: Outcome):
    assert (await sent(said))[0] == expected


async def test_a_wrong_password_is_no_fault_of_the_message():
    outcome, receiver = await sent({"AUTH": "535 5.7.8 no"}, user="shop")
    assert outcome == Retry(Fault.SERVER, "535")
    assert receiver.letters == []


@pytest.mark.parametrize("at", ["greeting", "MAIL", "DATA", "."])
async def test_a_server_that_hangs_costs_the_total_time_and_no_more(at: str):
    began = time.monotonic()
    outcome, _ = await sent({at: "hang"})
    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.TIMEOUT
    assert time.monotonic() - began < QUICK.total_seconds_max + 1


@pytest.mark.parametrize("at", ["greeting", "RCPT", "."])
async def test_a_server_that_breaks_off_is_tried_again(at: str):
    outcome, _ = await sent({at: "reset"})
    assert isinstance(outcome, Retry)
    assert outcome.fault is Fault.CONNECTION


async def test_without_starttls_nothing_is_said_in_the_clear():
    async with MailReceiver(WORLD.tls[0], offers="SIZE 1000") as receiver:
        outcome = await mail(receiver, user="shop").send(LETTER, 0)
        assert outcome == Retry(Fault.TLS, "the mail server offers no STARTTLS")
        assert receiver.in_the_clear == ["EHLO"]


@pytest.mark.parametrize("given", [{"trusted": False}, {"host": "localhost"}])
async def test_a_server_whose_certificate_is_not_right_gets_nothing(given: dict[str, bool]):
    async with MailReceiver(WORLD.tls[0]) as receiver:
        outcome = await mail(receiver, user="shop", **given).send(LETTER, 0)
        assert isinstance(outcome, Retry)
        assert outcome.fault is Fault.TLS
        assert receiver.in_the_clear == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("address", ["", "bob", "bob@example.com\r\nRCPT TO:<eve@evil.example>", "a b@example.com"])
async def test_an_address_that_is_none_makes_this_message_dead(address: str, tmp_path: Path):
    async with MailReceiver(WORLD.tls[0]) as receiver:
        for channel in (mail(receiver), Drop(Folder(tmp_path), "shop")):
            outcome = await channel.send(replace(LETTER, destination=address), 0)
            assert isinstance(outcome, Dead)
            assert outcome.fault is Fault.UNSENDABLE
        assert receiver.commands == []


async def test_in_development_a_letter_is_a_file(tmp_path: Path):
    assert await Drop(Folder(tmp_path / "mail"), "shop").send(LETTER, 0) == Delivered()
    (file,) = (tmp_path / "mail").glob("*.eml")
    assert file.stem == LETTER.name
    (tmp_path / "file").write_text("")
    outcome = await Drop(Folder(tmp_path / "file"), "shop").send(LETTER, 0)
    assert isinstance(outcome, Retry)
