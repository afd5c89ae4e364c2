"""A notification: what a person is told about a row, declared once and sent as an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from techlead.declare.access import Policy
from techlead.declare.effect import Effect, Send
from techlead.declare.origin import Origin, caller
from techlead.declare.outside import named
from techlead.declare.resource import Resource

R = TypeVar("R", bound=Resource)


class Channel(Enum):
    """The ways in which a person can be reached."""

    INBOX = "inbox"
    EMAIL = "email"
    WEBHOOK = "webhook"
    CHAT = "chat"
    PUSH = "push"

    def at(self, path: str) -> Way:
        """Use the address in a field of the row: `chat.at("board.workspace.chat_url")`."""
        return Way(self, tuple(path.split(".")))


@dataclass(frozen=True, slots=True)
class Own:
    """A channel that a project brings itself: `pager = backend.channel("pager", Pager())`."""

    value: str

    def at(self, path: str) -> Way:
        """Use the address in a field of the row: `pager.at("workspace.pager")`."""
        return Way(self, tuple(path.split(".")))


@dataclass(frozen=True, slots=True)
class Way:
    """A channel with the field, seen from the row, that holds the address."""

    channel: Channel | Own
    path: tuple[str, ...]


inbox = Channel.INBOX
"""The in-app inbox: `GET /inbox`, and server-sent events at `/inbox/events`."""
email = Channel.EMAIL
"""The account's e-mail address."""
webhook = Channel.WEBHOOK
"""A signed JSON request to the account's `WebhookUrl`, or to the one in a field: `webhook.at("shop.webhook_url")`."""
chat = Channel.CHAT
"""A room's incoming webhook, as Slack and its like have it: `chat.at("board.workspace.chat_url")`."""
push = Channel.PUSH
"""The browsers in which the account has asked for notices."""


@dataclass(frozen=True, slots=True, eq=False)
class Notification(Generic[R]):
    """A message about a row of R to the accounts it concerns; `text` may name fields in braces."""

    resource: type[R]
    to: str | Policy
    via: tuple[Channel | Own | Way, ...]
    subject: str
    text: str
    origin: Origin
    code: bool = False

    def send(self, row: R) -> Effect:
        """Ask for this message about a row: an outbox row in the transaction of the change."""
        return Send(self, row)

    @property
    def name(self) -> str:
        """The name of the variable it was assigned to."""
        return named(self.origin, self)


def notification(
    resource: type[R],
    *,
    to: str | Policy,
    via: Sequence[Channel | Own | Way] = (inbox,),
    subject: str = "",
    text: str = "",
    code: bool = False,
) -> Notification[R]:
    """Declare a message: `to` a reference of the row that leads to an account, or `member(...)`: all of them.

    `text` may name the row's fields in braces (`"{title} was sold"`); only fields that the recipient may read. A
    template of its name, `templates/order_placed.md`, says it better. A `code` is for security: it is worthless after
    ten minutes, nobody can switch it off, and it waits for no quiet hour.
    """
    made = Notification(resource, to, tuple(via), subject, text, caller(), code)
    resource.declaration.notifications.append(made)
    return made
