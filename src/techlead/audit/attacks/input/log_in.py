"""A condition in the place of a name or a password, in JSON or in a form: told by what the session opens, never by a redirect alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from techlead.audit.attacks.attack import Attack, Compare, Harm, Need, Outcome, Shows, Sighting, Site
from techlead.audit.attacks.standing import Proof, one, proofs
from techlead.audit.detect.forms import form_fields
from techlead.audit.finding import Severity
from techlead.audit.target import login
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Role

KIND: Final = "input.injection"
WRONG: Final = "wrong-password-zqx"
CONDITIONS: Final = (
    ("' OR 1=1 -- ", "' OR 1=2 -- "),
    ("' OR '1'='1", "' OR '1'='2"),
    ('" OR 1=1 -- ', '" OR 1=2 -- '),
)
"""What is true, and what is false and else the same."""
RESERVE_SECONDS = 2.0


def strike(site: Site) -> Iterator[Outcome]:
    """Log in with a condition in each field; where that opens a door which a false one leaves shut, it was run."""
    operation = one(site, Role.LOG_IN)
    first = site.people.first
    request = site.people.log_in_request(first, WRONG)
    fields = request.body if request.raw is None else form_fields(request.raw, request.headers)
    doors = proofs(site, first)
    for name in fields or ():
        for true, false in CONDITIONS:
            if site.left() < RESERVE_SECONDS:
                return
            got = site.send(_with(request, name, true))
            seen = entered(site, doors, got, first)
            unseen = entered(site, doors, site.send(_with(request, name, false)), first) if seen else None
            if let_in(seen, unseen):
                where = operation.name if operation else request.operation
                yield _sighting(where, name, true, got, seen or got)
                return


def let_in(true: Answer | None, false: Answer | None) -> bool:
    """Tell whether the true condition opened a door that the false one left shut."""
    return true is not None and false is None


def entered(site: Site, doors: tuple[Proof, ...], answer: Answer, known: Actor) -> Answer | None:
    """Give the answer of a door that the session of a log-in opens; None for none; a token tells where no door is known."""
    if not doors:
        return answer if answer.ok and login.token_in(answer) else None
    stranger = Actor("stranger", "user")
    for headers in login.proofs(answer, stranger):
        if set(headers) <= set(known.headers):
            for door in doors:
                seen = site.send(door.request.but(actor=replace(stranger, headers=headers)))
                if seen.ok:
                    return seen
    return None


def _with(request: Request, name: str, value: str) -> Request:
    """Give a log-in with one field set, as JSON or as the form that it is."""
    if request.raw is None:
        return request.with_fields(**{name: value})
    fields: dict[str, Any] = {**(form_fields(request.raw, request.headers) or {}), name: value}
    return request.but(raw=urlencode(fields).encode())


def _sighting(operation: str, name: str, condition: str, got: Answer, seen: Answer) -> Sighting:
    steps = (got.exchange,) if seen is got else (got.exchange, seen.exchange)
    return Sighting(
        kind=KIND,
        operation=operation,
        claim=f"{operation} runs `{name}` as SQL: {condition!r} logs in without a password.",
        evidence={"place": name, "opened": seen.request.path},
        steps=steps,
        shows=Shows(Compare.STATUS, (seen.status,)),
        severity=Severity.CRITICAL,
    )


ATTACK: Final = Attack(
    name="input.log-in",
    kinds=(KIND,),
    claim="Words in a log-in are run as SQL: whoever writes a condition is let in.",
    effect="A true condition gives a session that opens what strangers are refused; a false one gives none.",
    strike=strike,
    needs=frozenset({Need.PEOPLE}),
    harm=Harm.NONE,
)
