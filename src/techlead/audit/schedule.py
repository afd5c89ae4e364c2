"""Which attacks share an instance, and in which order the instances are used: cheap first, what breaks last, what measures time alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm

ALONE_SECONDS: Final = 28.0
"""An attack that may take longer gets an instance to itself, so that others need not wait for it."""


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
    by_family: dict[str, list[Attack]] = defaultdict(list)
    alone: list[Job] = []
    for attack in writing:
        if attack.seconds >= ALONE_SECONDS:
            alone.append(Job((attack,)))
        else:
            by_family[attack.family].append(attack)
    half = sum(attack.seconds for attack in harmless) / 2
    first, second, taken = [], [], 0.0
    for attack in harmless:
        (first if taken < half else second).append(attack)
        taken += attack.seconds
    shared = [Job(tuple(group)) for group in (first, second) if group]
    breaking = [Job((attack,)) for attack in attacks if attack.harm is Harm.BREAKS]
    quiet = [Job((attack,), quiet=True) for attack in attacks if attack.harm is Harm.QUIET]
    families = [Job(tuple(group)) for group in by_family.values()]
    return (*shared, *alone, *breaking, *families, *quiet)
