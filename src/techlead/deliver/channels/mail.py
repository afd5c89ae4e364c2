"""E-mail: a letter handed in at a mail server, or put where a developer reads it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from techlead.deliver.asking import MailServer, SubmissionRefused, Unreached
from techlead.deliver.letter import Letter, compose
from techlead.deliver.mailbox import Mailbox
from techlead.deliver.outbound import submit
from techlead.deliver.port import Dead, Delivered, Delivery, Fault, Outcome, Retry
from techlead.errors import MailboxUnavailable

UNSUBSCRIBE: Final = "unsubscribe"
"""The name in a delivery's data of the address behind `List-Unsubscribe`."""
CLOSING: Final = 421
PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """Hands letters in; `sender` is the name and `address` the address that they come from."""

    server: MailServer
    sender: str
    address: str

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - the outbound door has its own
        """Hand in one letter; 4yz is tried again, 5yz about the message is final (RFC 5321, RFC 3463)."""
        letter = letter_of(delivery)
        try:
            written = compose(letter, self.sender, self.address)
        except ValueError as error:
            return Dead(Fault.UNSENDABLE, f"the address {error}")
        try:
            await submit(self.server, self.address, letter.address, written)
        except SubmissionRefused as refused:
            return _refused(refused)
        except Unreached as unreached:
            return Retry(unreached.fault, unreached.detail)
        return Delivered("250")


@dataclass(frozen=True, slots=True)
class Drop:
    """Puts letters into a mailbox on this machine, as development wants it."""

    mailbox: Mailbox
    sender: str

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - a file has no receiver
        """Put one letter; the same delivery again is the same file."""
        try:
            written = compose(letter_of(delivery), self.sender)
        except ValueError as error:
            return Dead(Fault.UNSENDABLE, f"the address {error}")
        try:
            await asyncio.to_thread(self.mailbox.put, {delivery.name: written})
        except MailboxUnavailable:
            return Retry(Fault.SERVER, "the folder for e-mails cannot be written to")
        return Delivered()


def letter_of(delivery: Delivery) -> Letter:
    """Make a letter of a delivery."""
    return Letter(
        delivery.id,
        delivery.destination,
        delivery.subject,
        delivery.text,
        delivery.created_at,
        delivery.html,
        delivery.data.get(UNSUBSCRIBE),
    )


def _refused(refused: SubmissionRefused) -> Outcome:
    """A no about us (log-in, sender, service) is the server's trouble with everything, and no message's fault."""
    code = str(refused.code)
    if not refused.about_message or refused.code == CLOSING:
        return Retry(Fault.SERVER, code)
    return Dead(Fault.REFUSED, code) if refused.code >= PERMANENT else Retry(Fault.BUSY, code)
