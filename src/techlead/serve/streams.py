"""The open streams of this process: not too many, each woken when its account is told something."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from techlead.errors import Overloaded, ShuttingDown, TooManyRequests
from techlead.serve.settings import Settings
from techlead.serve.trail import Trail

COME_AGAIN_SECONDS: Final = 30


class Place:
    """One stream's place: whose it is, what it has sent, and how it is woken."""

    __slots__ = ("_awake", "account", "ended", "trail")

    def __init__(self, account: bytes) -> None:
        """Take a place with nothing sent."""
        self.account = account
        self.trail = Trail()
        self.ended = False
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Let the stream look at once."""
        self._awake.set()

    async def wait(self, seconds: float) -> None:
        """Sleep until woken, so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        self._awake.clear()


class Streams:
    """Counts, wakes and ends the streams of a process; remembers the trails of the last that ended."""

    def __init__(self, settings: Settings) -> None:
        """Take streams within the limits of the settings."""
        self._places_max = settings.sse_clients_max
        self._places_of_account_max = settings.sse_clients_of_account_max
        self._places: dict[bytes, set[Place]] = {}
        self._count = 0
        self._ended: deque[Place] = deque(maxlen=settings.sse_clients_max)
        self._stopping = False

    def start(self) -> None:
        """Take streams."""
        self._stopping = False

    def stop(self) -> None:
        """End every stream and take no new one."""
        self._stopping = True
        for places in self._places.values():
            for place in places:
                place.ended = True
                place.wake()

    def enter(self, account: bytes) -> Place:
        """Take a place; Overloaded when this process is full, TooManyRequests when the account has its share."""
        if self._stopping:
            raise ShuttingDown
        if self._count >= self._places_max:
            raise Overloaded
        places = self._places.setdefault(account, set())
        if len(places) >= self._places_of_account_max:
            message = f"This account follows its inbox {len(places)} times already: close one."
            raise TooManyRequests(message, headers=(("retry-after", str(COME_AGAIN_SECONDS)),))
        place = Place(account)
        places.add(place)
        self._count += 1
        return place

    def leave(self, place: Place) -> None:
        """Give a place back; its trail is kept for whoever comes again."""
        places = self._places[place.account]
        places.remove(place)
        self._count -= 1
        if not places:
            del self._places[place.account]
        self._ended.append(place)

    def told(self, accounts: Iterable[bytes]) -> None:
        """Wake the streams of these accounts."""
        for account in accounts:
            for place in self._places.get(account, ()):
                place.wake()

    def sent_until(self, account: bytes, last: bytes) -> set[bytes]:
        """List what whoever saw `last` has surely seen: only that is left out when a stream goes on after it."""
        trails = [place.trail.until(last) for place in self._known(account) if last in place.trail]
        return set.intersection(*trails) if trails else {last}

    def _known(self, account: bytes) -> Iterator[Place]:
        yield from self._places.get(account, ())
        yield from (place for place in self._ended if place.account == account)
