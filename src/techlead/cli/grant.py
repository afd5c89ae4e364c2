"""`techlead grant`: give an account a role, or take it away; only who can reach the database can."""

from __future__ import annotations

import argparse
import asyncio

from sqlalchemy import bindparam, select, update

from techlead.cli.project import load
from techlead.cli.serve import existing_database_of
from techlead.derive.plan import Plan
from techlead.derive.statements import Statements
from techlead.derive.tables import ID
from techlead.errors import SettingsRefused
from techlead.primitives import text
from techlead.store.open import open_store
from techlead.store.port import Transaction


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("email", help="the account's address")
    parser.add_argument("role", help="one of Backend(roles=[...])")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--database", default=None, help="sqlite:///FILE or postgresql://... (or TECHLEAD_DATABASE)")
    parser.add_argument("--revoke", action="store_true", help="take the role away")


def run(given: argparse.Namespace) -> int:
    """Change the roles of one account."""
    plan = load(given.folder).plan()
    if given.role not in plan.roles:
        roles = (
            f"choose one of {', '.join(plan.roles)}"
            if plan.roles
            else f'declare it: Backend(..., roles=["{given.role}"])'
        )
        message = f"{given.role!r} is not a role of {plan.name}: {roles}."
        raise SettingsRefused(message)
    asyncio.run(change_role(plan, existing_database_of(given), given.email, given.role, revoke=given.revoke))
    print(f"{given.email}: {'lost' if given.revoke else 'has'} the role {given.role}")  # noqa: T201 - the answer
    return 0


async def change_role(plan: Plan, database: str, email: str, role: str, *, revoke: bool) -> None:
    """Write an account's roles; SettingsRefused when there is no such account."""
    store = open_store(database)
    statements = Statements(plan, store.dialect)
    account = statements.table(plan.accounts)
    find = statements.made(
        "roles",
        lambda _tables: select(account.c.id, account.c.roles).where(account.c.email_key == bindparam("email_key")),
    )
    keep = statements.made(
        "keep roles",
        lambda _tables: (
            update(account).where(account.c.id == bindparam("row", type_=ID)).values(roles=bindparam("new_roles"))
        ),
    )

    async def work(tx: Transaction) -> bool:
        rows = await tx.run(find.sql, find.values({"email_key": text.email_key(email)}))
        if not rows:
            return False
        roles = set(rows[0][1].split())
        roles = roles - {role} if revoke else roles | {role}
        await tx.run(keep.sql, keep.values({"row": rows[0][0], "new_roles": " ".join(sorted(roles))}))
        return True

    await store.open()
    try:
        if not await store.write(work):
            message = f"There is no account {email}: register it first."
            raise SettingsRefused(message)
    finally:
        await store.close()
