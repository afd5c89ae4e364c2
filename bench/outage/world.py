"""The world of the simulation: a destination that fails for a while and then takes so many a second, and a healthy one."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from enum import Enum

from techlead.deliver.port import Delivered, Fault, Outcome, Paused, Retry

ANSWER_SECONDS = 0.05
HANG_SECONDS = 10.0
HEALTHY = "https://healthy.example/hook"
FAILING = "https://failing.example/hook"


class Outage(Enum):
    """How the failing destination fails."""

    DOWN = "answers 503"
    HANGS = "hangs for 10 s, then 503"
    PARTIAL = "answers 503 to 40 % of what it gets"


@dataclass(frozen=True)
class Load:
    """What is asked of the world: notifications a minute to each destination, for so long, and what it takes after."""

    per_minute: int = 1_000
    outage_seconds: float = 1_800
    takes_per_second: float = 50
    seed: int = 1

    @property
    def count(self) -> int:
        """Give how many notifications each destination is sent."""
        return round(self.per_minute * self.outage_seconds / 60)

    def best_drain_seconds(self, left: int) -> float:
        """Give how long a backlog takes at best."""
        return left / self.takes_per_second


@dataclass
class World:
    """Counts what arrives; everything is in virtual seconds since the start."""

    load: Load
    outage: Outage
    attempts: int = 0
    attempts_in_outage: int = 0
    arrived: dict[str, dict[int, float]] = field(default_factory=lambda: {HEALTHY: {}, FAILING: {}})
    tokens: float = 0.0
    filled_at: float = 0.0

    def __post_init__(self) -> None:
        """Seed its chances."""
        self._dice = random.Random(self.load.seed)
        self.tokens = self.load.takes_per_second

    async def send(self, destination: str, number: int) -> Outcome:
        """Try to deliver one notification."""
        loop = asyncio.get_running_loop()
        fails = destination == FAILING and loop.time() < self.load.outage_seconds
        if destination == FAILING:
            self.attempts += 1
            self.attempts_in_outage += fails
        if fails and self.outage is Outage.PARTIAL:
            fails = self._dice.random() < 0.4
        await asyncio.sleep(HANG_SECONDS if fails and self.outage is Outage.HANGS else ANSWER_SECONDS)
        if fails:
            return Retry(Fault.SERVER, "503")
        if destination == FAILING and not self._has_room(loop.time()):
            return Paused(1.0)
        self.arrived[destination].setdefault(number, loop.time())
        return Delivered()

    def _has_room(self, now: float) -> bool:
        if now < self.load.outage_seconds:
            return True
        brim = self.load.takes_per_second
        self.tokens = min(brim, self.tokens + (now - self.filled_at) * brim)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def made_at(self, number: int) -> float:
        """Give the moment at which a notification is made."""
        return number * 60 / self.load.per_minute


@dataclass(frozen=True)
class Result:
    """What a policy did to the world."""

    policy: str
    attempts_in_outage: int
    per_notification: float
    lost: float
    left: int
    """How many had not arrived when the outage ended."""
    drain_seconds: float | None
    healthy_p99_seconds: float | None


def result(policy: str, world: World) -> Result:
    """Sum up."""
    load = world.load
    failing, healthy = world.arrived[FAILING], world.arrived[HEALTHY]
    late = sorted(at - world.made_at(number) for number, at in healthy.items())
    return Result(
        policy,
        world.attempts_in_outage,
        world.attempts_in_outage / load.count,
        1 - len(failing) / load.count,
        load.count - sum(at < load.outage_seconds for at in failing.values()),
        max(0.0, max(failing.values()) - load.outage_seconds) if failing else None,
        late[int(len(late) * 0.99)] if len(late) == load.count else None,
    )
