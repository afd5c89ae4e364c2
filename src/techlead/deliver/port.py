"""What stands between the engine and the channels: a delivery goes out, an outcome comes back.

A channel is one async function. It neither waits nor tries again nor counts: when a message is tried, how often and
until when is decided in one place (`policy.py`), the same for all channels. So a channel is one small file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from techlead.primitives import ids
from techlead.store.port import Transaction


class Kind(Enum):
    """What a message is for, which decides its schedule: tries, pauses, time to live (see `settings.py`)."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    CODE = "code"
    CHAT = "chat"
    PUSH = "push"
    DIGEST = "digest"
    CALL = "call"


class Fault(Enum):
    """Why a delivery did not succeed; the first five count against the destination's breaker."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    DNS = "dns"
    TLS = "tls"
    SERVER = "server"
    """It answered 5xx (SMTP: it broke off the dialogue; a 4yz about one message is BUSY)."""
    BUSY = "busy"
    """408, 425, an SMTP 4yz: this message now is inconvenient, which tells nothing about the destination."""
    LIMITED = "limited"
    """429, or what a protocol says instead."""
    REFUSED = "refused"
    """Another 4xx or 3xx, an SMTP 5yz."""
    GONE = "gone"
    """410: nobody is there any more; the destination is disabled and its owner told."""
    GUARDED = "guarded"
    """Our own guard refused the address: private, malformed, redirecting."""
    FAILED = "failed"
    """The channel itself raised an exception."""
    UNSENDABLE = "unsendable"
    """The message itself cannot be sent: no address, a template that fails."""
    WITHDRAWN = "withdrawn"
    """The recipient may no longer read it, has switched it off, or is gone."""


COUNTED: frozenset[Fault] = frozenset({Fault.TIMEOUT, Fault.CONNECTION, Fault.DNS, Fault.TLS, Fault.SERVER})
"""What the breaker counts."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address on one channel, ready to be sent: the same id on every try."""

    id: bytes
    kind: Kind
    channel: str
    destination: str
    """The address: an e-mail address, a URL, what a channel understands."""
    recipient: bytes | None
    """The account it is for; None when it is for no account (a call to another system)."""
    subject: str
    text: str
    created_at: int
    """Microseconds since the epoch, as all moments."""
    expires_at: int
    number: int
    """Which try this is, from 1."""
    html: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """What a machine reads: the body of a webhook or a call, the link for unsubscribing."""

    @property
    def name(self) -> str:
        """The public id, the same for each try: `webhook-id`, `Idempotency-Key`, the left part of `Message-ID`."""
        return ids.encode("delivery", self.id)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The destination took it; `answer` is what a call got back (at most 16 KiB), None where nobody asks."""

    detail: str = ""
    answer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: try again by the schedule, and not before `after_seconds` where the destination said so."""

    fault: Fault
    detail: str = ""
    """A few words for the operator ("503", "certificate expired"), never data of the message or its address."""
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """Never: another try would be refused as well."""

    fault: Fault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Paused:
    """429: the destination asks for quiet. Burns no try; the whole destination waits, and its rate is halved."""

    after_seconds: float | None = None
    detail: str = "429"


Outcome = Delivered | Retry | Dead | Paused


class Channel(Protocol):
    """One way to reach somebody."""

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Send, and say how it ended; by `deadline` (the event loop's time, in seconds) the engine cancels it.

        An exception is a fault of the channel: the engine logs it by its type and tries by the schedule.
        Nothing may be sent after this returned or was cancelled, and nothing is sent twice by one call.
        """
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox that is about to be tried, as it was written with the change."""

    id: bytes
    kind: Kind
    channel: str
    account: bytes | None
    notification: str
    resource: str
    row: bytes
    destination: str
    """The address, where it was known at the change; empty where it is looked up when it is sent."""
    subject: str
    text: str
    data: Mapping[str, Any]
    created_at: int
    expires_at: int
    number: int


@dataclass(frozen=True, slots=True)
class Held:
    """Not at this hour: nothing is sent and no try is burnt until the recipient's quiet hours are over."""

    seconds: float
    reason: str


Compose = Callable[[Waiting], Awaitable[Delivery | Dead | Held]]
"""Makes what is sent, when it is sent: looks up the address, checks the recipient's rights and the message's fields
again, fills the template. Dead (UNSENDABLE, WITHDRAWN) ends this one message and touches no other."""

Aftermath = Callable[[Transaction, Waiting, Delivered | Dead], Awaitable[None]]
"""Runs in the transaction that notes how a call ended, so that answer and consequence are kept together or not at all;
it awaits nothing but that transaction."""
