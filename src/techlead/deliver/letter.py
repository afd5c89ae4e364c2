"""A waiting e-mail becomes a message (RFC 5322): no value of a row can add a header, a recipient or a line to them.

The head is written here and not by `email.message`, which decodes an encoded word (RFC 2047) in a value that it is
given, and writes the line end that was hidden in it (CVE-2024-6923): `=?utf-8?q?=0D=0ABcc:...?=` in a title was enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from techlead.primitives import ids
from techlead.primitives.clock import to_datetime
from techlead.primitives.text import email_address, url

SUBJECT_CHARACTERS_MAX: Final = 250
SENDER: Final = "no-reply@localhost"
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_NOT_IN_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_PLAIN_SUBJECT: Final = re.compile(r"[A-Za-z0-9 .,:;!'()/+_-]{0,60}")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9 _-]{1,60}")
"""What needs no encoding in a name: the atoms of RFC 5322."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail that waits: its delivery (16 bytes), to whom, in which words, and since when (microseconds)."""

    delivery: bytes
    address: str
    subject: str
    text: str
    created_at: int
    html: str | None = None
    unsubscribe: str | None = None
    """Where one click ends messages of this kind (RFC 8058), an https address of ours; None where that cannot be."""

    @property
    def name(self) -> str:
        """The public id of the delivery: the same for each try."""
        return ids.encode("delivery", self.delivery)


def compose(letter: Letter, sender: str, address: str = SENDER) -> bytes:
    """Write the message, the same bytes each time; ValueError when the address is none."""
    head = {
        "From": f"{_words(sender, _PLAIN_NAME)} <{address}>",
        "To": email_address(letter.address),
        "Subject": _words(letter.subject, _PLAIN_SUBJECT),
        "Date": format_datetime(to_datetime(letter.created_at)),
        "Message-ID": f"<{letter.name}@{address.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
    }
    if letter.unsubscribe is not None:
        head["List-Unsubscribe"] = f"<{url(letter.unsubscribe)}>"
        head["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    written = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    body = EmailMessage(policy=SMTP)
    body.set_content(_lines(letter.text))
    if letter.html is not None:
        body.add_alternative(_lines(letter.html), subtype="html")
        body.set_boundary(f"={letter.name}")
    return written.encode("ascii") + body.as_bytes()


def _lines(text: str) -> str:
    return _NOT_IN_TEXT.sub(" ", text.replace("\r\n", "\n")) + "\n"


def _words(text: str, plain: re.Pattern[str]) -> str:
    line = _NOT_IN_A_LINE.sub(" ", text).strip()[:SUBJECT_CHARACTERS_MAX].rstrip()
    if plain.fullmatch(line):
        return line
    return Header(line, "utf-8", header_name="Subject").encode(linesep="\r\n")
