"""What a stream has sent, in its order: so that a late commit is sent once, and a reconnect goes on where it was.

Ids hold the moment at which their transaction began, and a transaction that began earlier may commit later. So a stream
looks LATE_SECONDS back each time it looks, and leaves out what its trail holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

LATE_SECONDS: Final = 60
"""The longest that a message may become visible after the moment in its id: a request's time, and clocks that differ."""
SENT_MAX: Final = 1_000
"""How many messages a trail remembers."""
_MILLISECOND_US: Final = 1_000
_MOMENT_BYTES: Final = 6


class Trail:
    """The newest messages that a stream has sent, at most SENT_MAX, in the order of sending."""

    __slots__ = ("_sent", "forgotten")

    def __init__(self, sent: Iterable[bytes] = ()) -> None:
        """Begin with what was sent before."""
        self._sent = dict.fromkeys(sent)
        self.forgotten = b""
        """The greatest id that was dropped for want of room: nothing up to it can be told from new any more."""

    def __contains__(self, message: bytes) -> bool:
        """Tell whether a message was sent."""
        return message in self._sent

    def add(self, message: bytes, lowest: bytes) -> None:
        """Note that a message is sent now, and forget those that no look from `lowest` on, and no reconnect, can meet."""
        self._sent[message] = None
        horizon = min(before(message), lowest)
        while (oldest := next(iter(self._sent))) < horizon:
            del self._sent[oldest]
        if len(self._sent) > SENT_MAX:
            del self._sent[oldest]
            self.forgotten = max(self.forgotten, oldest)

    def until(self, last: bytes) -> set[bytes]:
        """List what was sent up to a message and with it."""
        return {*takewhile(lambda message: message != last, self._sent), last}


def id_at(moment_us: int) -> bytes:
    """Give the lowest id of a moment."""
    return (max(moment_us, 0) // _MILLISECOND_US).to_bytes(_MOMENT_BYTES) + bytes(16 - _MOMENT_BYTES)


def moment_of(message: bytes) -> int:
    """Give the moment in an id, in microseconds since 1970."""
    return int.from_bytes(message[:_MOMENT_BYTES]) * _MILLISECOND_US


def before(message: bytes) -> bytes:
    """Give the lowest id that may still have been on its way when this one was seen."""
    return id_at(moment_of(message) - LATE_SECONDS * 1_000_000)
