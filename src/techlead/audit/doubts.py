"""What was seen once and waits to be seen again, together with what may share an instance."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.schedule import company


@dataclass(frozen=True, slots=True)
class Sighted:
    """What one attack saw once."""

    attack: Attack
    sightings: tuple[Sighting, ...]


class Doubts:
    """Used from several lanes; whoever is sent for a company takes all that waits in it by then."""

    def __init__(self, at_once: Callable[[], int]) -> None:
        """Nothing was seen; `at_once` says how many may look at the same company's at the same time."""
        self._at_once = at_once
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Sighted]] = defaultdict(list)
        self._sent: set[str] = set()
        self._looking: Counter[str] = Counter()

    def add(self, one: Sighted) -> bool:
        """Keep it; whether somebody must be sent for its company."""
        with self._lock:
            key = company(one.attack)
            self._waiting[key].append(one)
            return self._must_send(key)

    def take(self, key: str) -> Mapping[str, Sighted]:
        """All that waits in a company, by the name of the attack; say `done` when it was looked at."""
        with self._lock:
            self._sent.discard(key)
            self._looking[key] += 1
            return {one.attack.name: one for one in self._waiting.pop(key, ())}

    def done(self, key: str) -> bool:
        """One look has ended; whether somebody must be sent for what came meanwhile."""
        with self._lock:
            self._looking[key] -= 1
            return self._must_send(key)

    def _must_send(self, key: str) -> bool:
        wanted = key in self._waiting and key not in self._sent and self._looking[key] < self._at_once()
        if wanted:
            self._sent.add(key)
        return wanted
