"""The statements of the desk: what an operator sees of the outbox, and changes in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    String,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from techlead.deliver.port import Kind
from techlead.deliver.sql_statements import ROW
from techlead.deliver.step import LIFE, Happening, State
from techlead.derive.tables import ID, TIMESTAMP

Tables = Mapping[str, Any]
MESSAGE: Final = (
    "id", "account", "notification", "kind", "channel", "lane", "state", "reason", "tries", "created_at", "expires_at",
    "next_at", "ended_at",
)  # fmt: skip
"""What is shown of a message: never its address or a word of it."""
ATTEMPT: Final = ("number", "started_at", "ended_at", "outcome", "fault", "detail", "probe")
REPLAYABLE: Final = tuple(state.value for state, happening in LIFE if happening is Happening.REPLAYED)
DROPPABLE: Final = tuple(state.value for state, happening in LIFE if happening is Happening.DROPPED)


def _one_of(column: Any, values: tuple[str, ...]) -> Any:
    """Compare with literals: an expanding parameter would need its values now."""
    return column.in_([literal_column(f"'{value}'") for value in values])


def queues(tables: Tables) -> Any:
    """Count what waits in each lane, and when the first of it is due."""
    table = tables["techlead_outbox"]
    waits = table.c.next_at.is_not(None)
    return select(table.c.lane, func.count(), func.min(table.c.next_at)).where(waits).group_by(table.c.lane)


def failures(tables: Tables) -> Any:
    """Count what ended undelivered in each lane, by its state."""
    table = tables["techlead_outbox"]
    dead = and_(table.c.ended_at.is_not(None), _one_of(table.c.state, REPLAYABLE))
    chosen = select(table.c.lane, table.c.state, func.count()).where(dead)
    return chosen.group_by(table.c.lane, table.c.state)


def lanes(tables: Tables) -> Any:
    """Read what is known of each destination."""
    table = tables["techlead_lane"]
    return select(table.c.name, table.c.state, table.c.held_at).order_by(table.c.name)


def message(tables: Tables) -> Any:
    """Read one message."""
    table = tables["techlead_outbox"]
    this = and_(table.c.id == bindparam("id", type_=ID), table.c.lane != "")
    return select(*(table.c[name] for name in MESSAGE)).where(this)


def attempts(tables: Tables) -> Any:
    """Read the history of one message."""
    table = tables["techlead_attempt"]
    chosen = select(*(table.c[name] for name in ATTEMPT)).where(table.c.message == bindparam("id", type_=ID))
    return chosen.order_by(table.c.number)


def ended(tables: Tables) -> Any:
    """Read messages of one state, in one lane or (with an empty name) in all, the newest first."""
    table = tables["techlead_outbox"]
    here = bindparam("lane", type_=String())
    chosen = select(*(table.c[name] for name in MESSAGE)).where(
        table.c.ended_at.is_not(None),  # as the index has it: else all that was ever delivered is looked through
        table.c.state == bindparam("state", type_=String()),
        table.c.lane != "",
        or_(table.c.lane == here, here == ""),
        table.c.id < bindparam("before", type_=ID),
    )
    return chosen.order_by(table.c.id.desc()).limit(bindparam("limit", type_=BigInteger()))


def replayable(tables: Tables) -> Any:
    """Read the next messages of a lane (or of all) that ended undelivered; codes are gone with their end."""
    table = tables["techlead_outbox"]
    here = bindparam("lane", type_=String())
    chosen = select(table.c.id, table.c.kind, table.c.channel, table.c.notification, table.c.lane).where(
        table.c.ended_at.is_not(None),
        _one_of(table.c.state, REPLAYABLE),
        table.c.kind != Kind.CODE.value,
        or_(table.c.lane == here, here == ""),
        table.c.id > bindparam("after", type_=ID),
    )
    return chosen.order_by(table.c.id).limit(bindparam("limit", type_=BigInteger()))


def replay(tables: Tables) -> Any:
    """Let a message that ended undelivered begin its life anew, with its id."""
    table = tables["techlead_outbox"]
    this = and_(
        table.c.id == bindparam("message", type_=ID),
        _one_of(table.c.state, REPLAYABLE),
        table.c.kind != Kind.CODE.value,
    )
    return (
        update(table)
        .where(this)
        .values(
            state=State.WAITING.value,
            reason="replayed",
            tries=0,
            claim=null(),
            ended_at=null(),
            next_at=bindparam("now", type_=TIMESTAMP),
            expires_at=bindparam("expires", type_=TIMESTAMP),
        )
        .returning(table.c.id)
    )


def call(tables: Tables) -> Any:
    """Read a call that waits, and hold it; the action that is told of its end needs all of it."""
    table = tables["techlead_outbox"]
    this = and_(
        table.c.id == bindparam("id", type_=ID),
        table.c.kind == literal_column(f"'{Kind.CALL.value}'"),
        table.c.state == literal_column(f"'{State.WAITING.value}'"),
    )
    return select(*(table.c[name] for name in ROW)).where(this).with_for_update()


def drop(tables: Tables) -> Any:
    """End a message that nobody is trying just now."""
    table = tables["techlead_outbox"]
    now = bindparam("now", type_=TIMESTAMP)
    this = and_(
        table.c.id == bindparam("message", type_=ID),
        _one_of(table.c.state, DROPPABLE),
        or_(table.c.claim.is_(None), table.c.next_at.is_(None), table.c.next_at <= now),
    )
    values = {"state": State.DROPPED.value, "reason": "dropped", "claim": null(), "next_at": null()}
    return update(table).where(this).values(**values, ended_at=now).returning(table.c.id)


def hold(tables: Tables) -> Any:
    """Let a destination wait until it is resumed, or (without a moment) no longer."""
    table = tables["techlead_lane"]
    this = table.c.name == bindparam("lane", type_=String())
    return update(table).where(this).values(held_at=bindparam("held", type_=TIMESTAMP)).returning(table.c.name)


def forget_gone(tables: Tables) -> Any:
    """Try again what answered that nobody is there."""
    table = tables["techlead_gone"]
    return delete(table).where(table.c.lane == bindparam("lane", type_=String()))
