"""How a neighbour behaves towards what comes: a table of manners that attacks choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BODY_BYTES_DEFAULT = 4 * 1024**3

Stage = Literal["greeting", "login", "recipient", "message", "quit"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer and go on: an HTTP status, or an SMTP code at a stage of the conversation."""

    status: int = 0
    """0 is whatever means yes on the channel: 200 or 250."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    stage: Stage = "recipient"

    @property
    def accepts(self) -> bool:
        """Whether the message counts as delivered."""
        return self.status == 0 or self.status // 100 == 2  # noqa: PLR2004  2xx and 2yz say yes


@dataclass(frozen=True, slots=True)
class Refuse:
    """No one listens: the connection is refused."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The connection is never taken up: packets go nowhere."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Take the request (or, with `early`, only the connection) and never answer."""

    early: bool = False


@dataclass(frozen=True, slots=True)
class Drip:
    """Answer a byte at a time for ever, so that no single read times out."""

    every_seconds: float = 0.02


@dataclass(frozen=True, slots=True)
class Reset:
    """Take the request, then reset the connection."""


@dataclass(frozen=True, slots=True)
class Die:
    """Take the message, begin the answer and close in its middle: it arrived, but the target cannot know."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Answer yes with an endless body."""

    body_bytes: int = BODY_BYTES_DEFAULT


Manner = Answer | Refuse | Silence | Hang | Drip | Reset | Die | Flood

WELL = Answer()
DOWN = Answer(503)
GONE = Answer(410)
UNKNOWN_RECIPIENT = Answer(550)
BUSY_MAIL = Answer(451, stage="message")
"""The names attacks use most."""


def told_to_wait(seconds: int, status: int = 429) -> Answer:
    """Refuse for now and say for how long (RFC 9110, section 10.2.3)."""
    return Answer(status, (("Retry-After", str(seconds)),))


def moved(where: str, status: int = 302) -> Answer:
    """Point to another place."""
    return Answer(status, (("Location", where),))
