"""Messages about a row: one outbox row for each recipient and channel, in the transaction of the change."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import bindparam, insert, select

from techlead.declare.access import Member
from techlead.declare.notification import Notification
from techlead.declare.resource import Resource
from techlead.derive.access import SqlPolicies, account_field, at_path, field_to
from techlead.derive.plan import NotificationPlan, ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.derive.views import stored_values
from techlead.errors import ProgramError
from techlead.serve.change.unit import Unit

RECIPIENTS_MAX: Final = 1_000
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
OUTBOX: Final = ("id", "account", "notification", "channel", "resource", "row", "subject", "text", "created_at")


async def notify(unit: Unit, declared: Notification[Any], resource: ResourcePlan, row: Resource) -> None:
    """Write the outbox rows of one notification about one row."""
    planned = next((one for one in unit.statements.plan.notifications if one.declared is declared), None)
    if planned is None or planned.resource != resource.name:
        message = f"an action sent {planned.name if planned else 'a notification'} about a {resource.name}"
        raise ProgramError(message)
    for account in await _recipients(unit, planned, resource, row):
        for channel in planned.via:
            entry = {
                "id": unit.new_id(),
                "account": account,
                "notification": planned.name,
                "channel": channel.value,
                "resource": resource.name,
                "row": row.id.raw,
                "subject": fill_in(planned.subject, row),
                "text": fill_in(planned.text, row),
                "created_at": unit.now,
            }
            await unit.run(unit.statements.made("outbox", _outbox), entry)
        unit.told.add(account)


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


def _outbox(tables: Any) -> Any:
    table = tables["techlead_outbox"]
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in OUTBOX})
