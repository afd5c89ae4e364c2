"""A fast HTTP/1.1 client for hostile requests: bytes go out as they are, many at once, and silence is an answer too.

It is asyncio and `httptools` alone: a client library would mend a bad header, or refuse to send it. Connections are kept and used again;
`together` holds back the last byte of each request until all others are on their way, so that a race is a race. Plain synchronous code
calls it, from any thread: the loop runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TypeVar, cast
from urllib.parse import urlsplit
from weakref import WeakSet

import httptools

from techlead.audit.target.exchange import Answer, Request

T = TypeVar("T")

CONNECTIONS_MAX = 32
ANSWER_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024
IDLE_SECONDS_MAX = 1.0  # a server may close an idle connection at any moment, and an unsafe request is never sent twice
SERVER_ERROR = 500
INFORMATION = 1  # the first digit of a status that announces another answer
CLOSED = "the client is closed"
LAST_BYTE_SECONDS = 0.002  # lets the kernel deliver what was written before the last bytes follow
BODILESS = frozenset({"HEAD"})
QUICK_ACKNOWLEDGEMENT = (6, 12, 1)
"""IPPROTO_TCP, TCP_QUICKACK, on: Linux alone has it, and it is off again after each segment."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


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
        self._acknowledge()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - named by asyncio
        self.open = False
        self._room.set()
        if not self._done.done():
            whole = self.received and self._parser.get_status_code() and not self._headers.get("content-length")
            self._done.set_result("" if whole and self._headers.get("transfer-encoding") != "chunked" else "closed")

    def _acknowledge(self) -> None:
        """Acknowledge at once: a server that writes head and body apart, such as Django's, waits 40 ms for it (Nagle)."""
        wire = (
            self.transport.get_extra_info("socket") if self.transport is not None and sys.platform == "linux" else None
        )
        if wire is not None and wire.fileno() >= 0:
            wire.setsockopt(*QUICK_ACKNOWLEDGEMENT)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        if self._done.done():  # bytes that nobody asked for: not a connection to trust again
            self.close()
            return
        self.received = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish("garbage")

    def on_header(self, name: bytes, value: bytes) -> None:
        called, said = name.decode("latin-1").lower(), value.decode("latin-1")
        before = self._headers.get(called)
        joint = "\n" if called == "set-cookie" else ", "
        self._headers[called] = said if before is None else before + joint + said

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
        if self._parser.get_status_code() // 100 != INFORMATION:
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
        self._acknowledge()
        self._reset(method)

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the other side reads none."""
        if self.open and self.transport is not None:
            self.transport.write(data)
            if not self._room.is_set():
                await self._room.wait()

    async def answer(self, request: Request, started: float, seconds: float) -> Answer:
        """Wait for the answer, at most so many seconds."""
        try:
            error = await asyncio.wait_for(asyncio.shield(self._done), seconds)
        except TimeoutError:
            error = "timeout"
            self.close()
        self.used_at = time.monotonic()
        status = 0 if error else self._parser.get_status_code()
        return Answer(request, status, self._headers, bytes(self._body), self.used_at - started, error)


class Client:
    """Sends requests to one server; `sent` counts them. An answer with status 0 says in `error` what came instead."""

    ERRORS = ("timeout", "closed", "refused", "garbage")
    """Nothing in time; hung up in the middle; took no connection; sent something that is not HTTP."""

    def __init__(
        self, url: str, *, connections_max: int = CONNECTIONS_MAX, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Take the server's address; connect when the first request goes out."""
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.prefix = parts.path.rstrip("/")
        self.answer_seconds = answer_seconds
        self._tls = True if parts.scheme == "https" else None
        self._authority = parts.netloc.rpartition("@")[2]
        self._idle: list[_Connection] = []
        self._made: WeakSet[_Connection] = WeakSet()
        self._connections_max = connections_max
        self.sent = 0
        self._loop = asyncio.new_event_loop()
        self._slots = asyncio.Semaphore(connections_max)
        self._ending = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="audit client", daemon=True)
        self._thread.start()

    def send(self, request: Request, seconds: float | None = None) -> Answer:
        """Send one request and give its answer."""
        return self._run(self._send(request, seconds or self.answer_seconds))

    def many(
        self, requests: Sequence[Request], seconds: float | None = None, *, at_once: int | None = None
    ) -> tuple[Answer, ...]:
        """Send them all, `at_once` at a time (all connections when not given); answers come in the order of the requests."""
        return self._run(self._many(requests, seconds or self.answer_seconds, at_once or self._connections_max))

    def together(self, requests: Sequence[Request], seconds: float | None = None) -> tuple[Answer, ...]:
        """Send them at the same moment, each on a connection of its own."""
        return self._run(self._together(requests, seconds or self.answer_seconds))

    def close(self) -> None:
        """Close every connection and end the thread; whoever waits gets a ConnectionError. May be called twice."""
        with self._ending:
            if self._closed:
                return
            self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())
        self._loop.close()

    def _run(self, work: Coroutine[None, None, T]) -> T:
        with self._ending:
            if self._closed:
                work.close()
                raise ConnectionError(CLOSED)
            running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result()
        except CancelledError:
            raise ConnectionError(CLOSED) from None

    async def _close(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for connection in tuple(self._made):
            connection.close()
        await asyncio.sleep(0)

    async def _send(self, request: Request, seconds: float) -> Answer:
        async with self._slots:
            return await self._exchange(request, seconds)

    async def _many(self, requests: Sequence[Request], seconds: float, at_once: int) -> tuple[Answer, ...]:
        answers = [Answer(request, 0, error="unsent") for request in requests]
        waiting = iter(enumerate(requests))

        async def work() -> None:
            for place, request in waiting:
                answers[place] = await self._send(request, seconds)

        await asyncio.gather(*(work() for _ in range(min(at_once, len(requests)))))
        return tuple(answers)

    async def _together(self, requests: Sequence[Request], seconds: float) -> tuple[Answer, ...]:
        opened = await asyncio.gather(*(self._open(fresh=False) for _ in requests))
        wires = [self._wire(request) for request in requests]
        for connection, request, wire in zip(opened, requests, wires, strict=True):
            if connection is not None:
                connection.begin(request.method)
                await connection.write(wire[:-1])
        await asyncio.sleep(LAST_BYTE_SECONDS)
        started = time.monotonic()
        for connection, wire in zip(opened, wires, strict=True):
            if connection is not None:
                await connection.write(wire[-1:])
        pairs = zip(opened, requests, strict=True)
        return tuple(await asyncio.gather(*(self._collect(one, sent, started, seconds) for one, sent in pairs)))

    async def _collect(
        self, connection: _Connection | None, request: Request, started: float, seconds: float
    ) -> Answer:
        if connection is None:
            return Answer(request, 0, error="refused")
        answer = await connection.answer(request, started, seconds)
        self._keep(connection, answer)
        return answer

    async def _exchange(self, request: Request, seconds: float) -> Answer:
        started = time.monotonic()
        wire = self._wire(request)
        for fresh in (False, True):
            connection = await self._open(fresh=fresh)
            if connection is None:
                break
            connection.begin(request.method)
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.write(wire), seconds)
            answer = await connection.answer(request, started, max(0.01, seconds - (time.monotonic() - started)))
            if answer.error == "closed" and not fresh and not connection.received and request.method in SAFE:
                continue  # the server had closed an idle connection; a safe request may go out again
            self._keep(connection, answer)
            return answer
        return Answer(request, 0, seconds=time.monotonic() - started, error="refused")

    async def _open(self, *, fresh: bool) -> _Connection | None:
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.open and time.monotonic() - connection.used_at < IDLE_SECONDS_MAX:
                return connection
            connection.close()
        opening = self._loop.create_connection(_Connection, self.host, self.port, ssl=self._tls)
        try:
            _, connection = await asyncio.wait_for(opening, self.answer_seconds)
        except (OSError, TimeoutError):
            return None
        self._made.add(connection)
        return connection

    def _keep(self, connection: _Connection, answer: Answer) -> None:
        """Use it again, unless the server failed: many hang up after a 500 without saying so."""
        if connection.open and answer.status < SERVER_ERROR and len(self._idle) < self._connections_max:
            self._idle.append(connection)
        else:
            connection.close()

    def _wire(self, request: Request) -> bytes:
        """Write a request as bytes; what an attack puts into it is not mended."""
        self.sent += 1  # in the loop's thread alone
        body = (
            request.raw
            if request.raw is not None
            else b""
            if request.body is None
            else json.dumps(request.body).encode()
        )
        headers = {**request.actor.headers, **request.headers}
        given = {name.lower() for name in headers}
        if "host" not in given:
            headers = {"Host": self._authority, **headers}
        if request.body is not None and request.raw is None and "content-type" not in given:
            headers["Content-Type"] = "application/json"
        if (body or request.method not in SAFE) and not given & {"content-length", "transfer-encoding"}:
            headers["Content-Length"] = str(len(body))
        lines = (
            f"{request.method} {self.prefix}{request.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body
