"""A waiting e-mail becomes a message (RFC 5322): no value of a row can add a header, a recipient or a line to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from techlead.primitives import ids
from techlead.primitives.clock import to_datetime
from techlead.primitives.text import email_address

SUBJECT_CHARACTERS_MAX: Final = 250
SENDER: Final = "no-reply"
NOWHERE: Final = "localhost"
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_NOT_IN_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail that waits: its delivery (16 bytes), to whom, in which words, and since when (microseconds)."""

    delivery: bytes
    address: str
    subject: str
    text: str
    created_at: int

    @property
    def name(self) -> str:
        """The public id of the delivery: the same for each try."""
        return ids.encode("delivery", self.delivery)


def compose(letter: Letter, sender: str) -> bytes:
    """Write the message, the same bytes each time; ValueError when the address is none."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_line(sender), SENDER, NOWHERE)
    message["To"] = Address(addr_spec=email_address(letter.address))
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(to_datetime(letter.created_at))
    message["Message-ID"] = f"<{letter.name}@{NOWHERE}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_NOT_IN_TEXT.sub(" ", letter.text.replace("\r\n", "\n")) + "\n")
    return message.as_bytes()


def _line(text: str) -> str:
    return _NOT_IN_A_LINE.sub(" ", text).strip()[:SUBJECT_CHARACTERS_MAX]
