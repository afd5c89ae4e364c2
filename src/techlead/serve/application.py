"""The ASGI application: bound the head, find the route, let its handler answer, log one event, never show a cause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from techlead.derive.codecs import written_suffix
from techlead.errors import CallersError, DeadlineExceeded, RequestTimeout, ShuttingDown, TechleadError, WorldError
from techlead.serve.answer import Answer, Stream, problem, send, send_stream
from techlead.serve.deadlines import Deadlines
from techlead.serve.glances import Seen
from techlead.serve.mount import Asgi, Mounts
from techlead.serve.request import ClientLeft, Head, HeadSize, Receive, Request, Scope, Send, check_head
from techlead.serve.router import Router
from techlead.serve.runtime import Handler, Runtime
from techlead.serve.tasks import Tasks

REQUEST_ID_BYTES: Final = 8
READS: Final = ("GET", "HEAD")
CLOSE: Final = (b"connection", b"close")


class Application:
    """A backend as an ASGI application; opens its store with the lifespan, or with the first request when mounted."""

    def __init__(
        self, runtime: Runtime, router: Router, tasks: Tasks, mounts: Mapping[str, Asgi], streams: frozenset[str]
    ) -> None:
        """Hold what was put together, with the paths that answer with a stream; nothing is opened yet."""
        self.runtime = runtime
        self._router = router
        self._tasks = tasks
        self._mounts = Mounts(mounts, runtime)
        self._streams = streams
        self._deadlines = Deadlines(runtime.settings.request_seconds_max)
        self._cors = frozenset(origin.encode() for origin in runtime.settings.cors_origins)
        settings = runtime.settings
        self.head_max = HeadSize(settings.url_bytes_max, settings.header_bytes_max, settings.header_count_max)
        """The limits of a request's head, which `check_head` holds it against."""
        self._prefix = f"{runtime.plan.accounts.prefix}_" if runtime.plan.account else ""
        self._opening: asyncio.Task[None] | None = None
        self._open = False
        self._stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send_: Send) -> None:
        """Serve a request, or live through the lifespan."""
        if scope["type"] == "http":
            mounted = (
                self._mounts.find(scope["path"].removeprefix(scope.get("root_path", ""))) if self._mounts else None
            )
            if mounted is None:
                await self._http(scope, receive, send_)
            else:
                await self.start()
                await self._mounts.serve(mounted, scope, receive, send_)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send_)
        else:
            await send_({"type": "websocket.close", "code": 1008})

    async def start(self) -> None:
        """Open the store and start what runs beside requests; once, however many ask."""
        if not self._open:
            if self._opening is None or self._opening.done():
                self._opening = asyncio.create_task(self._start())
            await asyncio.shield(self._opening)

    def drain(self) -> None:
        """Begin to stop: streams end, `/readyz` says no, and each answer closes its connection behind it."""
        self.runtime.draining = True
        self.runtime.streams.stop()

    async def stop(self) -> None:
        """Stop what runs beside requests and close the store."""
        self._stopping = True
        self.drain()
        await self._tasks.stop()
        await self.runtime.doors.close()
        await self.runtime.store.close()
        self.runtime.log.flush()
        self._open = False

    async def _start(self) -> None:
        await self.runtime.store.open()
        self._tasks.start()
        self.runtime.streams.start()
        self._open = True
        self._stopping = self.runtime.draining = False

    def answers_at_once(self, path: str) -> bool:
        """Tell whether a path is answered in one piece and by this backend: no stream, no mounted application."""
        return path not in self._streams and (not self._mounts or self._mounts.find(path) is None)

    async def answer(self, request: Request) -> Answer | Stream:
        """Answer a request, whatever happens inside; ClientLeft is all that is raised."""
        runtime = self.runtime
        try:
            check_head(request.head.size, runtime.settings)
            if not self._open:
                await self._opened()
            if request.method == "OPTIONS":
                answer: Answer | Stream = self._options(request)
            else:
                route, handler = self._router.find(request)
                request.pattern = route.pattern
                if request.method in READS:
                    answer = await handler(request)
                else:
                    answer = await self._in_time(handler, request)
        except CallersError as error:
            answer = problem(error, request.id)
        except ClientLeft:
            runtime.log.event("client_left", request=request.id)
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: nothing of the cause leaves the process
            answer = self._fault(error, request.id)
        return self._dressed(request, answer)

    def glance(self, path: str, headers: dict[bytes, bytes]) -> Seen | None:
        """Answer a plain read, whose head is small, at once; None when anything is not as usual: then `answer` answers it."""
        if not self._open or self.runtime.draining or (self._cors and b"origin" in headers):
            return None
        try:
            return self._router.glance(path, headers)
        except Exception:  # noqa: BLE001 - the long way meets it again, answers it and logs it
            return None

    def _at_once(self, request: Request) -> Answer | None:
        head = request.head
        try:
            check_head(head.size, self.runtime.settings)
        except CallersError:
            return None
        seen = self.glance(head.path, head.headers) if head.method == "GET" else None
        if seen is None:
            return None
        request.pattern, request.actor = seen.route, seen.account
        return seen.answer

    def note(self, request: Request, status: int, began: int) -> None:
        """Log that a request was answered; `began` is of `time.perf_counter_ns`."""
        route = request.pattern
        self.note_answer(request.id, request.method if route else "", route, status, request.actor, began)

    def note_answer(
        self, request: str, method: str, route: str, status: int, account: bytes | None, began: int
    ) -> None:
        """Log that a request was answered, by its parts."""
        actor = None if account is None else f"{self._prefix}{written_suffix(account)}"
        ms = (
            (time.perf_counter_ns() - began + 5_000) // 10_000 / 100
        )  # to the hundredth: `round` takes ten times as long
        self.runtime.log.answered(request, method, route, status, actor, ms)

    async def _http(self, scope: Scope, receive: Receive, send_: Send) -> None:
        began = time.perf_counter_ns()
        request_id = self.new_request_id()
        request = Request(_head(scope), self.runtime.settings, request_id, receive=receive)
        try:
            answer = self._at_once(request) or await self.answer(request)
        except ClientLeft:
            return
        if isinstance(answer, Stream):
            await self._stream(answer, request_id, receive, send_)
        else:
            await send(answer, request_id.encode(), send_, head=scope["method"] == "HEAD")
        self.note(request, answer.status, began)

    def new_request_id(self) -> str:
        """Make the id that the log and the caller know a request by."""
        return self.runtime.random(REQUEST_ID_BYTES).hex()

    async def _opened(self) -> None:
        if self._stopping:
            raise ShuttingDown
        await self.start()

    async def _in_time(self, handler: Handler, request: Request) -> Answer | Stream:
        """Bound what changes something, its body's arrival included; a read is bounded by the store."""
        try:
            return await self._deadlines.bound(self._confirmed(handler, request))
        except TimeoutError:
            raise (DeadlineExceeded if request.whole else RequestTimeout) from None

    async def _confirmed(self, handler: Handler, request: Request) -> Answer | Stream:
        """Let a handler answer; an error while it was only presumed who asks is none: then once more, with a look first."""
        try:
            return await handler(request)
        except CallersError:
            if not request.presumed:
                raise
        self.runtime.authenticator.forget(request.headers.get(b"authorization"))
        request.actor, request.presumed = None, False
        return await handler(request)

    def _dressed(self, request: Request, answer: Answer | Stream) -> Answer | Stream:
        """Add what the request's surroundings ask for: another origin, another app around us, an end that is near."""
        if self._cors:
            answer = self._with_cors(request, answer)
        if request.head.root:
            answer = _below(request.head.root.encode(), answer)
        if self.runtime.draining:
            answer = answer._replace(headers=(*answer.headers, CLOSE))
        return answer

    async def _stream(self, stream: Stream, request_id: str, receive: Receive, send_: Send) -> None:
        try:
            await send_stream(stream, request_id.encode(), receive, send_)
        except Exception as error:  # noqa: BLE001 - the boundary, as above; what was begun can only be cut off
            self._fault(error, request_id)

    def _fault(self, error: Exception, request_id: str) -> Answer:
        if isinstance(error, WorldError):
            self.runtime.log.warning("unavailable", request=request_id, reason=type(error).__name__)
            return problem(error, request_id)
        self.runtime.log.failure("unexpected", error, request=request_id)
        return problem(TechleadError(), request_id)

    def _options(self, request: Request) -> Answer:
        request.method = next((name for name in ("GET", "POST", "PATCH", "DELETE") if self._has(request, name)), "GET")
        route, _ = self._router.find(request)
        allow = route.allow().encode()
        return Answer(
            204,
            b"",
            ((b"allow", allow), (b"access-control-allow-methods", allow)) if self._cors else ((b"allow", allow),),
        )

    def _has(self, request: Request, method: str) -> bool:
        request.method = method
        try:
            self._router.find(request)
        except CallersError:
            return False
        return True

    def _with_cors(self, request: Request, answer: Answer | Stream) -> Answer | Stream:
        origin = request.headers.get(b"origin")
        if origin not in self._cors:
            return answer
        allowed = b"authorization, content-type, idempotency-key, if-match, if-none-match"
        return answer._replace(
            headers=(
                *answer.headers,
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-headers", allowed),
                (b"access-control-expose-headers", b"etag, location, retry-after, x-request-id"),
                (b"vary", b"origin"),
            )
        )

    async def _lifespan(self, receive: Receive, send_: Send) -> None:
        while True:
            message: Mapping[str, Any] = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except TechleadError as error:
                    await send_({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send_({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send_({"type": "lifespan.shutdown.complete"})
                return


def _head(scope: Scope) -> Head:
    root: str = scope.get("root_path", "")
    query: bytes = scope["query_string"]
    raw_path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    path = scope["path"].removeprefix(root)  # ASGI: the path holds where we are mounted
    headers = scope["headers"]
    size = HeadSize(len(raw_path) + len(query), sum(len(name) + len(value) for name, value in headers), len(headers))
    return Head(scope["method"], path, query, dict(headers), size, root)


def _below(root: bytes, answer: Answer | Stream) -> Answer | Stream:
    """Say where a new row is as the caller reaches it, below the path at which another app has mounted this one."""
    return answer._replace(
        headers=tuple((name, root + value if name == b"location" else value) for name, value in answer.headers)
    )
