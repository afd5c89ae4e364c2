"""The rounds: every server in turn, so that noise hits all alike; CPU per request is read from the server's process tree."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.environment import NotAvailableError
from bench.load import send
from bench.machine import busy_seconds
from bench.prepare import SCENARIOS, Prepared


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often: seconds of load a round, seconds of warm-up before the first, rounds."""

    rounds: int
    seconds: float
    warm_up_seconds: float


# Short rounds, many of them: two servers are compared within the same few seconds.
FULL = Effort(rounds=9, seconds=2, warm_up_seconds=2)
QUICK = Effort(rounds=1, seconds=2, warm_up_seconds=1)


@dataclass(frozen=True, slots=True)
class Round:
    """One server, one scenario, one round."""

    cpu_microseconds: float
    requests_per_second: float
    p99_milliseconds: float
    refused: int
    broken: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The median of the rounds, and the rounds."""

    cpu_microseconds: float
    requests_per_second: float
    p99_milliseconds: float
    refused: int
    broken: int
    rounds: tuple[Round, ...]


class Bystanders:
    """How busy everything else keeps the machine meanwhile: it makes caches cold and so each request dearer."""

    def __init__(self, servers: Sequence[Prepared]) -> None:
        """Begin to count."""
        self._servers = servers
        self._began = time.monotonic()
        self._before = self._others()

    def processors(self) -> float:
        """Answer how many processors the others used on average."""
        return max(0.0, self._others() - self._before) / (time.monotonic() - self._began)

    def _others(self) -> float:
        ours = sum(one.running.cpu_seconds() for one in self._servers)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            used = resource.getrusage(who)
            ours += used.ru_utime + used.ru_stime
        return busy_seconds() - ours


def measured(servers: Sequence[Prepared], effort: Effort) -> dict[str, dict[str, Measured]]:
    """Answer server -> scenario -> figures, of what the server can do. POST comes last: it lengthens the tables that lists read."""
    rounds: dict[tuple[str, str], list[Round]] = {}
    for scenario in SCENARIOS:
        able = [one for one in servers if scenario in one.work]
        for one in able:
            send(one.work[scenario], effort.warm_up_seconds)
        for number in range(effort.rounds):
            print(f"  {scenario}, round {number + 1} of {effort.rounds}", flush=True)
            for one in able:
                rounds.setdefault((one.server.name, scenario), []).append(_round(one, scenario, effort.seconds))
    return {
        one.server.name: {scenario: _median(rounds[one.server.name, scenario]) for scenario in one.work}
        for one in servers
    }


def times(dividend: Measured, divisor: Measured) -> float:
    """Answer how many times the CPU of the one the other takes: the median of the rounds' own ratios."""
    pairs = zip(dividend.rounds, divisor.rounds, strict=True)
    return median(one.cpu_microseconds / other.cpu_microseconds for one, other in pairs)


def _round(one: Prepared, scenario: str, seconds: float) -> Round:
    before = one.running.cpu_seconds()
    load = send(one.work[scenario], seconds)
    spent = one.running.cpu_seconds() - before
    answered = load.requests - load.refused
    if answered < load.requests / 2:
        raise NotAvailableError(f"{one.server.name} refused {load.refused} of {load.requests} requests of {scenario}")
    return Round(spent / answered * 1e6, answered / load.seconds, load.p99_milliseconds, load.refused, load.broken)


def _median(rounds: Sequence[Round]) -> Measured:
    return Measured(
        median(one.cpu_microseconds for one in rounds),
        median(one.requests_per_second for one in rounds),
        median(one.p99_milliseconds for one in rounds),
        sum(one.refused for one in rounds),
        sum(one.broken for one in rounds),
        tuple(rounds),
    )
