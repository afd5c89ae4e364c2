"""A fast HTTP/1.1 client for hostile requests: bytes go out as they are, many at once, and silence is an answer too.

It is asyncio and `httptools` alone: a client library would mend a bad header, or refuse to send it. Connections are kept and used again;
`together` holds back the last byte of each request until all others are on their way, so that a race is a race.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

CONNECTIONS_MAX = 32
ANSWER_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
IDLE_SECONDS_MAX = 1.0  # a server may close an idle connection at any moment, and an unsafe request is never sent twice
INFORMATION, SUCCESS, SERVER_FAULT = 1, 2, 5  # the first digit of a status
BODILESS = frozenset({"HEAD"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire; `target` is path and query as they stand there, and nothing is mended."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @classmethod
    def with_json(cls, method: str, target: str, body: Any, headers: Mapping[str, str] | None = None) -> Request:
        """Make a request with a JSON body; NaN, Infinity and lone surrogates go out as Python writes them."""
        head = {"Content-Type": "application/json"} | dict(headers or {})
        return cls(method, target, tuple(head.items()), json.dumps(body).encode())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 means that nothing did, and `failure` says how: `timeout`, `closed`, `refused`, `garbage`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether the request was done: 2xx."""
        return self.status // 100 == SUCCESS

    @property
    def broken(self) -> bool:
        """Tell whether the server failed at it: 5xx, or the connection was dropped without an answer."""
        return self.status // 100 == SERVER_FAULT or self.failure in {"closed", "garbage"}

    @property
    def text(self) -> str:
        """Give the body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Give the body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class _Connection(asyncio.Protocol):
    """One connection and the answer it waits for."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.used_at = time.monotonic()
        self.open = False
        self._room = asyncio.Event()
        self._room.set()
        self._reset("GET")

    def _reset(self, method: str) -> None:
        self._method = method
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._parser = httptools.HttpResponseParser(self)
        self._done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.received = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.open = cast("asyncio.Transport", transport), True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - named by asyncio
        self.open = False
        self._room.set()
        if not self._done.done():
            whole = self.received and self._parser.get_status_code() and not self._headers.get("content-length")
            self._done.set_result("" if whole and self._headers.get("transfer-encoding") != "chunked" else "closed")

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        if self._done.done():  # bytes that nobody asked for: not a connection to trust again
            self.close()
            return
        self.received = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish("garbage")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._method in BODILESS:
            self._finish("")
            self.close()

    def on_body(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > ANSWER_BYTES_MAX:
            self._finish("")
            self.close()

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() // 100 != INFORMATION:  # another answer follows a 1xx
            if not self._parser.should_keep_alive():
                self.close()
            self._finish("")

    def _finish(self, failure: str) -> None:
        if failure:
            self.close()
        if not self._done.done():
            self._done.set_result(failure)

    def close(self) -> None:
        self.open = False
        if self.transport is not None:
            self.transport.abort()

    def begin(self, method: str) -> None:
        """Expect the answer to a request with this method."""
        self._reset(method)

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the other side reads none."""
        if self.open and self.transport is not None:
            self.transport.write(data)
            if not self._room.is_set():
                await self._room.wait()

    @property
    def answered(self) -> bool:
        """Tell whether an answer, or the end of the connection, has come."""
        return self._done.done()

    async def answer(self, started: float, seconds: float) -> Answer:
        """Wait for the answer, at most so many seconds."""
        try:
            failure = await asyncio.wait_for(asyncio.shield(self._done), seconds)
        except TimeoutError:
            failure = "timeout"
            self.close()
        self.used_at = time.monotonic()
        spent = self.used_at - started
        if failure:
            return Answer(0, self._headers, bytes(self._body), spent, failure)
        return Answer(self._parser.get_status_code(), self._headers, bytes(self._body), spent)


@dataclass(slots=True)
class Stalled:
    """A request that is under way: some bytes sent, the rest held back."""

    _connection: _Connection
    _started: float

    async def send(self, data: bytes) -> None:
        """Send more of it."""
        await self._connection.write(data)

    @property
    def answered(self) -> bool:
        """Tell whether the server answered, or hung up, before it had the whole request."""
        return self._connection.answered

    async def answer(self, seconds: float) -> Answer:
        """Wait for the answer."""
        return await self._connection.answer(self._started, seconds)


class Client:
    """Sends requests to one server; `sent` counts them."""

    def __init__(
        self, url: str, *, connections_max: int = CONNECTIONS_MAX, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Take the server's address; connect when the first request goes out."""
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.prefix = parts.path.rstrip("/")
        self.answer_seconds = answer_seconds
        self.sent = 0
        self._tls = True if parts.scheme == "https" else None
        self._authority = parts.netloc.rpartition("@")[2]
        self._idle: list[_Connection] = []
        self._slots = asyncio.Semaphore(connections_max)
        self._connections_max = connections_max

    async def send(self, request: Request, *, seconds: float | None = None) -> Answer:
        """Send one request and give its answer."""
        async with self._slots:
            return await self._exchange(request, seconds or self.answer_seconds)

    async def many(self, requests: Sequence[Request], *, seconds: float | None = None) -> list[Answer]:
        """Send them all, as many at a time as there are connections; answers come in the order of the requests."""
        answers: list[Answer] = [Answer(0, failure="unsent")] * len(requests)
        waiting = iter(enumerate(requests))

        async def work() -> None:
            for place, request in waiting:
                answers[place] = await self.send(request, seconds=seconds)

        await asyncio.gather(*(work() for _ in range(min(self._connections_max, len(requests)))))
        return answers

    async def together(self, requests: Sequence[Request], *, seconds: float | None = None) -> list[Answer]:
        """Send them at the same moment, each on a connection of its own."""
        limit = seconds or self.answer_seconds
        self.sent += len(requests)
        opened = await asyncio.gather(*(self._open(fresh=False) for _ in requests))
        wires = [self._wire(request) for request in requests]
        ready = [(connection, request, wire) for connection, request, wire in zip(opened, requests, wires, strict=True)]
        for connection, request, wire in ready:
            if connection is not None:
                connection.begin(request.method)
                await connection.write(wire[:-1])
        await asyncio.sleep(0.002)  # lets the kernel deliver what was written before the last bytes follow
        started = time.monotonic()
        for connection, _, wire in ready:
            if connection is not None:
                await connection.write(wire[-1:])
        return list(
            await asyncio.gather(*(self._collect(connection, started, limit) for connection in opened)),
        )

    @asynccontextmanager
    async def stalled(self, request: Request, *, body_bytes: int = 0) -> AsyncIterator[Stalled]:
        """Send a request's head and the first bytes of its body, and hold the rest until the block ends."""
        self.sent += 1
        connection = await self._open(fresh=True)
        if connection is None:
            raise ConnectionRefusedError(f"{self.host}:{self.port} takes no connection")
        body = request.body or b""
        connection.begin(request.method)
        started = time.monotonic()
        try:
            await connection.write(self._head(request, len(body)) + body[:body_bytes])
            yield Stalled(connection, started)
        finally:
            connection.close()

    async def close(self) -> None:
        """Close every connection."""
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)

    async def _collect(self, connection: _Connection | None, started: float, seconds: float) -> Answer:
        if connection is None:
            return Answer(0, failure="refused")
        answer = await connection.answer(started, seconds)
        self._keep(connection)
        return answer

    async def _exchange(self, request: Request, seconds: float) -> Answer:
        self.sent += 1
        started = time.monotonic()
        for fresh in (False, True):
            connection = await self._open(fresh=fresh)
            if connection is None:
                return Answer(0, failure="refused", seconds=time.monotonic() - started)
            connection.begin(request.method)
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.write(self._wire(request)), seconds)
            answer = await connection.answer(started, max(0.01, seconds - (time.monotonic() - started)))
            if answer.failure == "closed" and not fresh and not connection.received and request.method in SAFE:
                continue  # the server had closed an idle connection; a safe request may go out again
            self._keep(connection)
            return answer
        raise AssertionError("a fresh connection always gives an answer")

    async def _open(self, *, fresh: bool) -> _Connection | None:
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.used_at < IDLE_SECONDS_MAX:
                return connection
            connection.close()
        loop = asyncio.get_running_loop()
        try:
            opening = loop.create_connection(_Connection, self.host, self.port, ssl=self._tls)
            _, connection = await asyncio.wait_for(opening, self.answer_seconds)
        except (OSError, TimeoutError):
            return None
        return connection

    def _keep(self, connection: _Connection) -> None:
        if connection.open and len(self._idle) < self._connections_max:
            self._idle.append(connection)
        else:
            connection.close()

    def _head(self, request: Request, body_bytes: int | None) -> bytes:
        lines = [f"{request.method} {self.prefix}{request.target} HTTP/1.1"]
        given = {name.lower() for name, _ in request.headers}
        if "host" not in given:
            lines.append(f"Host: {self._authority}")
        if body_bytes is not None and not given & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {body_bytes}")
        lines += [f"{name}: {value}" for name, value in request.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def _wire(self, request: Request) -> bytes:
        body = request.body
        length = len(body) if body is not None else (0 if request.method not in SAFE else None)
        return self._head(request, length) + (body or b"")
