"""A site for each job: a fresh instance, or where a start is dear one that another job has left in order."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from techlead.audit.attacks.attack import Attack
from techlead.audit.schedule import Wear, keeps_order, needs_fresh, wear
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stable import Pasture, Stable
from techlead.audit.target.understanding import Understanding

Stall = tuple[int, Wear]
"""The seed is another for what is shown again: nobody looks again where it was seen first."""


class Stalls:
    """Sites that are in use or wait to be used again; used from several lanes."""

    def __init__(
        self, stable: Stable | Pasture, budget: Budget, notebook: dict[str, Any], dear: Callable[[], bool]
    ) -> None:
        """Nothing is started."""
        self._stable = stable
        self._budget = budget
        self._notebook = notebook
        self._is_dear = dear
        self._lock = threading.Lock()
        self._idle: dict[Stall, list[RunningSite]] = defaultdict(list)

    def site(self, attacks: Sequence[Attack], known: Understanding, seed: int) -> RunningSite:
        """A site for these attacks.

        Raises:
            TargetRefused: The target did not start.
            ConnectionError: The audit ends.
        """
        used = None if needs_fresh(attacks) else self._left(seed, wear(attacks))
        if used is not None:
            used.learn(known)
            return used
        began = time.monotonic()
        instance = self._stable.fresh()
        self._budget.diary.wrote(f"start for {attacks[0].name}", began)
        return RunningSite(instance, known, seed, self._budget, self._notebook)

    def leave(self, site: RunningSite, attacks: Sequence[Attack], seed: int) -> None:
        """Give a site back: it waits for the next of the same company, or is ended."""
        if keeps_order(attacks) and site.state.alive() and self._is_dear():
            with self._lock:
                self._idle[seed, wear(attacks)].append(site)
        else:
            self._stable.put_away(site.state)

    def _left(self, seed: int, most: Wear) -> RunningSite | None:
        """The most worn that will do: who comes later may need a better one."""
        with self._lock:
            worn = (self._idle[seed, degree] for degree in sorted(Wear, reverse=True) if degree <= most)
            return next((idle.pop() for idle in worn if idle), None)
