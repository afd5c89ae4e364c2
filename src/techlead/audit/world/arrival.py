"""What reached a neighbour, from whom it was meant for to how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

Channel = Literal["http", "smtp", "tls", "silent"]
Ending = Literal["open", "answered", "let go", "cut"]
"""`let go`: the target closed first; `cut`: the neighbour did, before its answer was whole."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the target meant to connect: the name it looked up (or the address it was given) and the port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as in a URL."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that a neighbour was given, or one connection that never came to a message (`tls`, `silent`)."""

    number: int
    """Counts up over the whole run, across destinations."""
    destination: Destination
    channel: Channel
    at: float
    """When the message was whole, in seconds of the target's clock; of the connection, where none came."""
    wall: float
    """The same in seconds of the real clock (monotonic)."""
    method: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    """Of a mail's envelope, whatever its headers say."""
    credentials: str = ""
    """What the target logged in with, as it sent it."""
    encrypted: bool = False
    trusted: bool = True
    """Whether the certificate shown was one that a careful client accepts."""
    status: int = 0
    """What the neighbour answered: an HTTP status or an SMTP code; 0 for nothing."""
    ending: Ending = "open"
    ended_at: float | None = None
    ended_wall: float | None = None

    def header(self, name: str) -> str:
        """Find a header whatever its case, or the empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        """The message as it can be searched: a mail decoded with its subject, a body of JSON without escapes."""
        if self.channel == "smtp":
            mail = self.mail
            part = mail.get_body(("plain", "html"))
            return f"{mail.get('subject', '')}\n{part.get_content() if part else ''}"
        decoded = self.json
        return json.dumps(decoded, ensure_ascii=False) if decoded is not None else self.body.decode("utf-8", "replace")

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed; empty headers for what is none."""
        return message_from_bytes(self.body, policy=policy.default)

    @property
    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def whole(self) -> bool:
        """Tell a message from a connection that brought none."""
        return self.channel in {"http", "smtp"}


@dataclass(frozen=True, slots=True)
class Lookup:
    """One name that the target asked the resolver for, and what it was told."""

    name: str
    addresses: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Reach:
    """One connection that the target tried to open, whether or not anybody was there."""

    address: str
    destination: Destination
    internal: bool
    """Whether the address lies in a private, loopback or link-local network."""
    at: float


def as_lines(arrival: Arrival) -> Mapping[str, Any]:
    """Show an arrival as evidence: plain JSON values, the body cut short and without the target's credentials."""
    shown = {
        "to": str(arrival.destination),
        "what": f"{arrival.method} {arrival.path}".strip() or f"mail to {', '.join(arrival.recipients)}",
        "at_seconds": round(arrival.at, 2),
        "answered": arrival.status or arrival.ending,
        "beginning": arrival.text[:200],
    }
    return {key: value for key, value in shown.items() if value != ""}
