"""What is sent is made when it is sent: the address of now, the rights of now, the template filled with what may be read.

A row that is gone is told of in the words of its change, for there is nothing left to read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BigInteger, String, bindparam, func, select
from sqlalchemy.dialects import postgresql

from techlead.declare.access import anyone
from techlead.declare.notification import Channel
from techlead.deliver.channels.mail import UNSUBSCRIBE
from techlead.deliver.port import Dead, Delivery, Fault, Held, Kind, Waiting
from techlead.deliver.preferences import ALL, meant, quiet_seconds, read, wanted
from techlead.deliver.recheck import Recheck, Recipient, delivery_of, is_for_anybody
from techlead.derive.access import ANONYMOUS
from techlead.derive.plan import NotificationPlan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.tables import ID
from techlead.derive.templates import Unrenderable
from techlead.derive.views import facts_reader, stored_values, view
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, Clock, system_clock, to_datetime
from techlead.store.port import Store, Transaction

Link = Callable[[bytes, str, str], str]
"""Gives the address behind `List-Unsubscribe`, for an account, a notification and a channel."""
EMAILS_PER_HOUR_MAX: Final = 30
"""E-mails to one account within an hour; what is more comes as one digest, so nobody's mailbox can be flooded."""
HOUR_US: Final = 3_600 * SECOND_US
HTML: Final = "html"
"""The name in a waiting digest's data of its words as HTML."""
COLLECTED: Final = (
    "id", "account", "channel", "due_at", "notification", "resource", "row", "subject", "text", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A row as whoever reads the message may see it: python values by field, and how an answer shows it."""

    values: Mapping[str, Any]
    shown: Mapping[str, Any]


class Composer:
    """Makes deliveries of what waits in the outbox."""

    def __init__(
        self,
        store: Store,
        statements: Statements,
        clock: Clock = system_clock,
        link: Link | None = None,
        emails_per_hour_max: int = EMAILS_PER_HOUR_MAX,
    ) -> None:
        """Prepare; nothing is read yet."""
        self._store = store
        self._statements = statements
        self._plan = statements.plan
        self._clock = clock
        self._link = link
        self._emails_max = emails_per_hour_max
        self._planned = {one.name: one for one in self._plan.notifications}
        self._recheck = Recheck(store, statements)

    async def compose(self, waiting: Waiting) -> Delivery | Dead | Held:
        """Make what is sent; Dead when the recipient, the right, the wish, the address or the words are not there (any more)."""
        if waiting.kind is Kind.CALL:
            return delivery_of(waiting, waiting.destination)
        if waiting.account is None:
            return await self._made(waiting, None)
        recipient = await self._recheck.recipient(waiting.account)
        if recipient is None:
            return Dead(Fault.WITHDRAWN, "the recipient is gone or disabled")
        if waiting.kind is Kind.DIGEST:
            return self._digest(waiting, recipient)
        return await self._unwanted(waiting, recipient) or await self._made(waiting, recipient)

    def _digest(self, waiting: Waiting, recipient: Recipient) -> Delivery | Dead | Held:
        """Make a digest of the words that were put together; its link ends all that comes so.

        The hour of one that was asked for was chosen; one that stands for too many e-mails comes at any, so it may wake.
        """
        wishes = read(recipient.preferences)
        if set(meant(self._plan, ALL, waiting.channel)) <= set(wishes.off):
            return Dead(Fault.WITHDRAWN, "switched off")
        quiet = 0 if waiting.channel in wishes.digests else quiet_seconds(wishes, waiting.channel, self._clock())
        if quiet:
            return Held(quiet, "quiet hours")
        data = {} if self._link is None else {UNSUBSCRIBE: self._link(recipient.account, ALL, waiting.channel)}
        made = delivery_of(waiting, recipient.email)
        return replace(made, html=waiting.data.get(HTML), data=data)

    async def _made(self, waiting: Waiting, recipient: Recipient | None) -> Delivery | Dead:
        planned = self._planned.get(waiting.notification)
        if planned is None:
            return Dead(Fault.WITHDRAWN, "the notification is no longer declared")
        resource = self._plan.resources[planned.resource]
        seen = None
        if recipient is not None:
            refused = await self._recheck.refusal(planned, waiting.row, recipient)
            if refused is not None:
                return refused
        if waiting.channel == Channel.WEBHOOK.value or planned.templates:
            if recipient is not None and not await self._recheck.may_read(resource, waiting.row, recipient):
                return Dead(Fault.WITHDRAWN, "no longer readable")
            seen = await self._seen(resource, waiting.row, recipient)
        address = await self._address(waiting, planned, resource)
        address = (waiting.destination or (recipient.email if recipient else "")) if address is None else address
        if not address:
            return Dead(Fault.WITHDRAWN, "there is no address any more")
        made = replace(delivery_of(waiting, address), data=self._data(waiting, planned, resource, seen))
        return self._worded(planned, made, seen, read(recipient.preferences).language if recipient else "")

    async def _unwanted(self, waiting: Waiting, recipient: Recipient) -> Dead | Held | None:
        """Say why a message is not sent now: it is off, the hour is quiet, it goes into a digest, it is one too many."""
        planned = self._planned.get(waiting.notification)
        if planned is None or _path(planned, waiting.channel) is not None:
            return None
        now = self._clock()
        wish = wanted(read(recipient.preferences), planned, waiting.channel, now)
        if wish.off:
            return Dead(Fault.WITHDRAWN, "switched off")
        if wish.wait_seconds:
            return Held(wish.wait_seconds, "quiet hours")
        digest_at = wish.digest_at
        if digest_at is None and waiting.channel == Channel.EMAIL.value and await self._too_many(waiting):
            if planned.code:
                return Dead(Fault.UNSENDABLE, "too many to this account in an hour")
            digest_at = now + HOUR_US
        if digest_at is None:
            return None
        await self._collect(waiting, digest_at)
        return Dead(Fault.WITHDRAWN, "kept for a digest")

    async def again(self, waiting: Waiting) -> Delivery | Dead:
        """Make the words of a message that was collected, as its reader may read them now."""
        recipient = await self._recheck.recipient(waiting.account or b"")
        if recipient is None:
            return Dead(Fault.WITHDRAWN, "the recipient is gone or disabled")
        if (waiting.notification, waiting.channel) in read(recipient.preferences).off:
            return Dead(Fault.WITHDRAWN, "switched off")
        return await self._made(waiting, recipient)

    async def _too_many(self, waiting: Waiting) -> bool:
        """Tell whether an account got as many e-mails within the hour before this one as it may."""
        statement = self._statements.made("emails within an hour", _within_an_hour)
        values = {
            "account": waiting.account, "channel": waiting.channel, "this": waiting.id, "most": self._emails_max,
            "since": ids.uuid7(max(0, waiting.created_at - HOUR_US) // 1_000, bytes),
        }  # fmt: skip
        rows = await self._store.read(statement.sql, statement.values(values))
        return int(rows[0][0]) >= self._emails_max

    async def _collect(self, waiting: Waiting, due_at: int) -> None:
        """Keep a message for its digest; once, however often it is tried."""
        statement = self._statements.made("collect", _collected)
        values = {
            "id": waiting.id, "account": waiting.account, "channel": waiting.channel, "due_at": due_at,
            "notification": waiting.notification, "resource": waiting.resource, "row": waiting.row,
            "subject": waiting.subject, "text": waiting.text, "created_at": waiting.created_at,
        }  # fmt: skip

        async def work(tx: Transaction) -> None:
            await tx.run(statement.sql, statement.values(values))

        await self._store.write(work)

    def _worded(self, planned: NotificationPlan, made: Delivery, seen: Seen | None, language: str) -> Delivery | Dead:
        templates = planned.templates
        template = templates.get(language) or templates.get(language.partition("-")[0]) or templates.get("")
        if template is None or seen is None or made.channel == Channel.WEBHOOK.value:
            return made
        from techlead.derive.rendering import render  # noqa: PLC0415 - only who has templates pays for Jinja and Markdown

        try:
            words = render(template, seen.values)
        except Unrenderable as error:
            return Dead(Fault.UNSENDABLE, str(error))
        html = words.html if made.channel == Channel.EMAIL.value else None
        text = words.text
        if made.channel == Channel.CHAT.value:  # a room shows no subject, and a template says there what it is about
            text = f"{words.subject}\n{text}"
        return replace(made, subject=words.subject, text=text, html=html)

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
        path = _path(planned, waiting.channel)
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


def _path(planned: NotificationPlan, channel: str) -> tuple[str, ...] | None:
    return next((path for one, path in planned.at.items() if one.value == channel), None)


def _whole(tables: Mapping[str, Any], resource: ResourcePlan) -> Any:
    table = tables[resource.table]
    living = [table.c.deleted_at.is_(None)] if resource.soft_delete else []
    layout = [table.c.id, table.c.revision, *(table.c[field.column] for field in resource.laid_out)]
    return select(*layout).where(table.c.id == bindparam("id", type_=ID), *living)


def _within_an_hour(tables: Mapping[str, Any]) -> Any:
    """Count the messages to `:account` on `:channel` since `:since` and before `:this`, up to `:most`: ids sort by time."""
    table = tables["techlead_outbox"]
    mine = (table.c.account == bindparam("account", type_=ID), table.c.channel == bindparam("channel", type_=String()))
    between = (table.c.id > bindparam("since", type_=ID), table.c.id < bindparam("this", type_=ID))
    found = select(table.c.id).where(*mine, *between).limit(bindparam("most", type_=BigInteger())).subquery()
    return select(func.count()).select_from(found)


def _collected(tables: Mapping[str, Any]) -> Any:
    table = tables["techlead_digest"]
    values = {name: bindparam(name, type_=table.c[name].type) for name in COLLECTED}
    return postgresql.insert(table).values(values).on_conflict_do_nothing()
