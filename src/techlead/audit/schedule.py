"""Which attacks share an instance, and in which order the instances are used: the likely first, what measures time last and alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need
from techlead.audit.target.understanding import Understanding

ALONE_SECONDS: Final = 25.0
"""An attack that may take longer gets an instance to itself, so that others need not wait for it."""
SHARED_SECONDS: Final = 60.0
"""How long the attacks of one instance may take together, by their own limits (most end long before)."""
EARLY: Final = (
    "login.enumeration",
    "password.weak-hash",
    "password.no-policy",
    "session.alg-none",
    "session.weak-key",
)
"""What needs no more than to sign up and log in: begun while the operations are still being explored, so that findings come early."""
LIKELY: Final = (
    "outbound.giving-up",  # the longest of those that wait
    "exposure.identifiers",
    "rule.time-zone",
    "input.log-lines",
    "rule.missing",
    "rule.word",
    "rule.boundary",
    "exposure.logs",
    "limits.body-size",
    "limits.storage",
    "input.server-error",
    "exposure.refused-messages",
    "input.broken-later",
    "outbound.slow",
    "limits.page-size",
    "outbound.permanent",
    "outbound.later",
    "outbound.old-news",
    "outbound.content",
    "outbound.elsewhere",
    "outbound.certificates",
    "login.no-throttle",
    "session.locked-out",
    "idempotency.missing",
    "race.lost-update",
    "outbound.taken",
    "outbound.addresses",
    "race.write-lock",
    "session.queued",
    "race.at-once",
    "access.read",
    "limits.hashing",
)
"""What backends get wrong most often, what is quick and what takes long comes first, so that a budget that ends early has seen it."""
FRUITFUL: Final = (
    "session.reset",  # it waits longer than it works
    "access.read",
    "access.function",
    "input.injection",
    "exposure.secrets",
    "rule.own-code",
    "exposure.debugging",  # from here on they write, and may take the instances of those who only read
    "access.fields",
    "access.account",
    "outbound.addresses",
    "limits.body-size",
    "exposure.logs",
    "input.server-error",
    "login.no-throttle",
    "access.write",
)
"""Where starts are dear, what shows most for its time comes before `LIKELY`: there is not enough for all."""
PRISTINE: Final = frozenset({"outbound.scout"})
"""What must not meet the messages of others."""
SPOILING: Final = frozenset(
    {
        "exposure.refused-messages",
        "input.broken-later",
        "input.poisoned-read",
        "input.server-error",
        "limits.pattern",
        "limits.storage",
        "login.no-throttle",
    }
)
"""What leaves throttles used up, rows or memory that others would stumble over, or neighbours that refuse: nobody uses its instance after it."""
LAST: Final = ("session.digit-key",)
"""What uses the processor for long (a million keys are tried), and keeps others from it."""


STARTS: Final = 50
"""Of a usual audit, where none is used again."""
DEAR_SHARE: Final = 0.2
"""Of the processors' time, above which so many starts leave too little for the attacks."""


def is_dear(start_seconds: float, processor_seconds: float) -> bool:
    """Whether an instance that is in order is too good to be ended: what a start takes, of all that there is."""
    return start_seconds * STARTS > processor_seconds * DEAR_SHARE


def possessions(known: Understanding, *, runs: bool) -> frozenset[Need]:
    """What attacks may count on."""
    has = {Need.MESSAGES}  # until a scout finds that there are none
    if runs:
        has |= {Need.PROCESS, Need.LOG, Need.CLOCK, Need.SOURCE}
    if known.ways.carries:
        has.add(Need.PEOPLE)
    if "admin" in known.ways.roles:
        has.add(Need.ADMIN)
    if known.has_database:
        has.add(Need.DATABASE)
    return frozenset(has)


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

    def needs(self, need: Need) -> bool:
        """Whether one of its attacks cannot do without it."""
        return any(need in attack.needs for attack in self.attacks)


def early(attacks: Sequence[Attack]) -> tuple[Job, ...]:
    """What can begin before the operations are known: one job, the quickest to show something first."""
    known = {attack.name: attack for attack in attacks}
    begun = tuple(known[name] for name in EARLY if name in known)
    return (Job(begun),) if begun else ()


def jobs(attacks: Sequence[Attack], *, dear: bool = False) -> tuple[Job, ...]:
    """The order of an audit; where starts are dear each attack is a job, and takes the instance that another has left."""
    ranked = sorted(attacks, key=rank_where_dear if dear else rank)
    quiet = [attack for attack in ranked if attack.harm is Harm.QUIET]
    if dear:
        return (
            *(Job((attack,)) for attack in ranked if attack not in quiet),
            *(Job((attack,), quiet=True) for attack in quiet),
        )
    alone = [attack for attack in ranked if attack not in quiet and is_alone(attack)]
    harmless = [attack for attack in ranked if attack.harm is Harm.NONE and attack not in alone]
    writing = [attack for attack in ranked if attack.harm is Harm.WRITES and attack not in alone]
    side_by_side = [*(Job((attack,)) for attack in alone), *_shared(writing), *_shared(harmless)]
    return (
        *sorted(side_by_side, key=lambda job: min(map(rank, job.attacks))),
        *(Job((attack,), quiet=True) for attack in quiet),
    )


def is_alone(attack: Attack) -> bool:
    """Whether it has an instance to itself."""
    return attack.harm is Harm.BREAKS or attack.seconds > ALONE_SECONDS


def company(attack: Attack) -> str:
    """With whom it is shown again: with all of its harm, or alone, by its own name."""
    return attack.name if is_alone(attack) or Need.CLOCK in attack.needs else attack.harm.name


class Wear(IntEnum):
    """What an instance has been through; it is handed on to those who do the same or worse."""

    READ = 0
    WRITTEN = 1
    MOVED = 2
    """Its clock is not what it was."""


def wear(attacks: Sequence[Attack]) -> Wear:
    """What an instance has been through after these."""
    if any(Need.CLOCK in attack.needs for attack in attacks):
        return Wear.MOVED
    return Wear.READ if all(attack.harm is Harm.NONE for attack in attacks) else Wear.WRITTEN


def needs_fresh(attacks: Sequence[Attack]) -> bool:
    """Whether nobody may have used the instance before."""
    return any(
        attack.harm is Harm.BREAKS or Need.MESSAGES in attack.needs or attack.name in PRISTINE for attack in attacks
    )


def keeps_order(attacks: Sequence[Attack]) -> bool:
    """Whether others may use the instance afterwards."""
    return not any(
        attack.harm is Harm.BREAKS or Need.MESSAGES in attack.needs or attack.name in SPOILING for attack in attacks
    )


def rank(attack: Attack) -> int:
    """How early it is begun; the lowest first."""
    if attack.name in LAST:
        return len(LIKELY) + 1
    return LIKELY.index(attack.name) if attack.name in LIKELY else len(LIKELY)


def rank_where_dear(attack: Attack) -> int:
    """The same where starts are dear."""
    return FRUITFUL.index(attack.name) if attack.name in FRUITFUL else len(FRUITFUL) + rank(attack)


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
