"""What the dispatcher needs of a place where messages wait: the port that every engine's outbox keeps.

There is one operation that matters, the *turn*: in one transaction the tries that ended are noted, what they taught
is kept, and the next messages are claimed, their attempts written down before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol
from urllib.parse import urlsplit

from techlead.deliver.breaker import Phase
from techlead.deliver.port import Outcome, Waiting

LANE_CHARACTERS_MAX: Final = 300
ROOM_BYTES: Final = 5
LANES_KNOWN_MAX: Final = 1_024
"""Addresses whose lane need not be read again: it is a quarter of what putting a message into the outbox costs."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process tries now."""

    waiting: Waiting
    lane: str
    tries: int
    """Tries so far, with this one unless it is a probe."""
    probe: bool
    claim: bytes
    """Which claim it is: what an earlier claim has to say later changes nothing."""
    some_gone: bool = True
    """Whether any address of its lane is known to be gone: else nobody needs to look for this one."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The address turned out to be of another lane; nothing was sent."""

    lane: str


@dataclass(frozen=True, slots=True)
class Released:
    """Nothing was sent, because this process could not; no try is burnt."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A try that ended."""

    claimed: Claimed
    outcome: Outcome | Moved | Released
    destination: str = ""
    """The address it went to, kept as a hash when it answered that nobody is there any more."""


@dataclass(frozen=True, slots=True)
class LaneDue:
    """A lane in which messages wait, and since when or until when (microseconds; None: there are none)."""

    name: str
    fresh_at: int | None
    tried_at: int | None

    @property
    def at(self) -> int:
        """Give the moment at which its next message is due."""
        return min(one for one in (self.fresh_at, self.tried_at) if one is not None)


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks to claim in a lane as many as its policy admits, and not more than there is room for."""

    lane: LaneDue
    room: int


@dataclass(frozen=True, slots=True)
class Change:
    """A destination changed its phase."""

    lane: str
    before: Phase
    after: Phase
    seconds: float
    """For how long it stays so, where that is known."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A message ended without being delivered: which, how, and why."""

    id: bytes
    lane: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did: messages to be sent now, lanes that took nothing and until when, and what there is to tell."""

    claimed: tuple[Claimed, ...] = ()
    closed: tuple[tuple[str, int, str], ...] = ()
    changes: tuple[Change, ...] = ()
    ended: tuple[Ended, ...] = ()


class Outbox(Protocol):
    """A place where messages wait. Errors of the database (WorldError) mean that nothing of the call happened."""

    async def lanes(self) -> Sequence[LaneDue]:
        """Give every lane in which messages wait, with the moments of its first ones."""
        ...

    async def turn(self, finished: Sequence[Finished], asks: Sequence[Ask]) -> Turn:
        """Note what ended and claim what may start, in one transaction that is durable when this returns."""
        ...

    async def sweep(self) -> Sequence[Ended]:
        """End a bounded number of messages whose time to live is over and that nobody is trying."""
        ...

    async def is_gone(self, channel: str, destination: str) -> bool:
        """Tell whether an address answered once that nobody is there any more."""
        ...


@lru_cache(LANES_KNOWN_MAX)
def lane_of(channel: str, destination: str) -> str:
    """Name the lane of an address: its channel and host; a chat room is a lane of its own, for its rate is its own.

    Nothing of an address but its host is in the name: names are shown and logged.
    """
    if "://" not in destination:
        return channel
    try:
        parts = urlsplit(destination)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return channel
    name = f"{channel}:{host}" if port is None else f"{channel}:{host}:{port}"
    if channel == "chat":
        name += "/" + blake2b(destination.encode(), digest_size=ROOM_BYTES).hexdigest()
    return name[:LANE_CHARACTERS_MAX]
