"""A crowd that dead-locks the service: each request holds one thing, and waits for another that the others hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, NotTested, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.limits.load import TOO_SLOW, Pressed, bystanders, patience, press, starved
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Severity
from techlead.audit.target.operation import Operation, Role

KIND: Final = "limits.resource"
CROWD = 80
"""More than the 40 threads and 15 connections that are usual, together."""
FEW = 16
"""So many get through without waiting for each other: they tell how fast the machine is."""
PRESS_SECONDS = 12.0
RESERVE_SECONDS = 2.0
FAILED_PART = 0.25
PLACES_MAX = 3
SERVER_ERROR = 500
UNANSWERED = frozenset({"timeout", "closed"})


def stuck(seen: Pressed) -> bool:
    """Tell whether the crowd of plain reads went unanswered while a bystander waited too."""
    failed = sum(answer.status >= SERVER_ERROR or answer.error in UNANSWERED for answer in seen.answers)
    return starved(seen) and failed >= FAILED_PART * CROWD


def strike(site: Site) -> Iterator[Outcome]:
    """Ask one cheap read of a signed-in user many times at once."""
    callers = Callers(site)
    watchers = bystanders(site)
    places = [one for one in site.places(Role.ME, Role.LIST, Role.OTHER) if one.method == "GET" and not one.parameters]
    tried = 0
    for operation in places:
        base = callers.able(operation) if watchers and tried < PLACES_MAX else None
        if base is None or base[0].path == watchers[0].path or site.left() < RESERVE_SECONDS:
            continue
        tried += 1
        few = site.together([base[0]] * FEW, PRESS_SECONDS)
        explained = CROWD / FEW * max(answer.seconds for answer in few)
        if patience(explained) > min(PRESS_SECONDS, site.left()):
            yield NotTested(KIND, TOO_SLOW)
            return
        seen = press(site, [base[0]] * CROWD, [(watchers[0], explained)], min(PRESS_SECONDS, site.left()))[0]
        if stuck(seen):
            yield _sighting(operation, watchers[0].path, seen)
            return  # every read has the same threads and connections
    if not tried:
        raise Unavailable("there are no two reads, one to press on and one to time")


def _sighting(operation: Operation, bystander: str, seen: Pressed) -> Sighting:
    failed = sum(not answer.ok for answer in seen.answers)
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{CROWD} {operation.name} at once dead-lock the service: {failed} get no answer, and GET {bystander} takes {seen.worst_seconds:.1f} s.",
        cause="crowd",
        evidence={
            "crowd": CROWD,
            "failed": failed,
            "bystander": bystander,
            "worst_seconds": round(seen.worst_seconds, 3),
        },
        steps=tuple(answer.exchange for answer in seen.answers[:1]),
        severity=Severity.HIGH,
    )


ATTACK: Final = Attack(
    name="limits.crowd",
    kinds=(KIND,),
    claim="Plain reads, many at once, dead-lock the service.",
    effect="A quarter of them fail or go unanswered, and an unrelated cheap request waits for seconds.",
    strike=strike,
    harm=Harm.QUIET,
    seconds=30.0,
)
