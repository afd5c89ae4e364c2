"""What several families need to see an effect: who can do an operation, and what an actor can see before and after. No attack itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Audience, Meaning, Operation, Role
from techlead.audit.target.reading import HELD, STOCK, filled, numbers, path_values, rows

WINDOWS_MAX = 6
TO = re.compile(
    r"^(to|recipient|receiver|payee|beneficiary|target)(_|$)|^(email|username|user_id|account_number|account_id)$",
    re.IGNORECASE,
)
"""Names of fields that say to whom something goes."""
OWN_NAME = re.compile(r"^(user_?name|account_?(number|no)|iban|wallet_?(number|address)|card_?number)$", re.IGNORECASE)
"""Names by which paths lead to what is one's own: `/balance/{account_number}`."""
FAR = {405: 1, 404: 2, 403: 3, 401: 4}
"""How far from success a refusal is: one who is let in and finds nothing comes further than one who is not."""
ACCOUNT = (Role.SIGN_UP, Role.LOG_IN, Role.LOG_OUT, Role.PASSWORD, Role.FORGOT, Role.RESET)


class Callers:
    """Finds for an operation somebody who may do it, and keeps the people it has made."""

    def __init__(self, site: Site) -> None:
        """Make nobody yet."""
        self.site = site
        self._made: dict[str, Actor | None] = {}
        self._mended: dict[str, dict[str, Any]] = {}

    def of(self, role: str) -> Actor | None:
        """Give somebody with that role, the same one each time; None when there is no way to have one."""
        if role not in self._made:
            self._made[role] = None
            people = self.site.people
            with suppress(Unavailable):
                self._made[role] = (
                    people.first if role == "user" else people.admin if role == "admin" else people.new(role)
                )
        return self._made[role]

    def candidates(self, operation: Operation) -> Iterator[Actor]:
        """Give who might be let in, the likeliest first."""
        people = self.site.people
        known = self.site.role_of(operation)
        order = [known] if known else [*people.roles, "anonymous"]
        for role in order:
            actor = people.anonymous if role == "anonymous" else self.of(role)
            if actor is not None:
                yield actor

    def able(self, operation: Operation, **given: Any) -> tuple[Request, Answer] | None:
        """Do the operation as somebody who can: the request and its 2xx answer, or None when nobody could."""
        tried = self.closest(operation, **given)
        return tried if tried is not None and tried[1].ok else None

    def fresh(self, operation: Operation, actor: Actor) -> Request:
        """Make another request of an operation that has been done, towards the same person when it had to go to somebody."""
        request = self.site.request(operation, actor)
        mended = self._mended.get(operation.name)
        return request.with_fields(**mended) if mended else request

    def reached(self, operation: Operation) -> tuple[Request, Answer]:
        """Do the operation as whoever comes furthest; on ids that lead nowhere when no rows could be made for it."""
        best = self.closest(operation)
        path = filled(operation.path, {parameter.name: "1" for parameter in operation.parameters})
        body: Any = {} if operation.unsafe and operation.method != "DELETE" else None
        for actor in self.candidates(operation) if best is None else ():
            request = Request(operation.method, path, actor, body, operation=operation.name)
            answer = self.site.send(request)
            if best is None or _distance(answer) < _distance(best[1]):
                best = request, answer
        if best is None:
            raise Unavailable(f"nobody could be had to try {operation.name}")
        return best

    def usual(self, operation: Operation) -> tuple[Request, Answer]:
        """Make a request that is right by itself, a log-in and a sign-up too; on ids that lead nowhere when none can be made."""
        people = self.site.people
        request = None
        with suppress(Unavailable):
            if operation.role is Role.LOG_IN:
                request = people.log_in_request(people.first)
            elif operation.role is Role.SIGN_UP:
                request = people.sign_up_request()
            elif operation.role is Role.PASSWORD:  # ends somebody's sessions: not those that are still needed
                request = self.site.request(operation, people.new())
        if request is None or request.operation not in {operation.name, ""}:
            return self.reached(operation)
        return request, self.site.send(request)

    def _towards(self, operation: Operation, request: Request) -> tuple[Request, Answer] | None:
        """Send it to somebody who exists, with an amount as a number or as a text: what it may have wanted."""
        if operation.role in ACCOUNT or not isinstance(request.body, dict):
            return None
        with suppress(Unavailable):
            to = addressee(operation, self.site.people.second)
            amounts = [field.name for field in operation.body if field.meaning is Meaning.MONEY]
            for amount in (None, 5, "5.00") if to else ():
                given = {**to, **({} if amount is None else dict.fromkeys(amounts, amount))}
                answer = self.site.send(request.with_fields(**given))
                if answer.ok:
                    self._mended[operation.name] = given
                    return answer.request, answer
        return None

    def closest(self, operation: Operation, **given: Any) -> tuple[Request, Answer] | None:
        """Do the operation as whoever comes furthest; None when not even a request could be made."""
        best: tuple[Request, Answer] | None = None
        for actor in self.candidates(operation):
            try:
                request = self.site.request(operation, actor, **given)
            except Unavailable:
                continue
            answer = self.site.send(request)
            if answer.ok:
                return request, answer
            towards = self._towards(operation, request)
            if towards is not None:
                return towards
            if best is None or _distance(answer) < _distance(best[1]):
                best = request, answer
        return best


