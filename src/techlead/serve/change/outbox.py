"""What a change leaves to be told: outbox rows in its own transaction, so they exist if and only if the change does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from techlead.deliver import sql_statements
from techlead.deliver.outbox import lane_of
from techlead.deliver.port import Kind
from techlead.deliver.step import State
from techlead.primitives.clock import SECOND_US
from techlead.serve.change.unit import Unit

INBOX: Final = "inbox"
WAITING: Final = State.WAITING.value
ACCOUNT: Final = sql_statements.MESSAGE.index("account")
NOBODY: Final = bytes(16)
"""Stands among those who are told something when a message is for no account: the dispatcher hurries all the same."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a change; `kind` decides its schedule, and one without a kind stays in the inbox."""

    notification: str
    channel: str
    resource: str
    row: bytes
    kind: Kind | None = None
    account: bytes | None = None
    destination: str = ""
    """The address, where it is known; empty where it is looked up when the message is sent."""
    subject: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    dedupe: str = ""
    """Of two messages with the same key within `dedupe_seconds` there is one."""
    not_before: int = 0
    """Microseconds since the epoch; the time to live begins there."""
    live_seconds_max: float | None = None
    """A shorter time to live than its limits give; never a longer one."""


async def put(unit: Unit, messages: Sequence[Message]) -> None:
    """Write the outbox rows of a change: one statement, however many there are."""
    await put_rows(unit, [_row(unit, message) for message in messages])


async def put_rows(unit: Unit, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows that are laid out as `sql_statements.MESSAGE` says: every change that tells something passes here."""
    if not rows:
        return
    await unit.run_many(unit.statements.made("outbox: put", sql_statements.put), rows)
    for row in rows:
        unit.told.add(row[ACCOUNT] or NOBODY)


def _row(unit: Unit, one: Message) -> tuple[Any, ...]:
    """Lay a message out as `sql_statements.MESSAGE` names its columns."""
    now = unit.now
    data = msgspec.json.encode(one.data).decode() if one.data else ""
    key = (unit.new_id(), one.account, one.notification, one.channel, one.resource, one.row, one.subject, one.text, now)
    if one.kind is None:
        return staying(key, one.destination, data, _dedupe(one))
    lane = lane_of(one.channel, one.destination)
    begins = max(now, one.not_before)
    live = unit.limits.of(one.kind, one.channel, one.notification, lane).live_seconds_max
    if one.live_seconds_max is not None:
        live = min(live, one.live_seconds_max)
    expires_at = begins + round(live * SECOND_US)
    return waiting(key, one.kind.value, lane, one.destination, data, expires_at, begins, _dedupe(one))


def staying(key: tuple[Any, ...], destination: str, data: str, dedupe: bytes | None = None) -> tuple[Any, ...]:
    """Lay out a message that nobody delivers: it is read where it is."""
    return (*key, "", "", destination, data, dedupe, None, "", None)


def waiting(
    key: tuple[Any, ...],
    kind: str,
    lane: str,
    destination: str,
    data: str,
    expires_at: int,
    begins: int,
    dedupe: bytes | None = None,
) -> tuple[Any, ...]:
    """Lay out a message that is delivered from `begins` until `expires_at` (microseconds since the epoch)."""
    return (*key, kind, lane, destination, data, dedupe, expires_at, WAITING, begins)


def _dedupe(one: Message) -> bytes | None:
    if not one.dedupe:
        return None
    of = f"{one.notification}\0{one.channel}\0{one.dedupe}".encode()
    return hashlib.sha256((one.account or NOBODY) + of).digest()
