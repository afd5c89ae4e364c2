"""At one's word: an award for what takes time, given at once to whoever says that it is done; money back for whoever says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Field, Operation
from techlead.audit.target.reading import filled

KIND: Final = "rule.bypass"
DONE: Final = re.compile(r"(is_)?(completed?|done|finished|passed|watched)", re.IGNORECASE)
LASTS: Final = re.compile(r"(^|_)(duration|length|runtime)(_|$)|^(seconds|minutes)$", re.IGNORECASE)
AWARD: Final = re.compile(r"certificate|diploma|badge|award|reward|achievement|credential", re.IGNORECASE)
BACK: Final = re.compile(r"refund|money-?back|chargeback", re.IGNORECASE)
REFUSED: Final = frozenset({400, 403, 409, 422})
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
    return before.status in REFUSED and after.ok and seconds < LONG


def kept_silent(told: Answer, read: Answer, untold: Answer) -> bool:
    """Tell whether the money that is refused to whoever said that he had used it is given back to whoever read it and said nothing."""
    return told.status in REFUSED and read.ok and untold.ok


def strike(site: Site) -> Iterator[Outcome]:
    """Say at once that it is done, and ask for the award; use it without saying so, and ask for the money."""
    tried = 0
    for claim, later in product(_claims(site), site.operations):
        how = _granted if _is_for(later, AWARD) else _given_back if _is_for(later, BACK) else None
        if how is None or not _fits(site, claim, later):
            continue
        tried += 1
        if site.left() < RESERVE_SECONDS or tried > PAIRS_MAX:
            return
        with suppress(Unavailable):
            shown = how(site, claim, later)
            if shown is not None:
                yield shown
    if not tried:
        raise Unavailable("nothing is awarded or given back for what one says is done")


def _is_for(operation: Operation, words: re.Pattern[str]) -> bool:
    word = next((word for word in reversed(operation.path.split("/")) if word and "{" not in word), "")
    return operation.method == "POST" and bool(words.search(word)) and not any(one.required for one in operation.body)


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


def _row(site: Site, claim: Claim, actor: Actor) -> dict[str, Any]:
    """Make what lasts long; the path that leads to it."""
    thing = site.make(claim.resource, actor, **{claim.lasts.name: LONG})
    return {**thing.path, claim.operation.parameters[-1].name: thing.id}


def _word(site: Site, claim: Claim, actor: Actor, path: dict[str, Any]) -> Request:
    """What says that it is done, all of it; whatever must be done before is done now."""
    counts = [one for one in claim.operation.body if one.type in {"integer", "number"}]
    said = {one.name: min(LONG, one.maximum or LONG) for one in counts}
    return site.request(claim.operation, actor, path=path, body={**said, claim.done.name: True})


def _ask(site: Site, later: Operation, actor: Actor, path: dict[str, Any]) -> Answer:
    return site.send(Request("POST", filled(later.path, path), actor, operation=later.name))


def _granted(site: Site, claim: Claim, award: Operation) -> Sighting | None:
    actor = site.people.of(site.role_of(claim.operation) or "user")
    began = site.clock.now()
    path = _row(site, claim, actor)
    word = _word(site, claim, actor, path)
    before = _ask(site, award, actor, path)
    said = site.send(word)
    after = _ask(site, award, actor, path)
    seconds = site.clock.now() - began
    if not said.ok or not granted(before, after, seconds):
        return None
    return Sighting(
        kind=KIND,
        operation=claim.operation.name,
        claim=f"{award.name} is granted {seconds:.1f} s after the beginning of what lasts {LONG}: {claim.operation.name} takes `{claim.done.name}` at its word.",
        cause="word",
        evidence={"refused_before": before.status, "granted_after": after.status, claim.lasts.name: LONG},
        steps=(before.exchange, said.exchange, after.exchange),
        severity=Severity.MEDIUM,
    )


def _given_back(site: Site, claim: Claim, back: Operation) -> Sighting | None:
    role = site.role_of(claim.operation) or "user"
    honest, silent = site.people.of(role), site.people.of(role, 2)
    resource = site.resource(claim.resource)
    path = _row(site, claim, honest)
    said = site.send(_word(site, claim, honest, path))
    told = _ask(site, back, honest, path)
    if resource is None or resource.read is None or not said.ok or told.status not in REFUSED:
        return None
    reading = Request("GET", filled(resource.read.path, path), silent, operation=resource.read.name)
    stranger = site.send(reading)
    _word(site, claim, silent, path)  # paid for now as well, and not a word of it
    read = site.send(reading)
    untold = _ask(site, back, silent, path)
    if stranger.ok or not kept_silent(told, read, untold):
        return None
    return Sighting(
        kind=KIND,
        operation=back.name,
        claim=f"{back.name} is refused to whoever said by {claim.operation.name} that he had used it, and granted to whoever used it by {resource.read.name} and said nothing.",
        cause="silence",
        evidence={"told": told.status, "used": read.status, "said nothing": untold.status},
        steps=(said.exchange, told.exchange, read.exchange, untold.exchange),
        severity=Severity.MEDIUM,
    )


ATTACK: Final = Attack(
    name="rule.word",
    kinds=(KIND,),
    claim="What takes time is awarded at once to whoever says that it is done, and paid back to whoever does not say that he used it.",
    effect="The award is refused before the word is given and granted right after it; the money is refused after it and given back without it.",
    strike=strike,
    harm=Harm.NONE,
    seconds=6.0,
)
