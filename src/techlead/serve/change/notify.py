"""Messages about a row: one outbox row for each recipient and channel, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select

from techlead.declare.access import Member
from techlead.declare.notification import Channel, Notification, Own
from techlead.declare.resource import Resource
from techlead.deliver.outbox import lane_of
from techlead.derive.access import SqlPolicies, account_field, at_path, field_to
from techlead.derive.plan import Plan, ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.derive.views import stored_values
from techlead.errors import ProgramError
from techlead.serve.change.outbox import put_rows, staying, waiting
from techlead.serve.change.telling import Telling, Way, telling_of
from techlead.serve.change.unit import Unit

RECIPIENTS_MAX: Final = 1_000
BROWSERS_MAX: Final = 10
"""Browsers of one account."""
NO_DATA: Final = ""
_encode = msgspec.json.encode


async def notify(unit: Unit, declared: Notification[Any], resource: ResourcePlan, row: Resource) -> None:
    """Write the outbox rows of one notification about one row: one statement, however many there are."""
    telling = unit.statements.kept((declared, unit.limits), lambda: _telling(unit, declared))
    planned = telling.planned
    if planned.resource != resource.name:
        message = f"an action sent {planned.name} about a {resource.name}"
        raise ProgramError(message)
    named = planned.to
    if isinstance(named, Member):
        accounts = await _members_of(unit, planned.name, named, resource, row)
    else:
        reference = row.read_value(named)
        accounts = [] if reference is None else [reference.raw]
    if not accounts:
        return
    said = (resource.name, row.id.raw, *telling.words(row), unit.now)
    rows: list[tuple[Any, ...]] = []
    for way in telling.ways:
        if way.at is not None:
            address = await _address(unit, resource, row, way.at)
            if address:
                rows.append(_laid_out(unit, telling, way, None, said, address, NO_DATA))
        elif not way.of_account:  # where the address is of the account, it is looked up when it is sent
            rows += [_laid_out(unit, telling, way, account, said, "", NO_DATA) for account in accounts]
        else:
            for account in accounts:
                found = await _of_account(unit, way.channel, account)
                rows += [_laid_out(unit, telling, way, account, said, address, data) for address, data in found]
    await put_rows(unit, rows)


def _telling(unit: Unit, declared: Notification[Any]) -> Telling:
    planned = next((one for one in unit.statements.plan.notifications if one.declared is declared), None)
    if planned is None:
        message = "an action sent a notification that is none of this backend"
        raise ProgramError(message)
    return telling_of(planned, unit.limits)


def _laid_out(
    unit: Unit, telling: Telling, way: Way, account: bytes | None, said: tuple[Any, ...], destination: str, data: str
) -> tuple[Any, ...]:
    """Lay one message out: of its key the columns that all share, then where it goes."""
    resource, about, subject, text, now = said
    key = (unit.new_id(), account, telling.planned.name, way.name, resource, about, subject, text, now)
    if way.kind is None:
        return staying(key, destination, data)
    lane = lane_of(way.name, destination) if destination else way.name
    return waiting(key, way.kind_name, lane, destination, data, now + telling.live_us(way, lane), now)


async def _of_account(unit: Unit, channel: Channel | Own, account: bytes) -> Sequence[tuple[str, str]]:
    """Give the addresses of an account on a channel, with what is known of each."""
    if channel is Channel.WEBHOOK:
        statement = unit.statements.made("webhook of account", _webhook(unit.statements.plan))
        rows = await unit.run(statement, {"id": account})
        return [(address, NO_DATA) for (address,) in rows if address]
    rows = await unit.run(unit.statements.made("browsers of account", browsers_of), {"account": account})
    return [(address, _encode({"p256dh": point, "auth": auth}).decode()) for address, point, auth in rows]


async def _members_of(unit: Unit, name: str, member: Member, resource: ResourcePlan, row: Resource) -> list[bytes]:
    found = await _at_path(unit, resource, row, member.path)
    if found is None:
        return []
    statement = _members(unit, name, member, at_path(unit.statements.plan, resource, member.path))
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
