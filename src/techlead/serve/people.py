"""Finding an account by its address, for verbs of the command line that act as somebody."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, bindparam, or_, select

from techlead.derive.access import ActorClass
from techlead.derive.statements import Statements
from techlead.errors import SettingsRefused
from techlead.primitives.text import email_key
from techlead.serve.actor import Actor
from techlead.store.port import Transaction

FOUND_MAX: Final = 2


async def account_named(tx: Transaction, statements: Statements, name: str) -> Actor:
    """Find an account by its address, or by the part before the @ when that names one; SettingsRefused otherwise."""
    accounts = statements.plan.accounts

    def build(tables: Any) -> Any:
        account = tables[accounts.table]
        starts = account.c.email_key.like(bindparam("start", type_=String()), escape="/")
        wanted = or_(account.c.email_key == bindparam("key", type_=String()), starts)
        return select(account.c.id, account.c.roles).where(wanted).limit(FOUND_MAX)

    statement = statements.made("account named", build)
    start = "".join(f"/{one}" if one in "/%_" else one for one in name.lower())
    known = email_key(name) if "@" in name else name
    rows = await tx.run(statement.sql, statement.values({"key": known, "start": f"{start}@%"}))
    if len(rows) != 1:
        few = "no account" if not rows else "more than one account"
        raise SettingsRefused(f"{name!r} names {few}: give the whole address.")
    return Actor(rows[0][0], ActorClass(signed_in=True, roles=frozenset(rows[0][1].split())))
