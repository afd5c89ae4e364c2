"""What is refused the second time, done twenty times at once: it must still happen once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import ACCOUNT, Callers, View, look, values_of, windows
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Meaning, Operation, Role
from techlead.audit.target.reading import STOCK, identifier

DOUBLE_SUBMIT: Final = "race.double-submit"
OVERSOLD: Final = "race.oversell"
AT_ONCE = 20
ROUNDS = 35
"""So many show a race that is won once in six with 99.9 % certainty."""
RESERVE_SECONDS = 2.0
PLACE_SECONDS = 6.0
BUSY: Final = re.compile(
    r"database is locked|deadlock detected|could not serialize|QueuePool|too many connections", re.IGNORECASE
)
"""An overloaded database is another matter than a row that was made twice."""
SERVER_ERROR = 500
QUICK_SECONDS = 2.0
SCARCE = 1


@dataclass(frozen=True, slots=True)
class Bout:
    """One volley against one fresh row: what one request alone changes, and what the volley has changed."""

    alone: View
    all: View
    answers: tuple[Answer, ...]

    @property
    def done(self) -> int:
        """How many requests were told that it worked."""
        return sum(answer.ok for answer in self.answers)

    @property
    def ids(self) -> frozenset[Any]:
        """The rows that the answers show."""
        return frozenset(identifier(answer.json) for answer in self.answers if answer.ok) - {None}


def happened_twice(bout: Bout) -> bool:
    """Tell whether more has changed than one request changes: money, stock, or rows with ids of their own."""
    if bout.done < 2:  # noqa: PLR2004 - more than once
        return False
    moved = any(
        abs(bout.all.held.get(name, Decimal(0))) >= 2 * abs(one) for name, one in bout.alone.held.items() if one
    )
    taken = any(
        abs(bout.all.stock.get(name, Decimal(0))) >= 2 * abs(one) for name, one in bout.alone.stock.items() if one
    )
    more = any(bout.all.counts.get(name, 0) >= 2 * one for name, one in bout.alone.counts.items() if one > 0)
    return moved or taken or more or len(bout.ids) >= 2  # noqa: PLR2004


def fell(bout: Bout) -> bool:
    """Tell whether one of the requests failed at what another had done, instead of being refused."""
    failed = [answer for answer in bout.answers if answer.status == SERVER_ERROR and answer.seconds < QUICK_SECONDS]
    return bool(failed) and bout.done >= 1


def strike(site: Site) -> Iterator[Outcome]:
    """Do at once what works once: act on a row, make what there can be one of, take the last one, spend the whole balance."""
    callers = Callers(site)
    tried = 0
    for operation in site.places(Role.ACT, Role.CREATE, Role.OTHER):
        if operation.method not in {"POST", "PUT"} or operation.role in ACCOUNT:
            continue
        if site.left() < RESERVE_SECONDS:
            break
        kind = OVERSOLD if takes(operation) else DOUBLE_SUBMIT
        prepared = _guarded(site, callers, operation, kind)
        if prepared is None:
            continue
        tried += 1
        sighting = _rounds(callers, operation, prepared, kind, site.left() - PLACE_SECONDS)
        if sighting is not None:
            yield sighting
    if not tried:
        raise Unavailable("nothing was found that works once and is refused the second time")


def takes(operation: Operation) -> bool:
    """Tell whether each time makes a row that takes from another one, or spends money; what acts on one row does not."""
    refers = bool(operation.parameters) or any(field.meaning is Meaning.REFERENCE for field in operation.body)
    spends = any(field.meaning is Meaning.MONEY for field in operation.body)
    return (operation.role is Role.CREATE and refers) or spends


@dataclass(frozen=True, slots=True)
class Guarded:
    """An operation that works once: who does it, what one time changes, and the fields that make it scarce."""

    actor: Actor
    alone: View
    fields: tuple[tuple[str, Any], ...] = ()


def _guarded(site: Site, callers: Callers, operation: Operation, kind: str) -> Guarded | None:
    """Do it twice in a row on one fresh row: only what is refused the second time is worth a race."""
    done = callers.able(operation)
    if done is None:
        return None
    try:
        request = _fresh(callers, operation, done[0].actor, kind)
    except Unavailable:
        return None
    through = _through(site, operation, request)
    before = look(site, through)
    first = site.send(request)
    after = look(site, through)
    if not first.ok or site.send(request).ok:
        return None
    return Guarded(request.actor, after.since(before))


def _fresh(callers: Callers, operation: Operation, actor: Actor, kind: str) -> Request:
    """Make a request on a row that nobody has touched; for what can be sold out, on a row of which there is one."""
    site = callers.site
    request = callers.fresh(operation, actor)
    if kind == DOUBLE_SUBMIT:
        return request
    return _spending_all(callers, operation, request) or _last_one(site, operation, actor) or request


def _spending_all(callers: Callers, operation: Operation, request: Request) -> Request | None:
    """Spend everything that the caller holds; somebody new does it once his purse is empty, where one begins with something."""
    site = callers.site
    amounts = [field.name for field in operation.body if field.meaning is Meaning.MONEY]
    for spending in (request, None) if amounts else ():
        one = spending or callers.fresh(operation, site.people.new())
        purse = look(site, windows(site, one.actor, operation, values_of(operation, one)))
        most = max(purse.held.values(), default=Decimal(0))
        if most > 0:
            return one.with_fields(**{amounts[0]: int(most) if most == int(most) else str(most)})
    return None


def _last_one(site: Site, operation: Operation, actor: Actor) -> Request | None:
    """Find the row that the operation takes from, and make one of which a single piece is left."""
    for resource in site.resources:
        create = resource.create
        scarce = [
            field.name
            for field in (create.body if create else ())
            if STOCK.search(field.name) and field.type in {"integer", "number"}
        ]
        if create is None or not scarce or create is operation:
            continue
        parameter = next(
            (
                one.name
                for one in operation.parameters
                if one.name == resource.parameter or one.refers_to == resource.name
            ),
            None,
        )
        reference = next((one.name for one in operation.body if one.refers_to == resource.name), None)
        if parameter is None and reference is None:
            continue
        thing = site.make(resource.name, actor, **dict.fromkeys(scarce, SCARCE))
        path = {**thing.path, **({parameter: thing.id} if parameter else {})}
        wanted = {name: value for name, value in path.items() if name in {one.name for one in operation.parameters}}
        return site.request(operation, actor, path=wanted, body={reference: thing.id} if reference else None)
    return None


def _through(site: Site, operation: Operation, request: Request) -> tuple[Request, ...]:
    values: dict[str, Any] = dict(values_of(operation, request))
    for field in operation.body:
        resource = site.resource(field.refers_to) if field.refers_to else None
        if (
            resource is not None
            and resource.read is not None
            and isinstance(request.body, dict)
            and field.name in request.body
        ):
            values.update({one.name: request.body[field.name] for one in resource.read.parameters[-1:]})
    return windows(site, request.actor, operation, values)


def _rounds(callers: Callers, operation: Operation, guarded: Guarded, kind: str, until: float) -> Sighting | None:
    site = callers.site
    for number in range(1, ROUNDS + 1):
        if site.left() < max(until, RESERVE_SECONDS):
            return None
        try:
            request = _fresh(callers, operation, guarded.actor, kind)
        except Unavailable:
            return None
        through = _through(site, operation, request)
        before = look(site, through)
        mark = site.log.mark()
        answers = site.together([request] * AT_ONCE)
        bout = Bout(guarded.alone, look(site, through).since(before), answers)
        if happened_twice(bout):
            return _sighting(site, operation, bout, kind, number)
        if fell(bout) and not BUSY.search(site.log.since(mark)):
            return _fallen(operation, bout, number)
    return None


def _sighting(site: Site, operation: Operation, bout: Bout, kind: str, number: int) -> Sighting:
    what = "is done" if kind == DOUBLE_SUBMIT else "takes what there is once"
    return Sighting(
        kind=kind,
        operation=operation.name,
        claim=f"{AT_ONCE} {operation.name} at once: it {what} {bout.done} times (round {number}); one after the other the second is refused.",
        evidence={
            "at_once": len(bout.answers),
            "done": bout.done,
            "round": number,
            "one_alone": _numbers(bout.alone),
            "all_at_once": _numbers(bout.all),
            "ids": sorted(map(str, bout.ids))[:5],
            "seed": site.seed,
        },
        steps=tuple(replace(answer, content=answer.content[:400]).exchange for answer in bout.answers if answer.ok)[:1],
        shows=Shows(Compare.TOGETHER, (AT_ONCE, 1, ROUNDS)),
    )


def _fallen(operation: Operation, bout: Bout, number: int) -> Sighting:
    failed = [answer for answer in bout.answers if answer.status == SERVER_ERROR]
    return Sighting(
        kind=DOUBLE_SUBMIT,
        operation=operation.name,
        claim=f"{AT_ONCE} {operation.name} at once: one is done, and {len(failed)} are answered 500 instead of being refused (round {number}).",
        evidence={"at_once": len(bout.answers), "done": bout.done, "failed": len(failed), "round": number},
        steps=(failed[0].exchange,),
        severity=Severity.LOW,
    )


def _numbers(view: View) -> dict[str, str]:
    return {name: str(value) for part in (view.counts, view.held, view.stock) for name, value in part.items()}


ATTACK: Final = Attack(
    name="race.at-once",
    kinds=(DOUBLE_SUBMIT, OVERSOLD),
    claim="What is refused the second time happens twice when both come at once.",
    effect="After twenty requests at once more has changed than one of them changes: money, stock, or rows.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=25.0,
)
