"""Which attacks share an instance, and in which order the instances are used: the likely first, what measures time last and alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need

ALONE_SECONDS: Final = 44.0
"""An attack that may take longer gets an instance to itself, so that others need not wait for it."""
SHARED_SECONDS: Final = 60.0
"""How long the attacks of one instance may take together, by their own limits (most end long before)."""
LIKELY: Final = (
    "outbound.giving-up",  # the longest, and the one that finds out what sends messages at all
    "input.server-error",
    "exposure.logs",
    "exposure.refused-messages",
    "login.enumeration",
    "outbound.answers",
    "outbound.slow",
    "limits.page-size",
    "limits.body-size",
    "outbound.certificates",
    "outbound.content",
    "outbound.addresses",
    "idempotency.missing",
    "input.injection",
    "access.read",
    "login.no-throttle",
    "race.at-once",
    "limits.hashing",
)
"""What backends get wrong most often comes first, so that a budget that ends early has seen it; all else follows by family."""


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
    ranked = sorted(attacks, key=_rank)
    harmless = [attack for attack in ranked if attack.harm is Harm.NONE]
    writing = [attack for attack in ranked if attack.harm is Harm.WRITES]
    short = [attack for attack in writing if attack.seconds <= ALONE_SECONDS]
    alone = [attack for attack in ranked if attack.harm is Harm.BREAKS or (attack in writing and attack not in short)]
    quiet = [attack for attack in ranked if attack.harm is Harm.QUIET]
    side_by_side = [*(Job((attack,)) for attack in alone), *_shared(short), *_shared(harmless)]
    return (
        *sorted(side_by_side, key=lambda job: min(map(_rank, job.attacks))),
        *(Job((attack,), quiet=True) for attack in quiet),
    )


def _rank(attack: Attack) -> int:
    return LIKELY.index(attack.name) if attack.name in LIKELY else len(LIKELY)


def _shared(attacks: Sequence[Attack]) -> list[Job]:
    """Fill instances with attacks in their order; those that move the clock come last on theirs."""
    groups: list[list[Attack]] = []
    taken = 0.0
    for attack in attacks:
        if not groups or taken + attack.seconds > SHARED_SECONDS:
            groups.append([])
            taken = 0.0
        groups[-1].append(attack)
        taken += attack.seconds
    return [Job(tuple(sorted(group, key=lambda attack: Need.CLOCK in attack.needs))) for group in groups]
