"""Slow work for strangers: passwords hashed in the threads, or under the lock, that everybody needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, NotTested, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.limits.load import TOO_SLOW, Pressed, bystanders, patience, press, starved
from techlead.audit.attacks.sight import Callers
from techlead.audit.target.exchange import Request
from techlead.audit.target.operation import Audience, Field, Meaning, Operation, Role

KIND: Final = "limits.resource"
CROWD = 45
PRESS_SECONDS = 8.0
RESERVE_SECONDS = 4.0
FAST_SECONDS = 0.5
WRITES_MAX = 3


def strike(site: Site) -> Iterator[Outcome]:
    """Let a crowd of strangers sign up or log in at once, and see how long a reader and a writer wait."""
    reads = bystanders(site)
    write = _write(site)
    watchers = [*reads, *([write] if write else [])]
    places = sorted(
        (one for one in site.places(unsafe=True) if _hashes(one)), key=lambda one: one.role is not Role.LOG_IN
    )
    if not watchers or not places:
        raise Unavailable("no operation hashes a password, or there is nobody else to be kept waiting")
    for operation in places:
        if site.left() < RESERVE_SECONDS:
            return
        watched = [
            (one, max(answer.seconds for answer in site.together([one] * CROWD, PRESS_SECONDS))) for one in watchers
        ]
        watched = [
            (one, explained) for one, explained in watched if patience(explained) <= min(PRESS_SECONDS, site.left())
        ]
        if not watched:
            yield NotTested(KIND, TOO_SLOW)
            return
        crowd = [_stranger(site, operation, number) for number in range(CROWD)]
        pressed = press(site, crowd, watched, min(PRESS_SECONDS, site.left()))
        kept = [(one, seen) for (one, _), seen in zip(watched, pressed, strict=True) if starved(seen)]
        if kept:
            yield _sighting(operation, *kept[0])


def _hashes(operation: Operation) -> bool:
    stranger = operation.role in {Role.LOG_IN, Role.SIGN_UP} or operation.audience is Audience.ANYONE
    return (
        operation.method == "POST" and stranger and any(field.meaning is Meaning.PASSWORD for field in operation.body)
    )


def _write(site: Site) -> Request | None:
    """Find something small that an ordinary user may write."""
    callers = Callers(site)
    for operation in [one for one in site.operations if one.role is Role.CREATE and not one.parameters][:WRITES_MAX]:
        with suppress(Unavailable):
            done = callers.able(operation)
            if done is not None and done[1].seconds < FAST_SECONDS:
                return site.request(operation, done[0].actor)
    return None


def _stranger(site: Site, operation: Operation, number: int) -> Request:
    """Make a request that costs a hash: a log-in of somebody who does not exist, from an address of its own, or a sign-up."""
    address = {"X-Forwarded-For": f"10.{site.seed % 250}.{number // 250}.{number % 250}"}
    with suppress(Unavailable):
        if operation.role is Role.SIGN_UP:
            return site.people.sign_up_request().but(headers=address)
        if operation.role is Role.LOG_IN:
            known = site.people.first
            other = replace(known, login=known.login.replace("@", f".{number}@"))
            request = site.people.log_in_request(other, "wrong-password-zqx")  # JSON or a form, as the target has it
            if request.path == operation.path:
                return request.but(headers={**request.headers, **address})
    given = {field.name: _value(field, number) for field in operation.body}
    return Request("POST", operation.path, body=given, headers=address, operation=operation.name)


def _value(field: Field, number: int) -> object:
    return f"zqx{number}@example.com" if field.meaning is Meaning.EMAIL else f"wrong-password-{number}"


def _sighting(operation: Operation, bystander: Request, seen: Pressed) -> Sighting:
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"While {CROWD} strangers use {operation.name} at once, {bystander.method} {bystander.path} takes {seen.worst_seconds:.1f} s instead of {seen.quiet_seconds:.2f} s.",
        cause="hashing",
        evidence={
            "crowd": CROWD,
            "bystander": f"{bystander.method} {bystander.path}",
            "quiet_seconds": round(seen.quiet_seconds, 3),
            "worst_seconds": round(seen.worst_seconds, 3),
        },
        steps=tuple(answer.exchange for answer in seen.answers[:1]),
    )


ATTACK: Final = Attack(
    name="limits.hashing",
    kinds=(KIND,),
    claim="Strangers who log in or sign up at once keep everybody else waiting.",
    effect="An unrelated, cheap request waits for seconds, and many times as long as when nobody presses.",
    strike=strike,
    harm=Harm.QUIET,
    seconds=40.0,
    hashing=True,
)
