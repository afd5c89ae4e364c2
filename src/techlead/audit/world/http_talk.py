"""The conversation with a target that speaks HTTP/1.1: take each request whole, then behave as told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from techlead.audit.world.arrival import Arrival, Destination, Ending
from techlead.audit.world.ledger import Ledger
from techlead.audit.world.line import HungUp, Line
from techlead.audit.world.manner import Answer, Die, Drip, Flood, Hang, Manner, Reset

HEADERS_MAX = 200
PROMISED_BYTES = 1000
"""What a neighbour that dies in its answer had promised."""


def talk(
    line: Line, destination: Destination, ledger: Ledger, manner: Callable[[], Manner], *, trusted: bool = True
) -> None:
    """Serve one connection until either side ends it."""
    while True:
        what = _request(line)
        behaviour = manner()
        status = _status(behaviour)
        arrival = ledger.arrive(
            destination, channel="http", encrypted=line.encrypted, trusted=trusted, status=status, **what
        )
        ending: Ending = "cut"
        try:
            ending = _behave(line, behaviour, ledger.drip, head_only=what["method"] == "HEAD")
        except HungUp:
            ending = "let go"
            raise
        finally:
            ledger.end(arrival, ending=ending)
        if ending != "answered" or _wants_to_close(arrival):
            return


def _request(line: Line) -> dict[str, Any]:
    method, _, rest = line.line().decode("latin-1").partition(" ")
    headers: list[tuple[str, str]] = []
    while head := line.line().decode("latin-1"):
        name, _, value = head.partition(":")
        headers.append((name.strip(), value.strip()))
        if len(headers) > HEADERS_MAX:
            raise HungUp
    known = {name.lower(): value for name, value in headers}
    if known.get("expect", "").lower() == "100-continue":
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _chunks(line) if "chunked" in known.get("transfer-encoding", "").lower() else _content(line, known)
    return {"method": method, "path": rest.rpartition(" ")[0], "headers": tuple(headers), "body": body}


def _content(line: Line, headers: dict[str, str]) -> bytes:
    try:
        return line.exactly(int(headers.get("content-length", "0")))
    except ValueError:
        return b""


def _chunks(line: Line) -> bytes:
    body = b""
    with contextlib.suppress(ValueError):
        while size := int(line.line().split(b";")[0], 16):
            body += line.exactly(size)
            line.line()
        while line.line():  # trailers
            continue
    return body


def _status(behaviour: Manner) -> int:
    match behaviour:
        case Answer(status=status):
            return status or HTTPStatus.OK
        case Flood() | Drip() | Die():
            return HTTPStatus.OK
        case _:
            return 0


def _behave(line: Line, behaviour: Manner, dripped: Callable[[], None], *, head_only: bool) -> Ending:
    match behaviour:
        case Answer():
            line.send(_answer(behaviour, head_only=head_only))
            return "answered"
        case Hang():
            line.until_let_go()
            return "let go"
        case Drip(every_seconds=seconds):
            line.drip(
                seconds, b"HTTP/1.1 200 OK\r\nX-Slowly: ", dripped
            )  # a header without end: a client that reads no body is held too
        case Die():
            line.send(_head(HTTPStatus.OK, (), PROMISED_BYTES) + b"x")
        case Flood(body_bytes=size):
            line.send(_head(HTTPStatus.OK, (), size))
            return "answered" if line.flood(size) >= size else "let go"
        case Reset():
            line.reset()
        case _:
            line.close()
    return "cut"


def _answer(answer: Answer, *, head_only: bool) -> bytes:
    status = answer.status or HTTPStatus.OK
    body = b"" if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED} else answer.body
    headers = (("Content-Type", "application/json"), *answer.headers)
    return _head(status, headers, len(body)) + (b"" if head_only else body)


def _head(status: int, headers: tuple[tuple[str, str], ...], size: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {size}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _wants_to_close(arrival: Arrival) -> bool:
    return "close" in arrival.header("connection").lower()
