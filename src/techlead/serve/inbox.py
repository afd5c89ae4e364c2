"""The inbox: what an account was told, the newest first, and that it has read it.

A message says what it said when it was sent: it stays, in its words, when the row that it is about is changed or gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, String, bindparam, func, literal_column, select, update

from techlead.declare.access import signed_in
from techlead.declare.notification import Channel
from techlead.derive.plan import Plan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID, TIMESTAMP
from techlead.errors import FieldError, InvalidFields, NotFound
from techlead.primitives import ids
from techlead.primitives.clock import to_datetime
from techlead.serve.answer import Answer, json_answer
from techlead.serve.change.unit import Unit
from techlead.serve.query import limit_of, parameters
from techlead.serve.request import Request
from techlead.serve.rows import row_id_of
from techlead.serve.runtime import Handler, Runtime
from techlead.serve.settings import Settings

PREFIX: Final = "message"
COLUMNS: Final = ("id", "notification", "resource", "row", "subject", "text", "created_at", "read_at")
PARAMETERS: Final = ("limit", "after", "unread")
IN_THE_INBOX: Final = literal_column(f"'{Channel.INBOX.value}'", String())
"""A literal, as in the partial indexes: what is sent elsewhere is in none of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """What was asked for: how many messages, after which one, and whether only those not yet read."""

    limit: int
    after: bytes | None
    unread: bool


def read_inbox(runtime: Runtime) -> Handler:
    """GET the actor's own messages, the newest first."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        page = page_of(request.query, runtime.settings)
        statement = _page(runtime, page)
        values = {"account": actor.account, "after": page.after, "limit": page.limit + 1}
        rows = await runtime.store.read(statement.sql, statement.values(values))
        items = [shown(runtime.plan, row) for row in rows[: page.limit]]
        return json_answer(200, {"items": items, "next": items[-1]["id"] if len(rows) > page.limit else None})

    return handle


def mark_read(runtime: Runtime) -> Handler:
    """POST that a message was read; once or again, the first time counts."""
    statement = runtime.statements.made("inbox read", _mark_read)

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        message = row_id_of(PREFIX, request.params[0])
        await request.read_body()

        async def work(unit: Unit) -> Answer:
            values = {"id": message, "account": actor.account, "now": unit.now}
            if not await unit.run(statement, values):
                raise NotFound
            return Answer(204)

        return await runtime.change(request, actor, "inbox_read", work)

    return handle


def page_of(query: bytes, settings: Settings) -> Page:
    """Read the address of a page; InvalidFields names every parameter at fault."""
    given = parameters(query)
    faults = [
        FieldError(name[:80].encode("ascii", "backslashreplace").decode(), f"is not one of: {', '.join(PARAMETERS)}.")
        for name in sorted(set(given) - set(PARAMETERS))
    ]
    limit = limit_of(given.get("limit"), settings.page_rows, settings.page_rows_max, faults)
    after = None
    if "after" in given:
        try:
            after = ids.decode(PREFIX, given["after"])
        except ValueError:
            faults.append(FieldError("after", "is not a cursor of the inbox; start without it."))
    if given.get("unread", "true") != "true":
        faults.append(FieldError("unread", "must be true; leave it out for all messages."))
    if faults:
        raise InvalidFields(errors=tuple(faults))
    return Page(limit, after, "unread" in given)


def shown(plan: Plan, row: Sequence[Any]) -> dict[str, Any]:
    """Give a message as its reader sees it; `about` is null when the kind of row is no longer declared."""
    message, notification, resource, about, subject, text, created_at, read_at = row
    known = plan.resources.get(resource)
    return {
        "id": ids.encode(PREFIX, message),
        "notification": notification,
        "about": None if known is None else ids.encode(known.prefix, about),
        "subject": subject,
        "text": text,
        "created_at": to_datetime(created_at),
        "read_at": None if read_at is None else to_datetime(read_at),
    }


def own_messages(tables: Mapping[str, Any]) -> Any:
    """Choose the inbox messages of `:account`, and of nobody else."""
    table = tables["techlead_outbox"]
    mine = table.c.account == bindparam("account", type_=ID)
    return select(*(table.c[name] for name in COLUMNS)).where(mine, table.c.channel == IN_THE_INBOX)


def _page(runtime: Runtime, page: Page) -> Statement:
    follows, unread = page.after is not None, page.unread

    def build(tables: Mapping[str, Any]) -> Any:
        table = tables["techlead_outbox"]
        chosen = own_messages(tables).limit(bindparam("limit", type_=BigInteger()))
        if follows:
            chosen = chosen.where(table.c.id < bindparam("after", type_=ID))
        if unread:  # the order names `read_at` only because the index does
            chosen = chosen.where(table.c.read_at.is_(None)).order_by(table.c.read_at.desc())
        return chosen.order_by(table.c.id.desc())

    return runtime.statements.made(f"inbox page {follows=} {unread=}", build)


def _mark_read(tables: Mapping[str, Any]) -> Any:
    table = tables["techlead_outbox"]
    mine = table.c.account == bindparam("account", type_=ID)
    this = table.c.id == bindparam("id", type_=ID)
    first = func.coalesce(table.c.read_at, bindparam("now", type_=TIMESTAMP))
    chosen = update(table).where(mine, this, table.c.channel == Channel.INBOX.value)
    return chosen.values(read_at=first).returning(table.c.id)
