"""Messages about a row: one outbox row for each recipient and channel, in the transaction of the change."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import bindparam, select

from techlead.declare.access import Member
from techlead.declare.notification import Channel, Notification, Own
from techlead.declare.resource import Resource
from techlead.deliver.port import Kind
from techlead.derive.access import SqlPolicies, account_field, at_path, field_to
from techlead.derive.plan import NotificationPlan, Plan, ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.derive.templates import spoken
from techlead.derive.views import stored_values
from techlead.errors import ProgramError
from techlead.serve.change.outbox import Message, put
from techlead.serve.change.unit import Unit

RECIPIENTS_MAX: Final = 1_000
BROWSERS_MAX: Final = 10
"""Browsers of one account."""
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
KINDS: Final[Mapping[Channel | Own, Kind]] = {
    Channel.EMAIL: Kind.EMAIL,
    Channel.WEBHOOK: Kind.WEBHOOK,
    Channel.CHAT: Kind.CHAT,
    Channel.PUSH: Kind.PUSH,
}
"""The schedule that a channel's messages follow; the inbox has none, for it is in the database already."""


async def notify(unit: Unit, declared: Notification[Any], resource: ResourcePlan, row: Resource) -> None:
    """Write the outbox rows of one notification about one row."""
    planned = next((one for one in unit.statements.plan.notifications if one.declared is declared), None)
    if planned is None or planned.resource != resource.name:
        message = f"an action sent {planned.name if planned else 'a notification'} about a {resource.name}"
        raise ProgramError(message)
    accounts = await _recipients(unit, planned, resource, row)
    if accounts:
        await put(unit, [one async for one in _messages(unit, planned, resource, row, accounts)])


async def _messages(
    unit: Unit, planned: NotificationPlan, resource: ResourcePlan, row: Resource, accounts: list[bytes]
) -> AsyncIterator[Message]:
    """Give a message for each recipient and address; where the row names the address, one for all of them."""
    subject, text = fill_in(planned.subject, row), fill_in(planned.text, row)
    for channel in planned.via:
        kind = Kind.CHAT if isinstance(channel, Own) else KINDS.get(channel)
        kind = Kind.CODE if planned.code and kind is not None else kind
        said = Message(planned.name, channel.value, resource.name, row.id.raw, kind=kind, subject=subject, text=text)
        if channel in planned.at:
            address = await _address(unit, resource, row, planned.at[channel])
            if address:
                yield replace(said, destination=address)
            continue
        for account in accounts:
            for address, data in await _of_account(unit, channel, account):
                yield replace(said, account=account, destination=address, data=data)


async def _of_account(unit: Unit, channel: Channel | Own, account: bytes) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Give the addresses of an account on a channel, with what is known of each; an empty one is looked up when it is sent."""
    if channel is Channel.WEBHOOK:
        rows = await unit.run(
            unit.statements.made("webhook of account", _webhook(unit.statements.plan)), {"id": account}
        )
        return [(address, {}) for (address,) in rows if address]
    if channel is Channel.PUSH:
        rows = await unit.run(unit.statements.made("browsers of account", browsers_of), {"account": account})
        return [(address, {"p256dh": point, "auth": auth}) for address, point, auth in rows]
    return [("", {})]


def fill_in(text: str, row: Resource) -> str:
    """Put a row's values where the text names them in braces; nothing else in it is ever read as code."""
    return PLACEHOLDER.sub(lambda found: spoken(row.read_value(found[1])), text)


async def _recipients(unit: Unit, planned: NotificationPlan, resource: ResourcePlan, row: Resource) -> list[bytes]:
    if not isinstance(planned.to, Member):
        reference = row.read_value(planned.to)
        return [] if reference is None else [reference.raw]
    member = planned.to
    found = await _at_path(unit, resource, row, member.path)
    if found is None:
        return []
    statement = _members(unit, planned.name, member, at_path(unit.statements.plan, resource, member.path))
    rows = await unit.run(statement, {"id": found, "limit": RECIPIENTS_MAX})
    return [account for (account,) in rows]


async def _at_path(unit: Unit, resource: ResourcePlan, row: Resource, path: tuple[str, ...]) -> bytes | None:
    """Follow references from a row that the action holds; None where one is empty."""
    if not path:
        return row.id.raw
    reference = row.read_value(path[0])
    found: bytes | None = None if reference is None else reference.raw
    for step, following in pairwise(path):
        resource = unit.statements.plan.resources[resource.field(step).target or ""]
        rows = await unit.run(unit.statements.whole(resource), {"id": found}) if found else []
        found = stored_values(resource, rows[0])[following] if rows else None
    return found


async def _address(unit: Unit, resource: ResourcePlan, row: Resource, path: tuple[str, ...]) -> str:
    """Give the address that a field at the end of a path holds; empty when there is none."""
    if len(path) == 1:
        return str(row.read_value(path[0]) or "")
    owner = at_path(unit.statements.plan, resource, path[:-1])
    found = await _at_path(unit, resource, row, path[:-1])
    rows = await unit.run(unit.statements.whole(owner), {"id": found}) if found else []
    return str(stored_values(owner, rows[0])[path[-1]] or "") if rows else ""


def _members(unit: Unit, name: str, member: Member, target: ResourcePlan) -> Statement:
    plan = unit.statements.plan
    members = plan.resources[member.resource]

    def build(tables: Any) -> Any:
        table = tables[members.table]
        policies = SqlPolicies(plan, unit.statements.metadata)
        living = [table.c.deleted_at.is_(None)] if members.soft_delete else []
        account = table.c[account_field(plan, members)]
        return (
            select(account)
            .where(table.c[field_to(members, target)] == bindparam("id", type_=ID), *living)
            .where(*policies.conditions(members, member.conditions))
            .distinct()
            .limit(bindparam("limit"))
        )

    return unit.statements.made(f"members of {name}", build)


def _webhook(plan: Plan) -> Callable[[Any], Any]:
    """Read the one WebhookUrl of an account, without holding the row."""
    people = plan.accounts
    field = next(field for field in people.stored if field.kind == "webhook_url")

    def build(tables: Any) -> Any:
        table = tables[people.table]
        return select(table.c[field.column]).where(table.c.id == bindparam("id", type_=ID))

    return build


def browsers_of(tables: Any) -> Any:
    """Read the browsers in which an account has asked for notices."""
    table = tables["techlead_browser"]
    chosen = select(table.c.address, table.c.point, table.c.auth).order_by(table.c.id)
    return chosen.where(table.c.account == bindparam("account", type_=ID)).limit(BROWSERS_MAX)
