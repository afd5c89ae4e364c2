"""Run one attack against one of the little targets, as the engine does: a fresh copy, understood first, and struck."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from techlead.audit.attacks.attack import Attack, Sighting, Unavailable
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stable import Stable
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.launch import launch_of
from techlead.audit.target.understand import meet, understand
from techlead.audit.target.understanding import Understanding

TARGETS = Path(__file__).parent / "targets"
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
REQUESTS = 100_000
SEED = 20_211
READING = threading.Lock()  # CPython 3.11 cannot parse in two threads at once


class Twin:
    """One target that runs, and what was understood of it."""

    def __init__(self, stable: Stable, given: Given) -> None:
        self._stable = stable
        self._given = given
        self._instance, self._known = self._new()

    def _new(self) -> tuple[Instance, Understanding]:
        instance = self._stable.fresh()
        assert instance.client is not None
        met = meet(instance, self._given, SEED, instance.client.send)
        return instance, understand(instance, met, (), SEED, instance.client.send, 10.0)

    def start_over(self) -> None:
        """Take a fresh copy: a hole that spoils a row for everybody could not be seen again."""
        self._stable.put_away(self._instance)
        self._instance, self._known = self._new()

    def site(self, seed: int = SEED, seconds: float = 30.0) -> RunningSite:
        """Give what an attack strikes."""
        site = RunningSite(self._instance, self._known, seed, Budget(120.0, REQUESTS), {})
        site.allow(seconds)
        return site

    def sighted(self, attack: Attack, seconds: float, seed: int = SEED) -> list[Sighting]:
        """Strike once; what cannot be tried is a fault of the target, and fails the test."""
        site = self.site(seed, min(seconds, attack.seconds))
        return [outcome for outcome in site.strike(attack) if isinstance(outcome, Sighting)]


@contextmanager
def twin(family: str, app: str, *, hole: bool) -> Iterator[Twin]:
    """Start `tests/targets/FAMILY/APP.py`, with its hole or without."""
    folder = TARGETS / family
    given = Given(
        app=f"{app}:app", folder=folder, environment={"HOLE": "1" if hole else "0"}, ready_seconds=60.0, anonymous=True
    )
    with READING:
        launch = launch_of(given, folder)
    stable = Stable(given, launch, folder)
    try:
        yield Twin(stable, given)
    finally:
        stable.close()


__all__ = ["LONG", "SEED", "TARGETS", "Twin", "Unavailable", "twin"]
