"""Messages about a row: one outbox row for each recipient and channel, in the transaction of the change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import bindparam, select

from techlead.declare.access import Member
from techlead.declare.notification import Channel, Notification
from techlead.declare.resource import Resource
from techlead.deliver.port import Kind
from techlead.derive.access import SqlPolicies, account_field, at_path, field_to
from techlead.derive.plan import NotificationPlan, ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.derive.views import stored_values
from techlead.errors import ProgramError
from techlead.serve.change.outbox import Message, put
from techlead.serve.change.unit import Unit

RECIPIENTS_MAX: Final = 1_000
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
KINDS: Final[Mapping[Channel, Kind]] = {
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
        addresses = {channel: await _address(unit, resource, row, path) for channel, path in planned.at.items()}
        await put(unit, [one for account in accounts for one in _messages(planned, resource, row, account, addresses)])


def _messages(
    planned: NotificationPlan, resource: ResourcePlan, row: Resource, account: bytes, addresses: Mapping[Channel, str]
) -> Iterator[Message]:
    subject, text = fill_in(planned.subject, row), fill_in(planned.text, row)
    for channel in planned.via:
        yield Message(
            planned.name,
            channel.value,
            resource.name,
            row.id.raw,
            kind=Kind.CODE if planned.code and channel in KINDS else KINDS.get(channel),
            account=account,
            destination=addresses.get(channel, ""),
            subject=subject,
            text=text,
        )


def fill_in(text: str, row: Resource) -> str:
    """Put a row's values where the text names them in braces; nothing else in it is ever read as code."""
    return PLACEHOLDER.sub(lambda found: spoken(row.read_value(found[1])), text)


def spoken(value: Any) -> str:
    """Write a value as a person reads it."""
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat(" ", "minutes") if hasattr(value, "hour") else value.isoformat())
    return str(getattr(value, "value", value))


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
