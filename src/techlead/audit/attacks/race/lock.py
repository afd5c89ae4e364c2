"""A caller who begins a request and does not go on: whether the database's write lock waits with him."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role

KIND: Final = "race.write-lock"
SETTLE_SECONDS = 0.15
LOCKED_SECONDS = 2.0
WAIT_SECONDS = 3.0
RESERVE_SECONDS = 5.0
PLACES_MAX = 3
AT_ONCE = 12
RECOVERIES_MAX = 3
FAST_SECONDS = 0.8
WRITES_MAX = 4
BEGUN: Final = b'{"zqx'
LENGTH: Final = 500


def locked_out(stalled: Answer, free: Answer, read: Answer) -> bool:
    """Tell whether a write that is quick by itself is kept waiting by a stalled request, while reads are not: a lock, not a busy server."""
    waited = stalled.seconds > LOCKED_SECONDS or not stalled.status
    return free.ok and free.seconds < FAST_SECONDS and waited and bool(read.status) and read.seconds < LOCKED_SECONDS


def strike(site: Site) -> Iterator[Outcome]:
    """Stall every operation that takes a body at once, and where a write notices, one after the other."""
    callers = Callers(site)
    writes = _writes(site, callers)
    if not writes:
        raise Unavailable("nothing small could be written to notice a lock by")
    places = [(one, _begun(site, one)) for one in site.places(unsafe=True) if one.method in {"POST", "PUT", "PATCH"}]
    if not places or not locked_out(*_meanwhile(site, [request for _, request in places[:AT_ONCE]], writes[0])):
        return
    found = 0
    for operation, request in places:
        if site.left() < RESERVE_SECONDS or found >= PLACES_MAX:
            return
        write = next((one for one in writes if one is not operation), writes[0])
        seen = _meanwhile(site, [request], write)
        if locked_out(*seen):
            found += 1
            yield _sighting(operation, request, *seen)


def _begun(site: Site, operation: Operation) -> Request:
    """Make the request to stall: right up to its body, where rows can be made for its path."""
    with suppress(Unavailable):
        if operation.role not in {Role.LOG_OUT, Role.SIGN_UP, Role.LOG_IN}:
            return site.request(operation, next(Callers(site).candidates(operation)))
    return Request(operation.method, operation.path, operation=operation.name)


def _meanwhile(site: Site, begun: list[Request], write: Operation) -> tuple[Answer, Answer, Answer]:
    """Write while requests are stalled, and again when they are gone; and read while they are stalled."""
    actor = next(Callers(site).candidates(write))
    first, second = site.request(write, actor), site.request(write, actor)
    connections = [stall(site, request) for request in begun]
    try:
        time.sleep(SETTLE_SECONDS)
        stalled = site.send(first, WAIT_SECONDS)
        read = site.send(Request("GET", "/", operation="GET /"), WAIT_SECONDS)
    finally:
        for connection in connections:
            connection.close()
    free = site.send(second, WAIT_SECONDS)
    for _ in range(RECOVERIES_MAX):  # who stalled may hold on until its own time-out
        if free.ok:
            break
        time.sleep(1.0)
        site.send(site.request(write, actor), WAIT_SECONDS)
        free = site.send(site.request(write, actor), WAIT_SECONDS)
    return stalled, free, read


def _writes(site: Site, callers: Callers) -> list[Operation]:
    """Find creates that are quick."""
    found: list[Operation] = []
    for operation in site.operations:
        if operation.role is Role.CREATE and len(found) < WRITES_MAX:
            done = callers.able(operation)
            if done is not None and done[1].seconds < FAST_SECONDS:
                found.append(operation)
    return found


def stall(site: Site, request: Request) -> Any:
    """Send the head of a request and six bytes of a body of 500; the connection stays open."""
    headers = {
        **request.actor.headers,
        **request.headers,
        "Content-Type": "application/json",
        "Content-Length": str(LENGTH),
    }
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    connection = site.connect()
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + BEGUN)
    return connection


def _sighting(operation: Operation, request: Request, stalled: Answer, free: Answer, read: Answer) -> Sighting:
    who = None if request.actor.role == "anonymous" else request.actor.name
    return Sighting(
        kind=KIND,
        operation=operation.name,
        claim=f"Whoever begins {operation.name} and stalls holds the write lock: another caller's {stalled.request.operation} gets nothing in {stalled.seconds:.1f} s instead of {free.seconds:.2f} s.",
        cause="stalled body",
        evidence={
            "stalled_bytes": len(BEGUN),
            "write_seconds": round(stalled.seconds, 2),
            "write_seconds_free": round(free.seconds, 3),
            "read_seconds": round(read.seconds, 3),
        },
        steps=(
            Exchange(
                request.method, request.path, who, {"Content-Length": str(LENGTH)}, BEGUN.decode() + "... (stalled)"
            ),
            stalled.exchange,
        ),
    )


ATTACK: Final = Attack(
    name="race.write-lock",
    kinds=(KIND,),
    claim="A request whose body never comes stops every other writer.",
    effect="A small write of somebody else is answered at once, but not while another request is stalled.",
    strike=strike,
    harm=Harm.BREAKS,
    seconds=40.0,
)
