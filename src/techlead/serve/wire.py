"""HTTP/1.1 for the usual request: one that arrived whole is answered in one write, and a read without a task.

uvicorn keeps the sockets, the signals and every unusual request: bodies that are still on their way, chunked ones,
streams, mounted applications, other versions of HTTP, requests behind one that is not yet answered. For the usual one
its scope, task, event and two messages cost more than all else that a signed-in read does (docs/bench.md).
"""

from __future__ import annotations

import asyncio
import time
import types
from collections.abc import Coroutine, Generator
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from techlead.errors import ProgramError
from techlead.serve.answer import BODILESS, Answer, Headers, Stream
from techlead.serve.application import CLOSE, READS, Application
from techlead.serve.request import ClientLeft, Head, Request

UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers that leave a request to uvicorn."""

Answering = Coroutine[Any, Any, "Answer | Stream"]


class Exchange:
    """A usual request that is not answered yet, as uvicorn's protocol sees the cycle of a request."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self) -> None:
        """Begin unanswered, on a connection that stays."""
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True
        self.message_event = self

    def set(self) -> None:
        """Take uvicorn's word that something happened: nobody waits for more of a request that is whole."""


class WholeRequests(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with a short way for the usual request to an `Application`."""

    app: Application
    cycle: Any
    _usual = False
    _whole = False
    _path = ""
    _query = b""
    _body = b""
    _heard = 0.0
    _idle: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        if self._idle is not None:
            self._idle.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; a request that is not whole by then is uvicorn's."""
        self._heard = self.loop.time()
        super().data_received(data)
        if self._whole and not self.transport.is_closing():
            self._leave_to_uvicorn(self._body)
        self._whole = False

    def on_message_begin(self) -> None:
        """Begin a request: the usual one, until something speaks against it."""
        self._usual = True
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        name = name.lower()
        if name in UNUSUAL:
            self._usual = False
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Wait for the rest of a usual request, or start uvicorn's way."""
        if self._usual and self._is_usual():
            self._whole = True
            self._body = b""
        else:
            self._leave_to_uvicorn(b"")

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        if self._whole:
            self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer a usual request, now that it is whole."""
        if self._whole:
            self._whole = False
            self._answer()
        else:
            super().on_message_complete()

    def _is_usual(self) -> bool:
        """Tell whether the short way is open: a plain address of ours, one answer at a time, a connection that takes it."""
        parser, cycle = self.parser, self.cycle
        if (cycle is not None and not cycle.response_complete) or self.flow.write_paused or self.root_path:
            return False
        if not parser.should_keep_alive() or parser.should_upgrade() or parser.get_http_version() != "1.1":
            return False
        address, _, self._query = self.url.partition(b"?")
        if address[:1] != b"/" or b"#" in self.url or not address.isascii():
            return False
        path = address.decode("ascii")
        self._path = unquote(path) if "%" in path else path
        return self.app.answers_at_once(self._path)

    def _leave_to_uvicorn(self, body: bytes) -> None:
        """Start over as uvicorn does it, with what has arrived."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _answer(self) -> None:
        """Answer at once what needs no waiting, such as a read from SQLite; else in a task."""
        began = time.perf_counter()
        app, method = self.app, self.parser.get_method().decode("ascii")
        head = Head(method, self._path, self._query, self.headers, len(self.url))
        request = Request(head, app.runtime.settings, app.new_request_id(), body=self._body)
        answering = app.answer(request)
        if method in READS and app.runtime.store.reads_at_once:
            try:
                waited_for = answering.send(None)
            except StopIteration as done:
                self._write(request, done.value, began, keep_alive=True)
                return
            answering = _resumed(answering, waited_for)
        exchange = self.cycle = Exchange()
        task = self.loop.create_task(self._finish(exchange, request, answering, began))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _finish(self, exchange: Exchange, request: Request, answering: Answering, began: float) -> None:
        try:
            answer = await answering
        except ClientLeft:
            return
        except asyncio.CancelledError:  # the server stops and waits no longer
            self.transport.close()
            raise
        exchange.response_complete = True
        if not exchange.disconnected:
            self._write(request, answer, began, keep_alive=exchange.keep_alive)
            if self.pipeline:
                self.on_response_complete()

    def _write(self, request: Request, answer: Answer | Stream, began: float, *, keep_alive: bool) -> None:
        assert isinstance(answer, Answer)  # noqa: S101 - `answers_at_once` told so
        if CLOSE in answer.headers:
            keep_alive = False
        elif not keep_alive:
            answer = answer._replace(headers=(*answer.headers, CLOSE))
        self.transport.write(written(answer, request, tuple(self.server_state.default_headers)))
        self.server_state.total_requests += 1
        if not keep_alive:
            self.transport.close()
        elif self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._close_when_idle)
        self.app.note(request, answer.status, began)

    def _close_when_idle(self) -> None:
        """Close a connection on which nothing came for the keep-alive time; one timer a connection, not one a request."""
        cycle, left = self.cycle, self._heard + self.timeout_keep_alive - self.loop.time()
        if cycle is not None and not cycle.response_complete:
            left = self.timeout_keep_alive
        if left > 0:
            self._idle = self.loop.call_later(left, self._close_when_idle)
        elif not self.transport.is_closing():
            self.transport.close()


def written(answer: Answer, request: Request, of_server: Headers) -> bytes:
    """Write an answer as it goes over the wire, with the headers of `answer.head_of`."""
    body = answer.body
    kind = b"content-type: %b\r\n" % answer.media_type if body else b""
    length = b"" if answer.status in BODILESS else b"content-length: %d\r\n" % len(body)
    return b"%b%b%bx-request-id: %b\r\n%b%b%b\r\n%b" % (
        STATUS_LINE[answer.status],
        kind,
        length,
        request.id.encode(),
        _known_lines(of_server),
        _known_lines(answer.safe),
        _lines(answer.headers) if answer.headers else b"",
        b"" if request.method == "HEAD" else body,
    )


def _lines(headers: Headers) -> bytes:
    lines = [b"%b: %b" % header for header in headers]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ProgramError("a header of an answer holds a line end")
    return b"\r\n".join((*lines, b""))


_known_lines: Final = lru_cache(64)(_lines)
"""The headers that many answers share: those that keep a client safe, and the server's date."""


def _resumed(answering: Answering, waited_for: Any) -> Answering:
    """Go on with a coroutine that was begun outside a task and now waits for something."""

    @types.coroutine
    def rest() -> Generator[Any, Any, Answer | Stream]:
        waiting = waited_for
        while True:
            try:
                got = yield waiting
            except BaseException as error:  # noqa: BLE001 - what the task throws belongs to the coroutine
                step = partial(answering.throw, error)
            else:
                step = partial(answering.send, got)
            try:
                waiting = step()
            except StopIteration as done:
                answer: Answer | Stream = done.value
                return answer

    async def resumed() -> Answer | Stream:
        return await rest()

    return resumed()
