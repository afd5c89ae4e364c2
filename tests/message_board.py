"""A little backend whose people write to each other, and callers who speak ASGI to it without a socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from techlead import (
    Account,
    Backend,
    Effects,
    Mapped,
    Ref,
    Resource,
    action,
    create,
    email,
    inbox,
    notification,
    owned_by,
    owner,
    refuse,
    signed_in,
    the,
)
from techlead import field as column
from techlead.derive.plan import Plan
from techlead.primitives import ids
from techlead.primitives.clock import system_clock
from techlead.serve.application import Application
from techlead.serve.assemble import assemble
from techlead.serve.events import EventLog
from techlead.serve.settings import Settings
from techlead.store.creation import create_in
from techlead.store.open import open_store

backend = Backend("board", roles=["admin"])


@backend.account(read=signed_in)
class Person(Account):
    """Somebody who writes."""


@backend.resource(read=owner | the("reader"), create=signed_in, delete=owner)
class Note(Resource):
    """A note from one person to another."""

    writer: Mapped[Ref[Person]] = owned_by()
    reader: Mapped[Ref[Person]]
    title: Mapped[str] = column(max_length=200, multiline=True)


note_written = notification(Note, to="reader", via=[inbox, email], subject="{title}", text="{title} was written.")


@action(Note, on=create)
def write(note: Note) -> Effects:
    """Tell the reader, unless the note is not to be."""
    yield note_written.send(note)
    if note.title == "refuse me":
        yield refuse("This note is not to be.")


@dataclass
class Board:
    """A running board: its application, what it logged, and ways to ask it."""

    application: Application
    events: list[dict[str, Any]] = field(default_factory=list)

    async def person(self, name: str) -> Caller:
        """Add an account with a session; register and log-in have tests of their own."""
        runtime = self.application.runtime
        resource, now = runtime.plan.accounts, runtime.clock()
        account = ids.uuid7(now // 1000, runtime.random)
        token = base64.urlsafe_b64encode(runtime.random(32)).rstrip(b"=")
        address = f"{name}@example.com"
        row = {
            "id": account, "revision": 1, "email": address, "email_key": address, "password_hash": "none",
            "roles": "", "disabled": False,
        }  # fmt: skip
        session = {
            "token_hash": hashlib.sha256(token).digest(), "account": account, "created_at": now,
            "expires_at": now + 3_600_000_000,
        }  # fmt: skip

        async def work(tx: Any) -> None:
            insert = runtime.statements.insert(resource, tuple(row))
            await tx.run(insert.sql, insert.values(row))
            begin = runtime.statements.made("begin session", _begin_session)
            await tx.run(begin.sql, begin.values(session))

        await runtime.store.write(work)
        return Caller(self.application, token, ids.encode("person", account))

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read from the database."""
        return await self.application.runtime.store.read(sql, values)


def _begin_session(tables: Any) -> Any:
    from sqlalchemy import bindparam, insert

    table = tables["techlead_session"]
    return insert(table).values({one.name: bindparam(one.name, type_=one.type) for one in table.c})


@cache
def plan_of_the_board() -> Plan:
    """Derive the plan, which is frozen: once is enough."""
    return backend.plan()


@asynccontextmanager
async def serving(database_url: str, settings: Settings, *, fresh: bool = True, **given: Any) -> AsyncIterator[Board]:
    """Serve the board on a database, its tables made when it is fresh."""
    plan = plan_of_the_board()
    store = open_store(database_url)
    events: list[dict[str, Any]] = []
    log = EventLog(given.get("clock", system_clock), lambda lines: events.extend(map(json.loads, lines.splitlines())))
    application = assemble(plan, store, settings, log=log, **given)
    if fresh:
        await store.open()
        await create_in(store, application.runtime.statements.metadata)
    await application.start()
    try:
        yield Board(application, events)
    finally:
        await application.stop()


@dataclass
class Reply:
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


