"""Who asks: nobody known, or an account with a living session, looked up on every request (so ending it is immediate).

Whose a session is never changes, so that much is remembered, with the roles last seen. A read then asks for its row and
for "this session lives, and is still theirs" in one statement, and a change asks for it in its transaction: nothing is
ever decided by the memory alone.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, exists, false, literal_column, select

from techlead.derive.access import ANONYMOUS, ActorClass
from techlead.derive.plan import Plan
from techlead.derive.statements import Statement, Statements
from techlead.derive.tables import BYTES, ID, TIMESTAMP
from techlead.errors import NotSignedIn
from techlead.primitives.clock import Clock
from techlead.store.port import Store, Transaction

TOKEN_BYTES: Final = 32
SCHEME: Final = b"bearer "
TOKEN_LENGTH: Final = 43
"""32 bytes in base64url without padding."""


class Actor(NamedTuple):
    """An account (16 bytes, None for anonymous), what policies know of it, its session, and its roles as they are stored."""

    account: bytes | None
    kind: ActorClass
    session: bytes = b""
    roles: str = ""


NOBODY_KNOWN: Final = Actor(None, ANONYMOUS)
REMEMBERED_MAX: Final = 10_000
"""Of how many sessions it is remembered whose they are: some three megabytes."""


class Authenticator:
    """Finds the account behind a bearer token; the database holds only the token's SHA-256."""

    def __init__(self, plan: Plan, statements: Statements, store: Store, clock: Clock) -> None:
        """Prepare the one look-up."""
        self._store = store
        self._clock = clock
        self._roles = frozenset(plan.roles)
        self._kinds: dict[str, ActorClass] = {}
        self._remembered: dict[bytes, Actor] = {}
        self.living = _living(plan, statements) if plan.account else false()
        """The condition that an actor's session lives and is still theirs; `values_of` gives its values."""
        self._confirming = statements.made("session lives", lambda _: select(literal_column("1")).where(self.living))
        self._statement = _look_up(plan, statements) if plan.account else None
        self._order = self._statement.names if self._statement else ()
        self._place = self._order.index("token_hash") if self._order else 0

    async def actor(self, headers: dict[bytes, bytes]) -> Actor:
        """Authenticate a request; NotSignedIn for a token that is malformed, unknown, expired or revoked."""
        given = headers.get(b"authorization")
        if given is None or self._statement is None:
            return NOBODY_KNOWN
        sql, values = self.look_up(given)
        rows = self._store.glance(sql, values)
        if rows is None:
            rows = await self._store.read(sql, values)
        session = values[self._place]
        if not rows:
            self._remembered.pop(session, None)
            raise NotSignedIn
        account, roles = rows[0]
        actor = Actor(account, self._kinds.get(roles) or self.kind(roles), session, roles)
        self._remember(actor)
        return actor

    def remembered(self, given: bytes | None) -> Actor | None:
        """Give whose the session of an `Authorization` header was when it was last looked up; None when nobody remembers."""
        if given is None or given[:7].lower() != SCHEME:
            return None
        return self._remembered.get(hashlib.sha256(given[7:]).digest())

    def values_of(self, actor: Actor) -> dict[str, Any]:
        """Give the values of `living` for a remembered actor."""
        return {"token_hash": actor.session, "now": self._clock(), "actor": actor.account, "roles": actor.roles}

    async def confirm(self, tx: Transaction, actor: Actor) -> None:
        """See in a transaction that an actor's session lives and is still theirs, with the same roles; else NotSignedIn."""
        statement = self._confirming
        if not await tx.run(statement.sql, statement.values(self.values_of(actor))):
            self._remembered.pop(actor.session, None)
            raise NotSignedIn

    def forget(self, given: bytes | None) -> None:
        """Forget whose the session of an `Authorization` header was."""
        known = self.remembered(given)
        if known is not None:
            del self._remembered[known.session]

    def _remember(self, actor: Actor) -> None:
        """Remember whose a session is, and forget another one for it when there are too many."""
        if actor.session not in self._remembered and len(self._remembered) >= REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[actor.session] = actor

    def look_up(self, given: bytes) -> tuple[str, list[Any]]:
        """Give what finds the account and the roles behind an `Authorization` header; NotSignedIn when it holds no token."""
        if self._statement is None or given[:7].lower() != SCHEME or len(given) != len(SCHEME) + TOKEN_LENGTH:
            raise NotSignedIn
        token_hash, now = hashlib.sha256(given[7:]).digest(), self._clock()
        return self._statement.sql, [now, token_hash] if self._place else [token_hash, now]

    def kind(self, roles: str) -> ActorClass:
        """Give what policies know of an account with these roles."""
        kind = ActorClass(signed_in=True, roles=self._roles & frozenset(roles.split()))
        return self._kinds.setdefault(roles, kind)


def _living(plan: Plan, statements: Statements) -> ColumnElement[bool]:
    """Give the condition that session `:token_hash` lives at `:now`, and is `:actor`'s, whose roles are `:roles`."""
    tables = statements.metadata.tables
    # Aliases, correlated with nothing: the statement around it may read accounts, too. Short ones: the driver looks a
    # prepared statement up by its whole text.
    session, account = tables["techlead_session"].alias("s"), tables[plan.accounts.table].alias("a")
    found = (
        select(account.c.id)
        .select_from(session.join(account, account.c.id == session.c.account))
        .where(
            session.c.token_hash == bindparam("token_hash", type_=BYTES),
            session.c.expires_at > bindparam("now", type_=TIMESTAMP),
            account.c.id == bindparam("actor", type_=ID),
            account.c.roles == bindparam("roles", type_=account.c.roles.type),
            account.c.disabled.is_(False),
        )
    )
    return exists(found.correlate(None))


def _look_up(plan: Plan, statements: Statements) -> Statement:
    def build(tables: Any) -> Any:
        session, account = tables["techlead_session"], tables[plan.accounts.table]
        return (
            select(account.c.id, account.c.roles)
            .select_from(session.join(account, account.c.id == session.c.account))
            .where(
                session.c.token_hash == bindparam("token_hash", type_=BYTES),
                session.c.expires_at > bindparam("now", type_=TIMESTAMP),
                account.c.disabled.is_(False),
            )
        )

    return statements.made("session", build)
