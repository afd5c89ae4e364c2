"""Getting to know a target: how people sign up there, letting them settle, and making each operation succeed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from techlead.audit.site import Budget
from techlead.audit.stable import Pasture, Stable
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.people import Send
from techlead.audit.target.remote import Remote
from techlead.audit.target.understand import Met, meet, settle, understand
from techlead.audit.target.understanding import Understanding

EXPLORE_SHARE: Final = 0.25
"""Of the time that is left, how much may go into making each operation succeed once."""


@dataclass(slots=True)
class Acquaintance:
    """Of one audit; `ground` is the instance whose copies are attacked, None where a target runs already."""

    stable: Stable | Pasture
    ground: Instance | None
    given: Given
    guessed: tuple[str, ...]
    seed: int
    budget: Budget
    settled: Mapping[str, Actor] = field(default_factory=dict)
    """Who lives on the ground, and so on each of its copies."""
    settlement: list[Answer] = field(default_factory=list)
    """The answers to their sign-ups: reproducers begin with them."""

    def make(self) -> Met | None:
        """Get to know the ground and let people settle on it; nothing where there is no ground."""
        if self.ground is None or not isinstance(self.stable, Stable):
            return None
        with self.budget.diary.stretch("start"):
            self.ground.start()
        met = self._meet(self.ground)
        self.stable.load(met.libraries)
        self._settle(self.ground, met)
        if not self.stable.spared(self.ground):
            self.ground.kill()
        return met

    def explore(self, met: Met | None) -> Understanding:
        """Explore one copy of the ground to pieces, or the ground itself where it has been left running."""
        explorer: Instance | Remote | None = self.ground if self.ground is not None and self.ground.alive() else None
        if explorer is None:
            with self.budget.diary.stretch("start to explore"):
                explorer = self.stable.fresh()
        try:
            met = met or self._meet(explorer)
            with self.budget.diary.stretch("explore"):
                seconds = self.budget.left() * EXPLORE_SHARE
                return understand(
                    explorer, met, self.guessed, self.seed, self._sending(explorer), seconds, self.settled
                )
        finally:
            self.stable.put_away(explorer)

    def _meet(self, instance: Instance | Remote) -> Met:
        with self.budget.diary.stretch("meet"):
            return meet(instance, self.given, self.seed, self._sending(instance))

    def _settle(self, ground: Instance, met: Met) -> None:
        send = self._sending(ground)

        def kept(request: Request) -> Answer:
            answer = send(request)
            self.settlement.append(answer)
            return answer

        if met.ways.carries and ground.database is not None:  # what is kept in memory begins anew with each instance
            with self.budget.diary.stretch("settle"):
                self.settled = settle(ground, met, self.seed, kept)

    def _sending(self, instance: Instance | Remote) -> Send:
        def send(request: Request) -> Answer:
            self.budget.spend(1)
            if instance.client is None:
                return Answer(request, 0, error="refused")
            return instance.client.send(request)

        return send
