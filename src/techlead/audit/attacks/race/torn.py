"""Many reads at once: each must be answered with what it asked for, and not with another caller's row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import values_of
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import identifier, leaves

KIND: Final = "race.torn-read"
ROUNDS = 10
EACH = 8
PAIRS_MAX = 3
RESERVE_SECONDS = 1.0


def mixed_up(answer: Answer, own: Answer, other: Answer) -> bool:
    """Tell whether an answer shows the row that somebody else has asked for, and not its own."""
    seen, right, wrong = identifier(answer.json), identifier(own.json), identifier(other.json)
    return answer.ok and right != wrong and seen == wrong


def strike(site: Site) -> Iterator[Outcome]:
    """Read two people's rows alone, then many times at once, the operations in turn."""
    pairs: dict[Operation, tuple[Answer, Answer]] = {}
    for operation in site.places(Role.READ, Role.ME):
        if operation.method == "GET" and site.left() > RESERVE_SECONDS:
            pair = _pair(site, operation)
            if pair is not None and len(pairs) < PAIRS_MAX:
                pairs[operation] = pair
    if not pairs:
        raise Unavailable("there are no two rows of two people to be read")
    for number in range(1, ROUNDS + 1):
        for operation, pair in tuple(pairs.items()):
            if site.left() < RESERVE_SECONDS:
                return
            sighting = _race(site, operation, pair, number)
            if sighting is not None:
                del pairs[operation]
                yield sighting


def _pair(site: Site, operation: Operation) -> tuple[Answer, Answer] | None:
    """Read one row of each of two people."""
    found = []
    for actor in (site.people.first, site.people.second):
        with suppress(Unavailable):
            answer = site.call(operation, actor)
            if answer.ok:
                found.append(answer)
    if len(found) < 2 or identifier(found[0].json) in {None, identifier(found[1].json)}:  # noqa: PLR2004 - a pair
        return None
    return found[0], found[1]


def _race(site: Site, operation: Operation, pair: tuple[Answer, Answer], number: int) -> Sighting | None:
    one, other = pair
    answers = site.together([answer.request for answer in pair] * EACH)
    for place, answer in enumerate(answers):
        own, wrong = (one, other) if place % 2 == 0 else (other, one)
        if mixed_up(answer, own, wrong):
            return _sighting(operation, answer, number, sum(not each.ok for each in answers))
    return None


def _sighting(operation: Operation, answer: Answer, number: int, failed: int) -> Sighting:
    values = values_of(operation, answer.request)
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"Under {2 * EACH} reads at once {operation.name} answers one caller with the row of another (round {number}).",
        evidence={
            "asked_for": values,
            "answered_with": identifier(answer.json),
            "round": number,
            "failed": failed,
            "fields": sorted({name for name, _ in leaves(answer.json)}),
        },
        steps=(answer.exchange,),
        severity=Severity.HIGH,
    )


ATTACK: Final = Attack(
    name="race.torn-read",
    kinds=(KIND,),
    claim="Reads at the same time are answered with each other's rows.",
    effect="A 2xx answer holds the id of the row that another caller has asked for; read alone it holds its own.",
    strike=strike,
    harm=Harm.NONE,
    seconds=10.0,
)
