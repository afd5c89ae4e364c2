"""What is sent is made when it is sent: the address of now, the rights of now, the template filled with what may be read.

A row that is gone is told of in the words of its change, for there is nothing left to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, select

from techlead.declare.access import anyone
from techlead.declare.notification import Channel
from techlead.deliver.channels.mail import UNSUBSCRIBE
from techlead.deliver.port import Dead, Delivery, Fault, Held, Kind, Waiting
from techlead.deliver.recheck import Recheck, Recipient, is_for_anybody
from techlead.derive.access import ANONYMOUS
from techlead.derive.plan import NotificationPlan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.tables import ID
from techlead.derive.templates import Unrenderable, render
from techlead.derive.views import facts_reader, stored_values, view
from techlead.primitives import ids
from techlead.primitives.clock import to_datetime
from techlead.store.port import Store

Link = Callable[[bytes, str, str], str]
"""Gives the address behind `List-Unsubscribe`, for an account, a notification and a channel."""
SPOKEN: Final = frozenset({Channel.EMAIL.value, Channel.CHAT.value, Channel.PUSH.value})
"""Channels that people read; a webhook is read by a program, and the inbox keeps the words of the change."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as whoever reads the message may see it: python values by field, and how an answer shows it."""

    values: Mapping[str, Any]
    shown: Mapping[str, Any]


class Composer:
    """Makes deliveries of what waits in the outbox."""

    def __init__(self, store: Store, statements: Statements, link: Link | None = None) -> None:
        """Prepare; nothing is read yet."""
        self._store = store
        self._statements = statements
        self._plan = statements.plan
        self._planned = {one.name: one for one in self._plan.notifications}
        self._recheck = Recheck(store, statements)
        self._link = link

    async def compose(self, waiting: Waiting) -> Delivery | Dead | Held:
        """Make what is sent; Dead when the recipient, the right, the address or the words are not there (any more)."""
        planned = self._planned.get(waiting.notification)
        if waiting.kind is Kind.CALL or planned is None:
            return await self._recheck.compose(waiting)
        made = await self._recheck.compose(waiting)
        if not isinstance(made, Delivery):
            return made
        resource = self._plan.resources[planned.resource]
        address = await self._address(waiting, planned, resource)
        if address is not None:
            made = replace(made, destination=address)
        if not made.destination:
            return Dead(Fault.WITHDRAWN, "there is no address any more")
        seen = None
        if waiting.channel == Channel.WEBHOOK.value or planned.templates:
            recipient = None if waiting.account is None else await self._recheck.recipient(waiting.account)
            seen = await self._seen(resource, waiting.row, recipient)
        return self._worded(waiting, planned, replace(made, data=self._data(waiting, planned, resource, seen)), seen)

    def _worded(
        self, waiting: Waiting, planned: NotificationPlan, made: Delivery, seen: Seen | None
    ) -> Delivery | Dead:
        template = planned.templates.get("")
        if template is None or seen is None or waiting.channel not in SPOKEN:
            return made
        try:
            words = render(template, seen.values)
        except Unrenderable as error:
            return Dead(Fault.UNSENDABLE, str(error))
        html = words.html if waiting.channel == Channel.EMAIL.value else None
        return replace(made, subject=words.subject, text=words.text, html=html)

    def _data(
        self, waiting: Waiting, planned: NotificationPlan, resource: ResourcePlan, seen: Seen | None
    ) -> Mapping[str, Any]:
        if waiting.channel == Channel.WEBHOOK.value:
            shown = seen.shown if seen is not None else {"id": ids.encode(resource.prefix, waiting.row)}
            return {"type": planned.name, "timestamp": to_datetime(waiting.created_at), "data": shown}
        if waiting.channel == Channel.EMAIL.value and self._link is not None and waiting.account and not planned.code:
            return {UNSUBSCRIBE: self._link(waiting.account, planned.name, waiting.channel)}
        return waiting.data

    async def _seen(self, resource: ResourcePlan, row_id: bytes, recipient: Recipient | None) -> Seen | None:
        """Read the row as its reader sees it; for a room, which is nobody, what is in public fields. None when it is gone."""
        kind, policy = (ANONYMOUS, anyone) if recipient is None else (recipient.actor, resource.access.read)
        if recipient is not None and resource.is_account and row_id == recipient.account:
            policy = anyone
        statement = self._statements.row(resource, kind, policy)
        actor = None if recipient is None else recipient.account
        rows = await self._store.read(statement.sql, statement.values({"id": row_id, "actor": actor}))
        if not rows:
            return None
        shown = view(self._statements, resource, kind).render(rows[0])
        if recipient is None:
            shown = {name: value for name, value in shown.items() if name == "id" or is_for_anybody(resource, name)}
        facts = facts_reader(resource)(rows[0])
        return Seen({name: facts.read_value(name) for name in shown}, shown)

    async def _address(self, waiting: Waiting, planned: NotificationPlan, resource: ResourcePlan) -> str | None:
        """Give the address as it is now; None where there is nothing better than the one that was written."""
        path = planned.at.get(Channel(waiting.channel))
        if path is not None:
            return await self._at(resource, waiting.row, path)
        if waiting.channel == Channel.WEBHOOK.value and waiting.account is not None:
            people = self._plan.accounts
            name = next((field.name for field in people.stored if field.kind == "webhook_url"), "")
            return await self._at(people, waiting.account, (name,)) if name else ""
        return None

    async def _at(self, resource: ResourcePlan, row_id: bytes, path: tuple[str, ...]) -> str | None:
        """Follow a path to the field at its end; None when a row on the way is gone."""
        *steps, last = path
        for step in steps:
            values = await self._read(resource, row_id)
            if values is None or values[step] is None:
                return None
            resource, row_id = self._plan.resources[resource.field(step).target or ""], values[step]
        values = await self._read(resource, row_id)
        return None if values is None else str(values[last] or "")

    async def _read(self, resource: ResourcePlan, row_id: bytes) -> Mapping[str, Any] | None:
        statement = self._statements.made(f"as it is {resource.name}", lambda tables: _whole(tables, resource))
        rows = await self._store.read(statement.sql, statement.values({"id": row_id}))
        return stored_values(resource, rows[0]) if rows else None


def _whole(tables: Mapping[str, Any], resource: ResourcePlan) -> Any:
    table = tables[resource.table]
    living = [table.c.deleted_at.is_(None)] if resource.soft_delete else []
    layout = [table.c.id, table.c.revision, *(table.c[field.column] for field in resource.laid_out)]
    return select(*layout).where(table.c.id == bindparam("id", type_=ID), *living)
