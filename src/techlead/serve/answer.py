"""Answers: JSON at once or a stream, always with the headers that keep a careless client safe (ASVS 3.4, 14.3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, MutableMapping
from contextlib import aclosing
from typing import Any, Final, NamedTuple

import msgspec

from techlead.errors import CallersError, FieldError, NotSignedIn, TechleadError, WorldError, problem_type, summary
from techlead.serve.request import Receive, Send

Headers = tuple[tuple[bytes, bytes], ...]

SAFE: Final[Headers] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
BODILESS: Final = (204, 304)
PART_SECONDS_MAX: Final = 10
"""How long a stream waits for a caller to take one part; then the connection ends, so no caller holds what is old."""


encode: Final = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """A status, a body and the headers that only this answer has; `safe` are those that keep its reader safe."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = JSON
    safe: Headers = SAFE


class Stream(NamedTuple):
    """An answer that goes on until its parts end or the caller leaves; `close` is called once, whatever happened."""

    parts: AsyncGenerator[bytes, None]
    close: Callable[[], None]
    media_type: bytes
    headers: Headers = ()
    status: int = 200


def json_answer(status: int, value: Any, headers: Headers = ()) -> Answer:
    """Answer with a value that JSON can hold."""
    return Answer(status, encode(value), headers)


def problem(error: TechleadError, request_id: str) -> Answer:
    """Answer an error as RFC 9457 asks: one stable `type` per error, every field's fault at once."""
    status: int = getattr(error, "status", 500)
    known = isinstance(error, CallersError | WorldError)
    body: dict[str, Any] = {
        "type": problem_type(type(error)) if known else "about:blank",
        "title": summary(type(error)) if known else "Internal Server Error",
        "status": status,
        "request_id": request_id,
    }
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(error, CallersError):
        body["detail"] = error.detail
        if error.errors:
            body["errors"] = [_field(one) for one in error.errors]
        if error.rule is not None:
            body["rule"] = error.rule
        headers += [(name.encode(), value.encode()) for name, value in error.headers]
    if status == NotSignedIn.status:
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, WorldError):
        headers.append((b"retry-after", str(error.retry_after_seconds).encode()))
    return Answer(status, msgspec.json.encode(body), tuple(headers), PROBLEM)


def _field(error: FieldError) -> dict[str, str]:
    return {"at": error.at, "message": error.message}


def head_of(answer: Answer, request_id: bytes) -> list[tuple[bytes, bytes]]:
    """Give all headers of an answer; one that can have no body tells no length (RFC 9110 section 8.6)."""
    headers = [(b"x-request-id", request_id), *answer.safe, *answer.headers]
    if answer.body:
        headers.insert(0, (b"content-type", answer.media_type))
    if answer.status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    return headers


async def send(answer: Answer, request_id: bytes, send: Send, *, head: bool = False) -> None:
    """Send an answer; to HEAD, its headers alone."""
    await send({"type": "http.response.start", "status": answer.status, "headers": head_of(answer, request_id)})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


async def send_stream(stream: Stream, request_id: bytes, receive: Receive, send: Send) -> None:
    """Send parts as they come; only one waits at a time, so a slow caller makes the stream wait and not the memory grow."""
    headers = [(b"content-type", stream.media_type), (b"x-request-id", request_id), *SAFE, *stream.headers]
    try:
        await send({"type": "http.response.start", "status": stream.status, "headers": headers})
        sending = asyncio.create_task(_send_parts(stream.parts, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            ended, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended
    finally:
        stream.close()


async def _send_parts(parts: AsyncGenerator[bytes, None], send: Send) -> None:
    async with aclosing(parts):
        async for part in parts:
            if not await _taken({"type": "http.response.body", "body": part, "more_body": True}, send):
                return
    await _taken({"type": "http.response.body", "body": b""}, send)


async def _taken(message: MutableMapping[str, Any], send: Send) -> bool:
    try:
        async with asyncio.timeout(PART_SECONDS_MAX):
            await send(message)
    except TimeoutError:
        return False
    return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
