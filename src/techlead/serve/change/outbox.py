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
    if not messages:
        return
    statement = unit.statements.made("outbox: put", sql_statements.put)
    rows = [statement.values(_values(unit, message)) for message in messages]
    await unit.run_many(statement, rows)
    unit.told.update(message.account or NOBODY for message in messages)


def _values(unit: Unit, message: Message) -> dict[str, Any]:
    kind = message.kind
    values: dict[str, Any] = {
        "id": unit.new_id(), "account": message.account, "notification": message.notification,
        "channel": message.channel, "resource": message.resource, "row": message.row, "subject": message.subject,
        "text": message.text, "created_at": unit.now, "kind": "", "lane": "", "destination": message.destination,
        "data": msgspec.json.encode(message.data).decode() if message.data else "", "dedupe": None,
        "expires_at": None, "state": "", "next_at": None,
    }  # fmt: skip
    if message.dedupe:
        of = f"{message.notification}\0{message.channel}\0{message.dedupe}".encode()
        values["dedupe"] = hashlib.sha256((message.account or NOBODY) + of).digest()
    if kind is not None:
        lane = lane_of(message.channel, message.destination)
        begins = max(unit.now, message.not_before)
        live = unit.limits.of(kind, message.channel, message.notification, lane).live_seconds_max
        if message.live_seconds_max is not None:
            live = min(live, message.live_seconds_max)
        values |= {"kind": kind.value, "lane": lane, "state": State.WAITING.value, "next_at": begins}
        values["expires_at"] = begins + round(live * SECOND_US)
    return values
