"""A body without an end: a server that takes it all has no bound that a stranger would meet."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Exchange, Severity
from techlead.audit.target.exchange import ANONYMOUS, Actor, Request
from techlead.audit.target.operation import Audience, Operation, Role
from techlead.audit.target.reading import filled

KIND: Final = "limits.body-size"
BODY_BYTES = 24 * 1024 * 1024
PIECE = b"a" * 262_144
SEND_SECONDS = 8.0
ANSWER_SECONDS = 10.0
PLACES_MAX = 3
TOO_LARGE = 413
SAYS_SO: Final = re.compile(rb"too (large|big)|exceed|maximum (body|size|upload)", re.IGNORECASE)
JSON_ENDS: Final = (b'{"zqx": "', b'"}')
FORM_ENDS: Final = (
    b'--zqxbound\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n',
    b"\r\n--zqxbound--\r\n",
)
FORMS: Final[Mapping[str, tuple[str, tuple[bytes, bytes]]]] = {
    "JSON": ("application/json", JSON_ENDS),
    "multipart": ("multipart/form-data; boundary=zqxbound", FORM_ENDS),
}


@dataclass(frozen=True, slots=True)
class Swallowed:
    """How much of a body a server took before it answered, and what it answered."""

    sent: int
    whole: int
    answer: bytes
    status: int


def taken_whole(seen: Swallowed) -> bool:
    """Tell whether the server read the body to its end and refused it, if at all, for something else than its size."""
    beginning = seen.answer[:600]
    return seen.sent == seen.whole and seen.status not in {0, TOO_LARGE} and SAYS_SO.search(beginning) is None


def strike(site: Site) -> Iterator[Outcome]:
    """Send 24 MB to those that take bodies, strangers' ways in first."""
    callers = Callers(site)
    places = [
        one
        for one in site.places(unsafe=True)
        if one.method in {"POST", "PUT", "PATCH"}
        and (one.body or one.role in {Role.SIGN_UP, Role.LOG_IN, Role.CREATE, Role.CHANGE})
    ]
    if not places:
        raise Unavailable("no operation takes a body")
    places.sort(
        key=lambda one: (
            one.role not in {Role.SIGN_UP, Role.LOG_IN},
            one.audience is not Audience.ANYONE,
            "multipart" not in one.media,
        )
    )
    for operation in places[:PLACES_MAX]:
        for form in FORMS:
            if site.left() < ANSWER_SECONDS / 2:
                return
            sighting = _one(site, callers, operation, form)
            if sighting is not None:
                yield sighting
                break


def _one(site: Site, callers: Callers, operation: Operation, form: str) -> Sighting | None:
    stranger = operation.role in {Role.SIGN_UP, Role.LOG_IN} or operation.audience is Audience.ANYONE
    actor = ANONYMOUS if stranger else next(callers.candidates(operation), ANONYMOUS)
    if form == "multipart" and not parses_forms(site, operation, actor):
        return None
    path = filled(operation.path, {parameter.name: "1" for parameter in operation.parameters})
    before = site.state.memory_bytes()
    seen = swallow(site, Request(operation.method, path, actor), form)
    if not taken_whole(seen):
        return None
    media, (begin, end) = FORMS[form]
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"{operation.name} reads a {form} body of {seen.whole // 2**20} MB to its end before it answers {seen.status}.",
        cause=form,
        evidence={
            "bytes": seen.whole,
            "status": seen.status,
            "memory_grew_bytes": max(0, site.state.memory_bytes() - before),
        },
        steps=(
            Exchange(
                operation.method,
                path,
                None if stranger else actor.name,
                {"Content-Type": media},
                "(24 MB)",
                seen.status,
            ),
        ),
        shows=Shows(Compare.TAKEN, (begin, b"a", BODY_BYTES, end)),
        severity=Severity.MEDIUM if stranger else Severity.LOW,
    )


def parses_forms(site: Site, operation: Operation, actor: Actor) -> bool:
    """Tell whether the operation looks into multipart bodies at all.

    A server may drain a body that the target behind it never reads; then no field of it changes the answer.
    """
    if "multipart" in operation.media:
        return True
    try:
        request = site.request(operation, actor)
    except Unavailable:
        return False
    media = {"Content-Type": "multipart/form-data; boundary=zqxbound"}
    with_fields, without = (
        site.send(request.but(body=None, raw=raw, headers=media)) for raw in (_form(request.body), b"--zqxbound--\r\n")
    )
    return with_fields.ok or (with_fields.status, with_fields.content) != (without.status, without.content)


def _form(body: Any) -> bytes:
    fields = {name: value for name, value in (body or {}).items() if isinstance(value, str | int | float)}
    parts = (
        f'--zqxbound\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    begin, end = FORM_ENDS
    return "".join(parts).encode("utf-8", "replace") + begin + b"a" + end


def swallow(site: Site, request: Request, form: str) -> Swallowed:
    """Send a huge body piece by piece, and stop when the server answers or hangs up."""
    media, (begin, end) = FORMS[form]
    pieces = BODY_BYTES // len(PIECE)
    whole = len(begin) + pieces * len(PIECE) + len(end)
    headers = {
        "Host": "127.0.0.1",
        **request.actor.headers,
        "Content-Type": media,
        "Content-Length": str(whole),
        "Connection": "close",
    }
    head = f"{request.method} {request.path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    )
    connection = site.connect()
    try:
        sent = _pour(connection, [head.encode("latin-1", "replace") + b"\r\n", begin, *([PIECE] * pieces), end])
        answer = _answer(connection)
    finally:
        connection.close()
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return Swallowed(sent, whole, answer, int(found[1]) if found else 0)


def _pour(connection: Any, parts: list[bytes]) -> int:
    """Send the parts in order; how many bytes of the body went out before the other side said something."""
    until = time.monotonic() + SEND_SECONDS
    connection.settimeout(SEND_SECONDS)
    sent = 0
    for number, part in enumerate(parts):
        readable, _, _ = select.select([connection], [], [], 0)
        if readable or time.monotonic() > until:
            break
        try:
            connection.sendall(part)
        except OSError:
            break
        sent += len(part) if number else 0
    return sent


def _answer(connection: Any) -> bytes:
    connection.settimeout(ANSWER_SECONDS)
    try:
        begun: bytes = connection.recv(4096)
        while begun and b"\r\n\r\n" not in begun:
            more = connection.recv(4096)
            if not more:
                break
            begun += more
    except OSError:
        return b""
    return begun


ATTACK: Final = Attack(
    name="limits.body-size",
    kinds=(KIND,),
    claim="A body of any size is read.",
    effect="24 MB are taken to the last byte, and the answer is about something else than the size.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=25.0,
)
