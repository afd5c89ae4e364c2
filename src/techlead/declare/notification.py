"""A notification: what a person is told about a row, declared once and sent as an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from techlead.declare.access import Policy
from techlead.declare.effect import Effect, Send
from techlead.declare.origin import Origin, caller
from techlead.declare.resource import Resource

R = TypeVar("R", bound=Resource)


class Channel(Enum):
    """The ways in which a person can be reached."""

    INBOX = "inbox"
    EMAIL = "email"


inbox = Channel.INBOX
"""The in-app inbox: `GET /inbox`, and server-sent events at `/inbox/events`."""
email = Channel.EMAIL
"""The account's e-mail address."""


@dataclass(frozen=True, slots=True, eq=False)
class Notification(Generic[R]):
    """A message about a row of R to the accounts it concerns; `text` may name fields in braces."""

    resource: type[R]
    to: str | Policy
    via: tuple[Channel, ...]
    subject: str
    text: str
    origin: Origin

    def send(self, row: R) -> Effect:
        """Ask for this message about a row: an outbox row in the transaction of the change."""
        return Send(self, row)

    @property
    def name(self) -> str:
        """The name of the variable it was assigned to."""
        return next((name for name, value in self.origin.names.items() if value is self), "")


def notification(
    resource: type[R],
    *,
    to: str | Policy,
    via: Sequence[Channel] = (inbox,),
    subject: str = "",
    text: str = "",
) -> Notification[R]:
    """Declare a message: `to` a reference of the row that leads to an account, or `member(...)`: all of them.

    `text` may name the row's fields in braces (`"{title} was sold"`); only fields that the recipient may read.
    """
    made = Notification(resource, to, tuple(via), subject, text, caller())
    resource.declaration.notifications.append(made)
    return made
