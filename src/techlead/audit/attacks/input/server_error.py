"""Whatever a caller sends, a server answers; a 5xx says that it was not prepared, and shows others where to press."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.input.hostile import DATE, TYPE, Try, body_tries, fields_of, tries
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Audience, Operation, Role
from techlead.audit.target.reading import identifier
from techlead.audit.target.trace import last_error

AT_ONCE = 8
ANSWER_SECONDS = 6.0
SLOW_SECONDS = 0.12  # such as one that hashes a password
SLOW_TRIES_MAX = 40
RESERVE_SECONDS = 2.0
HEALTHY = frozenset({501, 503, 505, 507, 511})  # a 5xx that says what is the matter
KIND: Final = "input.server-error"


def broke(answer: Answer) -> bool:
    """Tell whether the server failed at a request: an error of its own, or the connection dropped without a word."""
    return (answer.status >= 500 and answer.status not in HEALTHY) or answer.error in {"closed", "garbage"}  # noqa: PLR2004


def strike(site: Site) -> Iterator[Outcome]:
    """Send every hostile variant of every operation, and later look at the rows that hostile values have made."""
    callers = Callers(site)
    for operation in sorted(site.places(), key=_order):
        if operation.role is Role.DOCUMENTS or site.left() < RESERVE_SECONDS:
            continue
        request, answer = _base(callers, operation)
        if not broke(answer):
            yield from _one(site, operation, request, answer)
            yield from _later(site, callers, operation, request)


def _order(operation: Operation) -> tuple[bool, bool, bool, str]:
    """Put what strangers may send first, log-in foremost: it is the worst place of a cause that many have; bans and deletions last."""
    staff = operation.unsafe and operation.audience is Audience.STAFF
    late = staff or operation.method == "DELETE" or operation.role is Role.LOG_OUT
    return (late, operation.audience is not Audience.ANYONE, operation.role is not Role.LOG_IN, operation.path)


def _base(callers: Callers, operation: Operation) -> tuple[Request, Answer]:
    """Find a request that is right by itself; a path of ids that lead nowhere when none can be made."""
    people = callers.site.people
    request = None
    with suppress(Unavailable):
        if operation.role is Role.LOG_IN:
            request = people.log_in_request(people.first)
        elif operation.role is Role.SIGN_UP:
            request = people.sign_up_request()
        elif operation.role is Role.PASSWORD:  # ends somebody's sessions: not those that are still needed
            request = callers.site.request(operation, people.new())
    if request is None or request.operation not in {operation.name, ""}:
        return callers.reached(operation)
    return request, callers.site.send(request)


def _one(site: Site, operation: Operation, base: Request, answer: Answer) -> Iterator[Outcome]:
    headers = operation.role in {Role.ME, Role.LOG_IN}  # what reads headers reads those of each operation
    all_tries = list(tries(operation, base, listing=operation.role is Role.LIST, headers=headers))
    if answer.seconds > SLOW_SECONDS:
        all_tries = _spread(all_tries, SLOW_TRIES_MAX)
    answers = site.many([one.request for one in all_tries], ANSWER_SECONDS, at_once=AT_ONCE)
    suspects: dict[str, Try] = {}
    for one, got in zip(all_tries, answers, strict=True):
        if broke(got):
            suspects.setdefault(one.cause, one)
    seen: set[tuple[str, str]] = set()
    base_fields = fields_of(operation, base)
    for cause, one in suspects.items():
        sighting = _sure(site, operation, base, one, cause)
        if sighting is None:
            continue
        error = str(sighting.evidence["error"])
        known = (one.place, error)  # one `int(...)` fails at a word, a float and a date
        if not one.place or known not in seen or (not error and one.place in base_fields):
            seen.add(known)
            yield sighting


def _sure(site: Site, operation: Operation, base: Request, one: Try, cause: str) -> Sighting | None:
    """Send it again, alone, beside the same request without the hostile value: only that one may fail."""
    mark = site.log.mark()
    again = site.send(one.request)
    if not broke(again) or broke(site.send(base)):
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


def _later(site: Site, callers: Callers, operation: Operation, base: Request) -> Iterator[Outcome]:
    """Make rows with dates and numbers at the edge: where they are accepted, whatever reads them later must still answer."""
    resource = site.resource(operation.resource)
    if operation.role is not Role.CREATE or resource is None or site.left() < RESERVE_SECONDS:
        return
    readers = [
        one
        for one in site.operations
        if one.parameters
        and one.resource == operation.resource
        and one.role in (Role.READ, Role.ACT, Role.OTHER)
        and one is not operation
    ]
    accepted = [one for one in body_tries(operation, base) if one.cause != TYPE]
    for one in accepted:
        made = site.send(one.request)
        key = identifier(made.json) if made.ok else None
        if key is None:
            continue
        for reader in readers:
            yield from _reads(site, callers, reader, one, made, {**values_of(operation, base), _last(reader): key})


def _last(operation: Operation) -> str:
    return operation.parameters[-1].name


def _reads(
    site: Site, callers: Callers, reader: Operation, one: Try, made: Answer, values: Mapping[str, Any]
) -> Iterator[Outcome]:
    if (site.focus and reader.name not in site.focus) or not {each.name for each in reader.parameters} <= set(values):
        return
    try:
        request = site.request(reader, made.request.actor, path=values)
    except Unavailable:
        return
    answer = site.send(request)
    if not broke(answer):
        return
    control = callers.closest(reader)
    if control is None or broke(control[1]):
        return
    yield Sighting(
        kind=KIND,
        operation=reader.name,
        claim=f"A row made with {one.what} is accepted, and then {reader.name} answers {answer.status} for good.",
        cause=f"{DATE if one.cause == DATE else one.cause}, found when the row is used",
        evidence={"made_by": made.request.operation, "with": one.what, "status": answer.status},
        steps=(made.exchange, answer.exchange),
    )


def _spread(all_tries: list[Try], most: int) -> list[Try]:
    """Keep at most so many, some of each cause and of each place."""
    kept: list[Try] = []
    seen: dict[tuple[str, str], int] = {}
    for one in all_tries:
        seen[one.cause, one.place] = seen.get((one.cause, one.place), 0) + 1
        if seen[one.cause, one.place] <= (1 if one.place else 3):
            kept.append(one)
    return sorted(kept, key=lambda one: bool(one.place))[:most]


ATTACK: Final = Attack(
    name="input.server-error",
    kinds=(KIND,),
    claim="A well-formed but unexpected value makes the server fail.",
    effect="The same request fails twice with a 5xx or a dropped connection, while it is answered without the hostile value.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=45.0,  # an instance to itself: the most frequent hole must not wait for others
)
