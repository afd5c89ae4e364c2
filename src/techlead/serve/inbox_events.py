"""The inbox as server-sent events (HTML Living Standard, 9.2): one event for each new message, none lost on reconnect.

Each look asks the session again, then the database: so the stream of a session that has ended reads nothing more, and
what another process committed is found as well. A slow reader holds LOOK_MESSAGES_MAX messages in memory and no more.
After a reconnect to another process a message may come again, always with the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, bindparam

from techlead.declare.access import signed_in
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.errors import InvalidFields, MalformedRequest, NotSignedIn, WorldError
from techlead.primitives import ids
from techlead.serve.answer import Answer, Stream
from techlead.serve.inbox import PREFIX, own_messages, shown
from techlead.serve.query import parameters
from techlead.serve.request import Request
from techlead.serve.runtime import Handler, Runtime
from techlead.serve.streams import Place
from techlead.serve.trail import LATE_SECONDS, Trail, before, id_at
from techlead.store.port import Row

EVENT_STREAM: Final = b"text/event-stream"
LOOK_MESSAGES_MAX: Final = 20
RETRY_MS: Final = 2_000
HEARTBEAT: Final = b":\n\n"
LATE_US: Final = LATE_SECONDS * 1_000_000


def follow_inbox(runtime: Runtime) -> Handler:
    """GET the actor's new messages as they come, or all after `Last-Event-ID`."""
    statement = runtime.statements.made("inbox since", _since)

    async def handle(request: Request) -> Answer | Stream:
        actor = await runtime.actor(request, signed_in)
        last = _last_event(request)
        if request.method == "HEAD":
            return Answer(200, b"", ((b"content-type", EVENT_STREAM),))
        place = runtime.streams.enter(actor.account or b"")
        following = Following(runtime, statement, request.headers, place)
        try:
            parts = following.after(last) if last else await following.from_now()
        except BaseException:
            runtime.streams.leave(place)
            raise
        return Stream(parts, lambda: runtime.streams.leave(place), EVENT_STREAM, ((b"x-accel-buffering", b"no"),))

    return handle


class Following:
    """One reader who follows an inbox: what they have, and where the next look begins."""

    def __init__(self, runtime: Runtime, statement: Statement, headers: dict[bytes, bytes], place: Place) -> None:
        """Follow for whoever these headers name."""
        self._runtime = runtime
        self._statement = statement
        self._headers = headers
        self._place = place
        self._lowest = id_at(runtime.clock() - LATE_US)
        self._from = self._lowest
        self._more = True
        self._waits = False

    async def from_now(self) -> AsyncGenerator[bytes, None]:
        """Begin with what comes after this moment, and name it, so that even a reader without messages can resume."""
        began = self._runtime.clock()
        while self._more:
            for row in await self._read():
                self._place.trail.add(row[0], self._lowest)
        now = id_at(began)
        self._place.trail.add(now, self._lowest)
        return self._parts(b"retry: %d\nid: %b\n\n" % (RETRY_MS, ids.encode(PREFIX, now).encode()))

    def after(self, last: bytes) -> AsyncGenerator[bytes, None]:
        """Go on after the event that the reader saw last."""
        sent = self._runtime.streams.sent_until(self._place.account, last)
        self._place.trail = Trail([*sorted(sent - {last}), last])
        self._from = before(last)
        return self._parts(b"retry: %d\n\n" % RETRY_MS)

    async def _parts(self, opening: bytes) -> AsyncGenerator[bytes, None]:
        loop, settings, place = asyncio.get_running_loop(), self._runtime.settings, self._place
        yield opening
        silent_since = loop.time()
        while not place.ended:
            try:
                new = await self._look()
            except NotSignedIn:
                return
            for row in new:
                if place.ended:
                    return
                place.trail.add(row[0], self._lowest)
                yield event(shown(self._runtime.plan, row))
                silent_since = loop.time()
            left = silent_since + settings.sse_heartbeat_seconds - loop.time()
            if left <= 0:
                yield HEARTBEAT
                silent_since = loop.time()
            elif self._waits:
                await place.wait(min(left, settings.sse_poll_seconds))

    async def _look(self) -> list[Row]:
        """Read messages that were not yet sent; none while the database is away; NotSignedIn when the session ended."""
        try:
            await self._runtime.authenticator.actor(self._headers)
            new = await self._read()
        except WorldError:
            self._waits = True
            return []
        self._waits = not self._more
        return new

    async def _read(self) -> list[Row]:
        """Read a page of messages; after the last page the next look begins where something may still come in late."""
        runtime, trail = self._runtime, self._place.trail
        if not self._more:
            self._lowest = id_at(runtime.clock() - LATE_US)
        values = {"account": self._place.account, "from": self._from, "limit": LOOK_MESSAGES_MAX}
        rows = await runtime.store.read(self._statement.sql, self._statement.values(values))
        self._more = len(rows) == LOOK_MESSAGES_MAX
        self._from = rows[-1][0] if self._more else max(self._lowest, trail.forgotten)
        return [row for row in rows if row[0] not in trail]


def event(message: Mapping[str, Any]) -> bytes:
    """Write a message as one event; JSON escapes line ends, so data is one line."""
    return b"id: %b\ndata: %b\n\n" % (message["id"].encode(), msgspec.json.encode(message))


def _last_event(request: Request) -> bytes | None:
    if parameters(request.query):
        raise InvalidFields("Following the inbox takes no parameters.")
    given = request.headers.get(b"last-event-id", b"").decode("latin-1")
    if not given:
        return None
    try:
        return ids.decode(PREFIX, given)
    except ValueError:
        raise MalformedRequest("`Last-Event-ID` must be the id of a message, or not be sent.") from None


def _since(tables: Mapping[str, Any]) -> Any:
    table = tables["techlead_outbox"]
    later = own_messages(tables).where(table.c.id > bindparam("from", type_=ID))
    return later.order_by(table.c.id).limit(bindparam("limit", type_=BigInteger()))
