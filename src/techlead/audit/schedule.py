"""Which attacks share an instance, and in which order the instances are used: what measures time comes last and alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need

ALONE_SECONDS: Final = 44.0
"""An attack that may take longer gets an instance to itself, so that others need not wait for it."""
SHARED_SECONDS: Final = 110.0
"""How long the attacks of one instance may take together, by their own limits (most end long before)."""


@dataclass(frozen=True, slots=True)
class Job:
    """Attacks that are run one after the other on one fresh instance."""

    attacks: tuple[Attack, ...]
    quiet: bool = False

    @property
    def name(self) -> str:
        """For the progress line."""
        families = dict.fromkeys(attack.family for attack in self.attacks)
        return self.attacks[0].name if len(self.attacks) == 1 else ", ".join(families)


def jobs(attacks: Sequence[Attack]) -> tuple[Job, ...]:
    """The order of an audit."""
    harmless = [attack for attack in attacks if attack.harm is Harm.NONE]
    writing = [attack for attack in attacks if attack.harm is Harm.WRITES]
    long = [attack for attack in writing if attack.seconds > ALONE_SECONDS]
    short = [attack for attack in writing if attack.seconds <= ALONE_SECONDS]
    breaking = [attack for attack in attacks if attack.harm is Harm.BREAKS]
    quiet = [attack for attack in attacks if attack.harm is Harm.QUIET]
    alone = [Job((attack,)) for attack in (*long, *breaking)]
    return (
        *_shared(harmless),
        *_alternating(alone, _shared(short)),
        *(Job((attack,), quiet=True) for attack in quiet),
    )


def _alternating(first: Sequence[Job], second: Sequence[Job]) -> list[Job]:
    """One of each in turn, so that a budget that ends early has seen something of everything."""
    pairs = zip_longest(first, second)
    return [job for pair in pairs for job in pair if job is not None]


def _shared(attacks: Sequence[Attack]) -> list[Job]:
    """Fill instances with attacks, families together; those that move the clock come last on theirs."""
    groups: list[list[Attack]] = []
    taken = 0.0
    for attack in attacks:
        if not groups or taken + attack.seconds > SHARED_SECONDS:
            groups.append([])
            taken = 0.0
        groups[-1].append(attack)
        taken += attack.seconds
    return [Job(tuple(sorted(group, key=lambda attack: Need.CLOCK in attack.needs))) for group in groups]
