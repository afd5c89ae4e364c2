"""Digests: what was collected for an account becomes one message when its hour has come, in the transaction that takes it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, select

from techlead.deliver.compose import COLLECTED, HTML, Composer
from techlead.deliver.port import Delivery, Kind, Waiting
from techlead.derive.tables import ID, TIMESTAMP
from techlead.primitives.clock import SECOND_US
from techlead.serve.actor import NOBODY_KNOWN
from techlead.serve.change.outbox import Message, put
from techlead.serve.change.unit import Unit
from techlead.serve.runtime import Runtime
from techlead.store.port import Transaction

DIGEST: Final = "digests"
DIGEST_NAME: Final = "digest"
"""Stands where a message has the name of its notification."""
LOOK_SECONDS: Final = 30
ITEMS_MAX: Final = 500
"""Messages taken in one round; the rest comes with the next."""
SHOWN_MAX: Final = 50
TEXT_CHARACTERS_MAX: Final = 500
MORE: Final = "And {} more, in your inbox."
NO_ROW: Final = bytes(16)


async def send_digests(runtime: Runtime, composer: Composer) -> None:
    """Put every digest into the outbox whose time has come."""
    statement = runtime.statements.made("digests due", _due)
    values = {"now": runtime.clock(), "most": ITEMS_MAX}
    rows = await runtime.store.read(statement.sql, statement.values(values))
    items = [dict(zip(COLLECTED, row, strict=True)) for row in rows]
    for (account, channel), group in groupby(items, key=lambda item: (item["account"], item["channel"])):
        await _send(runtime, composer, account, channel, list(group))


async def _send(
    runtime: Runtime, composer: Composer, account: bytes, channel: str, items: Sequence[Mapping[str, Any]]
) -> None:
    made = [one for item in items if isinstance(one := await composer.again(_waiting(item)), Delivery)]

    async def work(tx: Transaction) -> None:
        unit = Unit(
            tx, runtime.statements, NOBODY_KNOWN, runtime.clock(), runtime.random, DIGEST, DIGEST, runtime.limits
        )
        taken = 0
        for item in items:
            taken += len(await unit.run(unit.statements.made("digest taken", _taken), {"id": item["id"]}))
        if made and taken == len(
            items
        ):  # another process that took some of them tells of them, and this one later of the rest
            message = Message(
                DIGEST_NAME,
                channel,
                "",
                NO_ROW,
                kind=Kind.DIGEST,
                account=account,
                subject=_subject(made),
                text=_text(made),
                data={HTML: _html(made)},
            )
            await put(unit, [message])
        elif taken < len(items):
            raise TakenElsewhere

    try:
        await runtime.store.write(work)
    except TakenElsewhere:
        return
    runtime.told({account})


class TakenElsewhere(Exception):
    """Another process has just made this digest."""


def _subject(made: Sequence[Delivery]) -> str:
    return made[0].subject if len(made) == 1 else f"{len(made)} messages"


def _text(made: Sequence[Delivery]) -> str:
    parts = [f"{one.subject}\n{one.text[:TEXT_CHARACTERS_MAX]}".strip() for one in made[:SHOWN_MAX]]
    more = [MORE.format(len(made) - SHOWN_MAX)] if len(made) > SHOWN_MAX else []
    return "\n\n".join([*parts, *more])


def _html(made: Sequence[Delivery]) -> str:
    """Put the words together as HTML; a message that is too long for its part of a digest stands there as text."""
    parts = [f"<h2>{escape(one.subject)}</h2>\n{_part(one)}" for one in made[:SHOWN_MAX]]
    more = [f"<p>{MORE.format(len(made) - SHOWN_MAX)}</p>"] if len(made) > SHOWN_MAX else []
    return "\n".join([*parts, *more])


def _part(one: Delivery) -> str:
    if one.html is not None and len(one.text) <= TEXT_CHARACTERS_MAX:
        return one.html
    return "<p>" + escape(one.text[:TEXT_CHARACTERS_MAX].strip()).replace("\n", "<br>\n") + "</p>"


def _waiting(item: Mapping[str, Any]) -> Waiting:
    return Waiting(
        item["id"], Kind.DIGEST, item["channel"], item["account"], item["notification"], item["resource"], item["row"],
        "", item["subject"], item["text"], {}, item["created_at"], item["created_at"] + SECOND_US, 1,
    )  # fmt: skip


def _due(tables: Mapping[str, Any]) -> Any:
    table = tables["techlead_digest"]
    chosen = select(*(table.c[name] for name in COLLECTED)).where(table.c.due_at <= bindparam("now", type_=TIMESTAMP))
    return chosen.order_by(table.c.account, table.c.channel, table.c.id).limit(bindparam("most", type_=BigInteger()))


def _taken(tables: Mapping[str, Any]) -> Any:
    table = tables["techlead_digest"]
    return delete(table).where(table.c.id == bindparam("id", type_=ID)).returning(table.c.id)