def addressee(operation: Operation, person: Actor) -> dict[str, Any]:
    """Give the fields of a body that say to whom it goes, with this person in them."""
    return {
        field.name: person.id if field.type == "integer" or field.meaning is Meaning.REFERENCE else person.login
        for field in operation.body
        if TO.search(field.name)
    }


def _distance(answer: Answer) -> int:
    return FAR.get(answer.status, 0)


@dataclass(frozen=True, slots=True)
class View:
    """What one actor sees at one moment: how many rows in each list, what it holds, what is in stock."""

    counts: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, Decimal] = field(default_factory=dict)
    stock: Mapping[str, Decimal] = field(default_factory=dict)

    def since(self, before: View) -> View:
        """Give what has changed."""
        return View(
            {
                name: count - before.counts[name]
                for name, count in self.counts.items()
                if count != before.counts.get(name, count)
            },
            {
                name: value - before.held[name]
                for name, value in self.held.items()
                if value != before.held.get(name, value)
            },
            {
                name: value - before.stock[name]
                for name, value in self.stock.items()
                if value != before.stock.get(name, value)
            },
        )

    def __bool__(self) -> bool:
        """Tell whether anything is in it."""
        return bool(self.counts or self.held or self.stock)


def windows(site: Site, actor: Actor, near: Operation, values: Mapping[str, Any]) -> tuple[Request, ...]:
    """Give the reads through which the actor may see what an operation does: they need no more than its path values, or one's own names.

    Those that were seen to tell an amount or a stock come first: a target has many pages, and only some are looked at.
    """
    own = {name: value for name, value in {**actor.shown, **actor.fields}.items() if OWN_NAME.search(name)}
    values = {**own, **values}
    known = frozenset(values)
    fit = [
        operation
        for operation in site.operations
        if operation.method == "GET"
        and operation.role is not Role.DOCUMENTS
        and operation.audience is not Audience.STAFF
        and {parameter.name for parameter in operation.parameters} <= known
    ]
    fit.sort(key=lambda one: (not _tells(one), one.resource != near.resource, -len(one.parameters), one.path))
    made = []
    for operation in fit[:WINDOWS_MAX]:
        with suppress(Unavailable):
            given = {parameter.name: values[parameter.name] for parameter in operation.parameters}
            made.append(site.request(operation, actor, path=given))
    return tuple(made)


def _tells(operation: Operation) -> bool:
    """Tell whether its answers were seen to hold an amount or a stock."""
    names = [name.rpartition(".")[2] for name in operation.answers]
    return any(HELD.search(name) or STOCK.search(name) for name in names)


def look(site: Site, through: tuple[Request, ...]) -> View:
    """See what there is to be seen now."""
    counts: dict[str, int] = {}
    held: dict[str, Decimal] = {}
    stock: dict[str, Decimal] = {}
    for request in through:
        answer = site.send(request)
        data = answer.json if answer.ok else None
        if isinstance(data, list) or rows(data):
            counts[request.path] = len(rows(data))
        held |= {f"{request.path} {name}": value for name, value in numbers(data, HELD).items()}
        stock |= {f"{request.path} {name}": value for name, value in numbers(data, STOCK).items()}
    return View(counts, held, stock)


def values_of(operation: Operation, request: Request) -> dict[str, str]:
    """Give the path values that a request was made with."""
    return path_values(operation.path, request.path)
