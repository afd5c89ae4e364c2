"""Times without a zone: the server means UTC, and each client reads its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer
from techlead.audit.target.operation import Role
from techlead.audit.target.reading import leaves

KIND: Final = "rule.time-zone"
NAIVE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
RESERVE_SECONDS = 0.5


def without_zone(answer: Answer) -> dict[str, str]:
    """Give the moments in an answer that do not say in which zone they are meant, by their names."""
    found = {name: value for name, value in leaves(answer.json) if isinstance(value, str) and NAIVE.fullmatch(value)}
    return found if answer.ok else {}


def strike(site: Site) -> Iterator[Outcome]:
    """Read what can be read, and what is made, and look at its times."""
    callers = Callers(site)
    tried = False
    for operation in site.places(Role.ME, Role.CREATE, Role.READ, Role.LIST):
        if site.left() < RESERVE_SECONDS:
            return
        done = callers.able(operation)
        if done is None:
            continue
        tried = True
        found = without_zone(done[1])
        if found:
            name, value = next(iter(found.items()))
            yield Sighting(
                kind=KIND,
                operation=operation.name,
                claim=f"{operation.name} gives `{name}` as {value}, without a zone: a client elsewhere reads another moment.",
                cause="naive times",
                evidence={"times": dict(list(found.items())[:5])},
                steps=(done[1].exchange,),
                severity=Severity.LOW,
            )
    if not tried:
        raise Unavailable("nothing could be read")


ATTACK: Final = Attack(
    name="rule.time-zone",
    kinds=(KIND,),
    claim="Times are given without their zone.",
    effect="A moment with hours and minutes in an answer, and neither Z nor an offset.",
    strike=strike,
    harm=Harm.NONE,
    seconds=8.0,
)
