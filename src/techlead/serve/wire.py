"""HTTP/1.1 for the usual request: one that arrived whole is answered in one write, and a read without a task.

uvicorn keeps the sockets, the signals and every unusual request: bodies that are still on their way, chunked ones,
streams, mounted applications, other versions of HTTP, requests behind one that is not yet answered. For the usual one
its scope, task, event and two messages cost more than all else that a signed-in read does (docs/bench.md).
"""

from __future__ import annotations

import asyncio
import time
import types
from collections.abc import Coroutine, Generator, Iterable, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from techlead.errors import ProgramError
from techlead.serve.answer import BODILESS, JSON, SAFE, Answer, Stream
from techlead.serve.application import CLOSE, READS, Application
from techlead.serve.request import ClientLeft, Head, HeadSize, Request

UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers that leave a request to uvicorn."""

NO_HTTP: Final = "Invalid HTTP request received."

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
    _whole = False
    _path = ""
    _query = b""
    _body = b""
    _heard = 0.0
    _size = 0
    _named: dict[bytes, bytes]
    _known_headers: Sequence[tuple[bytes, bytes]] | None = None
    _known_lines = b""
    _idle: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        if self._idle is not None:
            self._idle.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; a request that is not whole by then is uvicorn's."""
        self._heard = self.loop.time()
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._refused(error)
        if self._whole and not self.transport.is_closing():
            self._leave_to_uvicorn(self._body)
        self._whole = False

    def _refused(self, error: Exception) -> None:
        """Say what uvicorn says to what is no HTTP, or not only HTTP."""
        if isinstance(error, HttpParserError):
            self.logger.warning(NO_HTTP)
            self.send_400_response(NO_HTTP)
        else:
            self._unsupported_upgrade_warning()

    def on_message_begin(self) -> None:
        """Begin a request: the usual one, until something speaks against it."""
        self.url = b""
        self.headers = []
        self._size = 0
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        name = name.lower()
        self._size += len(name) + len(value)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Wait for the rest of a usual request, or start uvicorn's way."""
        self._named = dict(self.headers)
        if self._is_usual():
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
        parser, cycle, named = self.parser, self.cycle, self._named
        if (cycle is not None and not cycle.response_complete) or self.flow.write_paused or self.root_path:
            return False
        if not UNUSUAL.isdisjoint(named) or not parser.should_keep_alive():
            return False
        # Only with this header would another version keep the connection; asking for the version makes a text of it.
        if b"connection" in named and parser.get_http_version() != "1.1":
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
        began = time.perf_counter_ns()
        app, method = self.app, self.parser.get_method().decode("ascii")
        if method == "GET":
            address_max, size_max, count_max = app.head_max
            small = self._size <= size_max and len(self.headers) <= count_max and len(self.url) <= address_max
            seen = app.glance(self._path, self._named) if small else None
            if seen is not None:
                request_id = app.new_request_id()
                self._write(seen.answer, request_id, keep_alive=True)
                app.note_answer(request_id, method, seen.route, seen.answer.status, seen.account, began)
                return
        size = HeadSize(len(self.url), self._size, len(self.headers))
        head = Head(method, self._path, self._query, self._named, size)
        request = Request(head, app.runtime.settings, app.new_request_id(), body=self._body)
        answering = app.answer(request)
        if method in READS and app.runtime.store.reads_at_once:
            try:
                waited_for = answering.send(None)
            except StopIteration as done:
                self._write(done.value, request.id, keep_alive=True, bodiless=method == "HEAD")
                app.note(request, done.value.status, began)
                return
            answering = _resumed(answering, waited_for)
        exchange = self.cycle = Exchange()
        task = self.loop.create_task(self._finish(exchange, request, answering, began))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _finish(self, exchange: Exchange, request: Request, answering: Answering, began: int) -> None:
        try:
            answer = await answering
        except ClientLeft:
            return
        except asyncio.CancelledError:  # the server stops and waits no longer
            self.transport.close()
            raise
        assert isinstance(answer, Answer)  # noqa: S101 - `answers_at_once` told so
        exchange.response_complete = True
        if not exchange.disconnected:
            self._write(answer, request.id, keep_alive=exchange.keep_alive, bodiless=request.head.method == "HEAD")
            self.app.note(request, answer.status, began)
            if self.pipeline:
                self.on_response_complete()

    def _write(self, answer: Answer, request_id: str, *, keep_alive: bool, bodiless: bool = False) -> None:
        if CLOSE in answer.headers:
            keep_alive = False
        elif not keep_alive:
            answer = answer._replace(headers=(*answer.headers, CLOSE))
        self.transport.write(written(answer, request_id, self._of_server(), bodiless=bodiless))
        self.server_state.total_requests += 1
        if not keep_alive:
            self.transport.close()
        elif self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._close_when_idle)

    def _of_server(self) -> bytes:
        """Give the lines of the headers that uvicorn makes once a second."""
        headers = self.server_state.default_headers
        if headers is not self._known_headers:
            self._known_headers, self._known_lines = headers, _lines(headers)
        return self._known_lines

    def _close_when_idle(self) -> None:
        """Close a connection on which nothing came for the keep-alive time; one timer a connection, not one a request."""
        cycle, left = self.cycle, self._heard + self.timeout_keep_alive - self.loop.time()
        if cycle is not None and not cycle.response_complete:
            left = self.timeout_keep_alive
        if left > 0:
            self._idle = self.loop.call_later(left, self._close_when_idle)
        elif not self.transport.is_closing():
            self.transport.close()


def written(answer: Answer, request_id: str, of_server: bytes, *, bodiless: bool = False) -> bytes:
    """Write an answer as it goes over the wire, with the headers of `answer.head_of`; `bodiless` answers HEAD."""
    status, body, headers, media_type, safe = answer
    kind = (_JSON_LINE if media_type is JSON else b"content-type: %b\r\n" % media_type) if body else b""
    length = b"" if status in BODILESS else b"content-length: %d\r\n" % len(body)
    return b"".join(
        (
            STATUS_LINE[status],
            kind,
            length,
            b"x-request-id: ",
            request_id.encode(),
            b"\r\n",
            of_server,
            _SAFE_LINES if safe is SAFE else _lines(safe),
            _lines(headers) if headers else b"",
            b"\r\n",
            b"" if bodiless else body,
        )
    )


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    each = [b": ".join(header) for header in headers]
    lines = b"\r\n".join((*each, b""))
    if len(lines.splitlines()) != len(each):
        raise ProgramError("a header of an answer holds a line end")
    return lines


_JSON_LINE: Final = b"content-type: %b\r\n" % JSON
_SAFE_LINES: Final = _lines(SAFE)


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