@dataclass
class Caller:
    """A person who asks."""

    application: Application
    token: bytes
    id: str

    async def get(self, path: str, **headers: str) -> Reply:
        """GET an address."""
        return await self.ask("GET", path, None, headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        """POST to an address."""
        return await self.ask("POST", path, body, headers)

    async def write(self, reader: Caller, title: str) -> str:
        """Write a note, which tells its reader; give its id."""
        reply = await self.post("/notes", {"reader": reader.id, "title": title})
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    async def inbox(self, query: str = "") -> list[dict[str, Any]]:
        """Read one page of the inbox."""
        reply = await self.get(f"/inbox{query}")
        assert reply.status == 200, reply.body
        return list(reply.json["items"])

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Ask, and wait for the whole answer."""
        async with self.following(path, method=method, body=body, headers=headers or {}) as answer:
            await asyncio.wait_for(answer.task, 10)
            return Reply(answer.status, answer.headers, b"".join(answer.parts))

    @asynccontextmanager
    async def following(
        self,
        path: str = "/inbox/events",
        *,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> AsyncIterator[Listening]:
        """Ask, and listen to the answer as it comes; leave at the end."""
        sent = [(b"authorization", b"Bearer " + self.token)] if self.token else []
        sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in (headers or {}).items()]
        sent += [(b"content-type", b"application/json")] if body is not None else []
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": sent,
        }  # fmt: skip
        listening = Listening(b"" if body is None else json.dumps(body).encode())
        listening.task = asyncio.create_task(self.application(scope, listening.receive, listening.send))
        try:
            yield listening
        finally:
            listening.leave()
            await asyncio.wait_for(listening.task, 10)


class Listening:
    """The caller's end of one answer."""

    task: asyncio.Task[None]

    def __init__(self, body: bytes) -> None:
        """Listen to nothing yet."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts: list[bytes] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.stops_reading_after: int | None = None
        self._body: bytes | None = body
        self._left = asyncio.Event()
        self._came = asyncio.Event()
        self._taken = 0

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()

    async def receive(self) -> dict[str, Any]:
        """Give the body, then wait until the caller leaves."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take a part; a caller who does not read lets the sender wait, as a full socket does."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.parts.append(message.get("body", b""))
        if self.stops_reading_after is not None and len(self.parts) >= self.stops_reading_after:
            self.reads.clear()
        self._came.set()

    async def opened(self) -> Listening:
        """Wait until the answer has begun."""
        while not self.parts:
            await self._next_part()
        return self

    async def part(self, seconds: float = 5) -> bytes:
        """Wait for the next part, whatever it is."""
        while len(self.parts) <= self._taken:
            await self._next_part(seconds)
        self._taken += 1
        return self.parts[self._taken - 1]

    async def message(self, seconds: float = 5) -> dict[str, Any]:
        """Wait for the next event that has data; its id must be that of the message."""
        while True:
            lines = (await self.part(seconds)).decode().splitlines()
            given = {name: value for name, _, value in (line.partition(": ") for line in lines)}
            if "data" in given:
                message: dict[str, Any] = json.loads(given["data"])
                assert message["id"] == given["id"]
                return message

    async def messages(self, count: int) -> list[str]:
        """Wait for so many messages and give their subjects."""
        return [(await self.message())["subject"] for _ in range(count)]

    async def ended(self, seconds: float = 5) -> None:
        """Wait until the answer ends by itself."""
        await asyncio.wait_for(asyncio.shield(self.task), seconds)

    def id_lines(self) -> list[str]:
        """List every id that was named, in order."""
        lines = b"".join(self.parts).decode().splitlines()
        return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]

    async def _next_part(self, seconds: float = 5) -> None:
        self._came.clear()
        came = asyncio.create_task(self._came.wait())
        await asyncio.wait({came, self.task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not came.done():
            came.cancel()
            raise TimeoutError(f"the answer {'ended' if self.task.done() else 'is silent'}: {self.status} {self.parts}")
