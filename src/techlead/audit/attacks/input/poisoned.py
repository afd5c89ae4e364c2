"""A value that can be stored and not be shown: one row, and a list fails for everybody who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.input.hostile import DATE, FINITE, HUGE, UNCODED, Try, body_tries
from techlead.audit.attacks.sight import Callers, values_of, windows
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role

KIND: Final = "input.poisoned-read"
STORED: Final = frozenset({FINITE, UNCODED, HUGE, DATE})
READS_MAX = 3
RESERVE_SECONDS = 3.0
SERVER_ERROR = 500


def poisoned(before: Answer, after: Answer) -> bool:
    """Tell whether a read that worked before the row was made fails after it."""
    return before.ok and after.status == SERVER_ERROR


def strike(site: Site) -> Iterator[Outcome]:
    """Store values at the edge of what can be stored, and read the lists after each."""
    callers = Callers(site)
    tried = False
    for operation in site.places(Role.CREATE, Role.CHANGE, Role.CHANGE_ME):
        if site.left() < RESERVE_SECONDS:
            return
        base = callers.able(operation)
        if base is None:
            continue
        tried = True
        yield from _one(site, operation, base[0])
    if not tried:
        raise Unavailable("no row could be made or changed")


def _one(site: Site, operation: Operation, base: Request) -> Iterator[Outcome]:
    reads = windows(site, base.actor, operation, values_of(operation, base))[:READS_MAX]
    before = [site.send(read) for read in reads]
    for one in body_tries(operation, base):
        if one.cause not in STORED or site.left() < RESERVE_SECONDS:
            continue
        made = site.send(one.request)
        if made.status // 100 == 4:  # noqa: PLR2004 - refused, so nothing was stored
            continue
        for read, earlier in zip(reads, before, strict=True):
            later = site.send(read)
            if poisoned(earlier, later):
                yield from _sightings(operation, one, made, later)
                return  # the instance is spoilt for this list


def _sightings(operation: Operation, one: Try, made: Answer, later: Answer) -> Iterator[Sighting]:
    read = later.request.operation
    for place in (read, operation.name):
        yield Sighting(
            kind=KIND,
            operation=place,
            claim=f"After one {operation.name} with {one.what}, {read} answers 500 to everybody, for as long as the row is there.",
            cause=read,
            evidence={"stored_with": one.what, "status_of_create": made.status, "status_of_read": later.status},
            steps=(made.exchange, later.exchange),
        )


ATTACK: Final = Attack(
    name="input.poisoned-read",
    kinds=(KIND,),
    claim="One stored value makes a read fail for everybody.",
    effect="A list that was read before the row was made fails after it.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=12.0,
)
