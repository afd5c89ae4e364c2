"""Whatever a caller sends, a server answers; a 5xx says that it was not prepared, and shows others where to press."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site
from techlead.audit.attacks.input.hostile import Try, fields_of, tries
from techlead.audit.attacks.sight import Callers
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Audience, Operation, Role
from techlead.audit.target.trace import last_error

AT_ONCE = 8
AT_ONCE_SLOW = 2
ANSWER_SECONDS = 6.0
SLOW_SECONDS = 0.12  # such as one that hashes a password
SLOW_TRIES_MAX = 30
LIKELIEST_EACH = 2
RESERVE_SECONDS = 2.0
HEALTHY = frozenset({501, 503, 505, 507, 511})  # a 5xx that says what is the matter
KIND: Final = "input.server-error"


def broke(answer: Answer) -> bool:
    """Tell whether the server failed at a request: an error of its own, or the connection dropped without a word."""
    return (answer.status >= 500 and answer.status not in HEALTHY) or answer.error in {"closed", "garbage"}  # noqa: PLR2004


def only_it(hostile: Answer, plain: Answer) -> bool:
    """Tell whether the server failed at the hostile value, and not at the same request without it."""
    return broke(hostile) and not broke(plain)


def strike(site: Site) -> Iterator[Outcome]:
    """Send to every operation the likeliest variants first, so that what is frequent is found at once; then all others."""
    callers = Callers(site)
    bases: dict[Operation, tuple[Request, Answer]] = {}
    shown: set[tuple[str, str]] = set()
    for likeliest in (True, False):
        for operation in sorted(site.places(), key=_order):
            if operation.role is Role.DOCUMENTS or site.left() < RESERVE_SECONDS:
                continue
            if operation not in bases:
                bases[operation] = callers.usual(operation)
            if not broke(bases[operation][1]):
                yield from _one(site, operation, bases[operation], shown, likeliest=likeliest)


def _order(operation: Operation) -> tuple[bool, bool, bool, str]:
    """Put what strangers may send first, log-in foremost: it is the worst place of a cause that many have; bans and deletions last."""
    staff = operation.unsafe and operation.audience is Audience.STAFF
    late = staff or operation.method == "DELETE" or operation.role is Role.LOG_OUT
    return (late, operation.audience is not Audience.ANYONE, operation.role is not Role.LOG_IN, operation.path)


def _one(
    site: Site, operation: Operation, base: tuple[Request, Answer], shown: set[tuple[str, str]], *, likeliest: bool
) -> Iterator[Outcome]:
    """Send one operation's variants; what was shown at the same place, or by the same error there, is not shown again."""
    request, answer = base
    known = {str(sighting.evidence["sent"]) for sighting in site.before if sighting.operation == operation.name}
    sent = [one for one in _chosen(operation, base, likeliest=likeliest) if (operation.name, one.cause) not in shown]
    sent = [one for one in sent if one.what in known or not known]
    at_once = AT_ONCE
    if answer.seconds > SLOW_SECONDS:  # what is refused before the slow part comes first, and nothing waits behind it
        sent, at_once = sorted(sent, key=lambda one: bool(one.place))[:SLOW_TRIES_MAX], AT_ONCE_SLOW
    suspects: dict[str, Try] = {}
    answers = site.many([one.request for one in sent], ANSWER_SECONDS, at_once=at_once)
    for one, got in zip(sent, answers, strict=True):
        if only_it(got, answer):
            suspects.setdefault(one.cause, one)
    for cause, one in suspects.items():
        sighting = _sure(site, operation, request, one, cause)
        if sighting is None:
            continue
        error = str(sighting.evidence["error"])
        same = f"{one.place} {error}"  # one `int(...)` fails at a word, a float and a date
        told_apart = not one.place or (not error and one.place in fields_of(operation, request))
        if told_apart or (operation.name, same) not in shown:
            shown |= {(operation.name, same), (operation.name, cause)}
            yield sighting


def _chosen(operation: Operation, base: tuple[Request, Answer], *, likeliest: bool) -> list[Try]:
    """Give the likeliest variants, two of each cause in each part of the request, or all the others."""
    headers = operation.role in {Role.ME, Role.LOG_IN}  # what reads headers reads those of each operation
    count: dict[tuple[str, str], int] = {}
    chosen = []
    for one in tries(operation, base[0], listing=operation.role is Role.LIST, headers=headers):
        part = "whole" if not one.place else "body" if one.request.path == base[0].path else "path"
        count[one.cause, part] = count.get((one.cause, part), 0) + 1
        if (count[one.cause, part] <= LIKELIEST_EACH) == likeliest:
            chosen.append(one)
    return chosen


def _sure(site: Site, operation: Operation, base: Request, one: Try, cause: str) -> Sighting | None:
    """Send it again, alone, beside the same request without the hostile value: only that one may fail."""
    mark = site.log.mark()
    again = site.send(one.request)
    if not only_it(again, site.send(base)):
        return None
    error = last_error(site.log.since(mark))
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name} answers {again.status or 'nothing at all'} to {one.what}.",
        cause=cause,
        evidence={"sent": one.what, "status": again.status, "error": again.error or error},
        steps=(again.exchange,),
        shows=Shows(Compare.STATUS, (again.status,)),
    )


ATTACK: Final = Attack(
    name="input.server-error",
    kinds=(KIND,),
    claim="A well-formed but unexpected value makes the server fail.",
    effect="The same request fails twice with a 5xx or a dropped connection, while it is answered without the hostile value.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=45.0,  # an instance to itself: the most frequent hole must not wait for others
)
