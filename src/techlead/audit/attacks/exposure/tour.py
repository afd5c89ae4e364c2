"""A tour through everything a target offers, as everybody, well-behaved and broken: answers for the other attacks to search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Operation, Role

LEFT_SECONDS_MIN = 1.5
HUGE: Final = 10**30
SURROGATE: Final = "\ud800"
WRONG: Final[tuple[Any, ...]] = ([], {"a": 1}, HUGE, True, None)
ENDING: Final = frozenset({Role.LOG_OUT, Role.DOCUMENTS})


def asked(site: Site, actors: tuple[Actor, ...]) -> Iterator[Answer]:
    """Read everything that needs no more than an actor; the first actor also reads what is his own."""
    for operation in site.places(unsafe=False):
        if operation.role is Role.DOCUMENTS:
            continue
        for actor in actors:
            if site.left() < LEFT_SECONDS_MIN:
                return
            with suppress(Unavailable):
                yield site.call(operation, actor)


def able(site: Site, operation: Operation) -> tuple[Actor, Request] | None:
    """Find who comes furthest with an operation, and the request he would send; it is not sent."""
    people = site.people
    candidates = [people.anonymous, people.first, *([people.admin] if people.admin is not None else [])]
    if operation.audience == "staff":
        candidates.reverse()
    elif operation.role not in {Role.SIGN_UP, Role.LOG_IN, Role.FORGOT, Role.RESET}:
        candidates = [people.first, *candidates]
    for actor in candidates:
        with suppress(Unavailable):
            return actor, site.request(operation, actor)
    return None


def broken(operation: Operation, request: Request) -> Iterator[Request]:
    """Give the same request in the ways in which callers break things: wrong types, too much, too little, no JSON."""
    if operation.parameters or operation.query:
        yield from _paths(operation, request)
    body = request.body
    if not isinstance(body, Mapping):
        return
    headers = {**request.headers, "Content-Type": "application/json"}
    yield request.but(raw=b'{"a": ', headers=headers)
    yield request.but(raw=b"[]", headers=headers)
    for name in body:
        yield request.but(body={other: value for other, value in body.items() if other != name})
    for value in WRONG:
        yield request.but(body=dict.fromkeys(body, value))
    for name in body:
        for value in (WRONG[0], HUGE):
            yield request.with_fields(**{name: value})
        yield unencodable(request, {**body, name: SURROGATE})
    yield unencodable(request, {**body, "x": float("nan")})
    yield unencodable(
        request, {**{name: value for name, value in body.items() if name != next(iter(body))}, "x": float("nan")}
    )


def unencodable(request: Request, body: Mapping[str, Any]) -> Request:
    """Make a request whose body no strict reader takes, and whose echo cannot be encoded: a lone surrogate, or no number."""
    return request.but(raw=json.dumps(body).encode(), headers={**request.headers, "Content-Type": "application/json"})


def _paths(operation: Operation, request: Request) -> Iterator[Request]:
    """Put ids that are none into the path, and numbers that are none into the query."""
    fixed = re.sub(r"\{[^}]*\}", "{}", operation.path)
    for value in (str(HUGE), "%00", "x'\"", "-1"):
        if operation.parameters:
            yield request.but(path=fixed.replace("{}", value))
    for parameter in operation.query:
        for value in (str(HUGE), "x'\"", "-1"):
            yield request.but(path=f"{request.path.partition('?')[0]}?{parameter.name}={value}")
