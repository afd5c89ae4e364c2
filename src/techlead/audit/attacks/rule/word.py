"""At one's word: an award for what takes time, given at once to whoever says that it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Field, Operation
from techlead.audit.target.reading import filled

KIND: Final = "rule.bypass"
DONE: Final = re.compile(r"(is_)?(completed?|done|finished|passed|watched)", re.IGNORECASE)
LASTS: Final = re.compile(r"(^|_)(duration|length|runtime)(_|$)|^(seconds|minutes)$", re.IGNORECASE)
AWARD: Final = re.compile(r"certificate|diploma|badge|award|reward|achievement|credential", re.IGNORECASE)
LONG: Final = 3600
"""How long it is said to take, in whatever unit the target counts: at least seconds."""
PAIRS_MAX: Final = 4
RESERVE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Claim:
    """An operation by which one says that something is done, and what tells how long that takes."""

    operation: Operation
    done: Field
    resource: str
    lasts: Field


def granted(before: Answer, after: Answer, seconds: float) -> bool:
    """Tell whether what was refused before the word was given is granted after it, long before it can be true."""
    return before.status in {400, 403, 409, 422} and after.ok and seconds < LONG


def strike(site: Site) -> Iterator[Outcome]:
    """Say at once that it is done, and ask for the award."""
    awards = [one for one in site.operations if _awards(one)]
    pairs = [(claim, award) for claim, award in product(_claims(site), awards) if _fits(site, claim, award)]
    if not pairs:
        raise Unavailable("nothing is awarded for what one says is done")
    for claim, award in islice(pairs, PAIRS_MAX):
        if site.left() < RESERVE_SECONDS:
            return
        shown = _try(site, claim, award)
        if shown is not None:
            yield shown


def _awards(operation: Operation) -> bool:
    word = next((word for word in reversed(operation.path.split("/")) if word and "{" not in word), "")
    return operation.method == "POST" and bool(AWARD.search(word)) and not any(one.required for one in operation.body)


def _claims(site: Site) -> Iterator[Claim]:
    """What takes a word for it: `completed: true`, about a row that says how long it lasts."""
    for operation in site.places(unsafe=True):
        done = next((one for one in operation.body if one.type == "boolean" and DONE.fullmatch(one.name)), None)
        named = operation.parameters[-1].refers_to or operation.resource if operation.parameters else None
        resource = site.resource(named)
        if done is None or resource is None or resource.create is None:
            continue
        lasts = next((one for one in resource.create.body if _lasts(one)), None)
        if lasts is not None:
            yield Claim(operation, done, resource.name, lasts)


def _lasts(one: Field) -> bool:
    return one.type in {"integer", "number"} and bool(LASTS.search(one.name)) and (one.maximum or LONG) >= LONG


def _fits(site: Site, claim: Claim, award: Operation) -> bool:
    """Whether the award is for the same row, or for the one that it is a part of."""
    resource = site.resource(claim.resource)
    above = {claim.operation.parameters[-1].name}
    above |= {one.name for one in resource.create.parameters} if resource and resource.create else set()
    return bool(award.parameters) and {one.name for one in award.parameters} <= above


def _try(site: Site, claim: Claim, award: Operation) -> Sighting | None:
    actor = site.people.of(site.role_of(claim.operation) or "user")
    began = site.clock.now()
    thing = site.make(claim.resource, actor, **{claim.lasts.name: LONG})
    path: dict[str, Any] = {**thing.path, claim.operation.parameters[-1].name: thing.id}
    word = site.request(claim.operation, actor, path=path, body={claim.done.name: True})
    asking = Request("POST", filled(award.path, path), actor, operation=award.name)
    before = site.send(asking)
    said = site.send(word)
    after = site.send(asking)
    seconds = site.clock.now() - began
    if not said.ok or not granted(before, after, seconds):
        return None
    return Sighting(
        kind=KIND,
        operation=claim.operation.name,
        claim=f"{award.name} is granted {seconds:.1f} s after the beginning of what lasts {LONG}: {claim.operation.name} takes `{claim.done.name}` at its word.",
        evidence={"refused_before": before.status, "granted_after": after.status, claim.lasts.name: LONG},
        steps=(before.exchange, said.exchange, after.exchange),
        severity=Severity.MEDIUM,
    )


ATTACK: Final = Attack(
    name="rule.word",
    kinds=(KIND,),
    claim="What takes time is awarded at once to whoever says that it is done.",
    effect="The award is refused before the word is given, and granted right after it, in a fraction of the time it takes.",
    strike=strike,
    harm=Harm.NONE,
    seconds=6.0,
)
