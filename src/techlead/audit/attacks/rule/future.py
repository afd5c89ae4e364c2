"""What has happened lies in the past: a day of purchase or of birth that is years ahead moves every term that counts from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import ACCOUNT, Callers
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer
from techlead.audit.target.operation import Field, Meaning
from techlead.audit.target.reading import leaves

KIND: Final = "rule.missing"
PAST: Final = re.compile(
    r"(purchased|bought|paid|ordered|delivered|received|completed|finished|created|born|signed|issued|hired|registered|incurred|spent|taken|visited)_?(at|on|date|time|day)?$"
    r"|^(purchase|payment|order|birth|issue|invoice|hire|expense)_?(date|day|time)$|date_of_birth|^dob$|birthday|birthdate",
    re.IGNORECASE,
)
AHEAD_DAYS = 3_650
RESERVE_SECONDS = 0.5


def stored(answer: Answer, name: str, year: str) -> bool:
    """Tell whether the row shows the year that was sent."""
    shown = (str(value) for path, value in leaves(answer.json) if path.rpartition(".")[2] == name)
    return answer.ok and any(value.startswith(year) for value in shown)


def strike(site: Site) -> Iterator[Outcome]:
    """Say of things that have happened that they will happen in ten years."""
    callers = Callers(site)
    tried = False
    for operation in site.places(unsafe=True):
        fields = [field for field in operation.body if _past(field)]
        if operation.role in ACCOUNT or not fields or site.left() < RESERVE_SECONDS:
            continue
        base = callers.able(operation)
        if base is None or not isinstance(base[0].body, dict):
            continue
        tried = True
        when = datetime.fromtimestamp(site.clock.now(), UTC) + timedelta(days=AHEAD_DAYS)
        for field in fields:
            sent = _written(when, base[0].body.get(field.name))
            fresh = site.request(operation, base[0].actor)
            answer = site.send(fresh.with_fields(**{field.name: sent}))
            if stored(answer, field.name, str(when.year)):
                yield Sighting(
                    kind=KIND,
                    operation=operation.name,
                    claim=f"{operation.name} takes `{field.name}` = {sent}, ten years ahead: every term that counts from it lasts until then.",
                    evidence={"field": field.name, "sent": sent},
                    steps=(answer.exchange,),
                    severity=Severity.LOW,
                )
    if not tried:
        raise Unavailable("no field says when something has happened")


def _past(field: Field) -> bool:
    return field.type == "string" and (field.meaning is Meaning.BIRTHDAY or PAST.search(field.name) is not None)


def _written(when: datetime, like: object) -> str:
    """Write the moment as the accepted value was: a day alone, or with hours and zone."""
    day_alone = isinstance(like, str) and len(like) == len("2026-01-31")
    return when.date().isoformat() if day_alone else when.strftime("%Y-%m-%dT%H:%M:%SZ")


ATTACK: Final = Attack(
    name="rule.missing",
    kinds=(KIND,),
    claim="What has happened may lie in the future.",
    effect="The row shows the year that was sent, ten years ahead.",
    strike=strike,
    harm=Harm.NONE,
    seconds=5.0,
)
