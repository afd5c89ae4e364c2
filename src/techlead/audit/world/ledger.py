"""The neighbours' common book: what arrived, who was looked up, what was reached for; written by threads, read by attacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from techlead.audit.world.arrival import Arrival, Destination, Lookup, Reach


class Ledger:
    """Records in order; `clock` tells the target's time, `wall` the real one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.monotonic) -> None:
        """Begin empty."""
        self.clock = clock
        self.wall = wall
        self._arrivals: list[Arrival] = []
        self._lookups: list[Lookup] = []
        self._reaches: list[Reach] = []
        self._changed = threading.Condition()
        self.drips = 0
        """Bytes dripped by all neighbours: whoever moves the clock beside them gives them time for some."""

    def arrive(self, destination: Destination, **what: Any) -> Arrival:
        """Enter a message that is whole, or a connection that brings none."""
        with self._changed:
            arrival = Arrival(
                number=len(self._arrivals), destination=destination, at=self.clock(), wall=self.wall(), **what
            )
            self._arrivals.append(arrival)
            self._changed.notify_all()
            return arrival

    def end(self, arrival: Arrival, **how: Any) -> None:
        """Enter how an arrival ended."""
        with self._changed:
            known = self._arrivals[arrival.number]
            self._arrivals[arrival.number] = replace(known, ended_at=self.clock(), ended_wall=self.wall(), **how)
            self._changed.notify_all()

    def looked_up(self, name: str, addresses: Sequence[str]) -> None:
        """Enter a question to the resolver."""
        with self._changed:
            self._lookups.append(Lookup(name, tuple(addresses), self.clock()))
            self._changed.notify_all()

    def reached(self, address: str, destination: Destination, *, internal: bool) -> None:
        """Enter a connection that was tried."""
        with self._changed:
            self._reaches.append(Reach(address, destination, internal, self.clock()))
            self._changed.notify_all()

    def drip(self) -> None:
        """Enter one byte that was dripped."""
        with self._changed:
            self.drips += 1
            self._changed.notify_all()

    def mark(self) -> int:
        """Remember this moment: the number of the next arrival."""
        with self._changed:
            return len(self._arrivals)

    def arrivals(self, since: int = 0) -> tuple[Arrival, ...]:
        """Whole messages from `since` on, in the order in which they came."""
        return tuple(arrival for arrival in self.connections(since) if arrival.whole())

    def connections(self, since: int = 0) -> tuple[Arrival, ...]:
        """As `arrivals`, with the connections that brought no message."""
        with self._changed:
            return tuple(self._arrivals[since:])

    def lookups(self) -> tuple[Lookup, ...]:
        """Every question to the resolver."""
        with self._changed:
            return tuple(self._lookups)

    def reaches(self) -> tuple[Reach, ...]:
        """Every connection tried."""
        with self._changed:
            return tuple(self._reaches)

    def wait(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait until something has been entered that makes `happened()` true, at most so many real seconds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not happened():
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return happened()
            return True
