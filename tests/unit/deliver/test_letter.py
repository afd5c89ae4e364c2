"""A letter is written the same way each time, and no value in it can become a header, a recipient or a command."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techlead.deliver.letter import SUBJECT_CHARACTERS_MAX, Letter, compose

LETTER = Letter(bytes(15) + b"\x01", "bob@example.com", "Sold", "The bicycle was sold.", 1_800_000_000_000_000)
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
    "MIME-Version",
]  # fmt: skip
INJECTIONS = [
    "x\r\nBcc: eve@evil.example",
    "x\nBcc: eve@evil.example",
    "x\rBcc: eve@evil.example",
    "x\r\n\r\n<script>",
    "x\u2028Bcc: eve@evil.example",
    "x\x85Bcc: eve@evil.example",
    "x\x0bBcc: eve@evil.example\x0c",
    "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
    "\u202egnp.exe\x1b[2J\x00",
    "é" * 300 + "\r\nBcc: eve@evil.example",
    "\ud800",
]


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_says_to_whom_what_and_when() -> None:
    message = read(compose(LETTER, "marketplace"))
    assert message["To"] == "bob@example.com"
    assert message["From"] == "marketplace <no-reply@localhost>"
    assert message["Subject"] == "Sold"
    assert message["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert message["Message-ID"] == "<delivery_00000000000000000000000001@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().strip() == "The bicycle was sold."


def test_the_same_letter_is_the_same_bytes() -> None:
    assert compose(LETTER, "shop") == compose(replace(LETTER), "shop")


def assert_nothing_added(letter: Letter, sender: str = "shop") -> EmailMessage:
    content = compose(letter, sender)
    head = content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted(HEADERS)
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    message = read(content)
    assert message["To"] == letter.address
    assert message["Bcc"] is None
    return message


@pytest.mark.parametrize("words", INJECTIONS)
def test_words_cannot_add_a_header(words: str) -> None:
    message = assert_nothing_added(replace(LETTER, subject=words, text=words), sender=words)
    assert len(str(message["Subject"])) <= SUBJECT_CHARACTERS_MAX
    assert "eve" in str(message["Subject"]) or "eve" not in words[:SUBJECT_CHARACTERS_MAX]


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_words_at_all_can_add_a_header(subject: str, text: str) -> None:
    assert_nothing_added(replace(LETTER, subject=subject, text=text), sender=subject or "shop")


@example("=?utf-8?q?=0D=0ABcc:_eve@evil.example?=")
@given(st.text(st.sampled_from('=?utf-8qb_ 0DA9é<>@,;"\\:'), max_size=300))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = assert_nothing_added(replace(LETTER, subject=subject))
    assert str(message["Subject"]) == subject.strip()[:SUBJECT_CHARACTERS_MAX].rstrip()


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.com\r\nBcc: eve@evil.example",
        "bob@example.com, eve@evil.example",
        "bob@example.com;eve@evil.example",
        "Bob <bob@example.com>",
        "bob",
        "",
        "@example.com",
        "bob@example.com\n",
        "bob@@example.com",
    ],
)
def test_an_address_that_is_not_exactly_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|characters"):
        compose(replace(LETTER, address=address), "shop")


def test_a_text_keeps_its_lines_and_letters() -> None:
    text = "Grüße,\n\n.\nFrom here\t你好 🎉\n" + "long " * 400
    written = read(compose(replace(LETTER, text=text), "shop")).get_content()
    assert written.replace("\r\n", "\n").rstrip() == text.rstrip()
