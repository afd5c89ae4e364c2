"""Reads of one row, answered in one go where all is as usual: nothing to wait for, no refusal, no fault.

A glance does what `rows.read_one` does, in the same order: the session is looked up, the policy is part of the SQL.
Both look-ups share one snapshot of the database, which costs as much as a row. Whatever is not as usual gives None, and
the long way finds the same again and says it well; so a glance refuses nothing, raises nothing and logs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from techlead.derive.access import ANONYMOUS, ActorClass
from techlead.derive.codecs import read_id
from techlead.derive.plan import ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.views import View
from techlead.errors import NotSignedIn
from techlead.serve.answer import Answer
from techlead.serve.rows import one_row
from techlead.serve.runtime import Runtime

Glance = Callable[[str, dict[bytes, bytes]], "Seen | None"]
"""Answers for the text of an id and the headers of a request."""
Prepared = tuple[Statement, View]


class Seen(NamedTuple):
    """What a glance saw: the answer, the pattern of its route, and who asked."""

    answer: Answer
    route: str
    account: bytes | None


def glance_of(runtime: Runtime, resource: ResourcePlan) -> Glance:
    """Give the glance at a row of a resource."""
    route, prefix, store, authenticator = (
        f"/{resource.path}/{{id}}",
        resource.prefix,
        runtime.store,
        runtime.authenticator,
    )
    anonymous = _prepared(runtime, resource, ANONYMOUS)
    by_roles: dict[str, Prepared | None] = {}

    def for_nobody(row_id: bytes, headers: dict[bytes, bytes]) -> Seen | None:
        if anonymous is None:
            return None
        statement, seen = anonymous
        rows = store.glance(statement.sql, statement.values({"id": row_id, "actor": None}))
        return Seen(one_row(seen, rows[0], headers.get(b"if-none-match")), route, None) if rows else None

    def glance(text: str, headers: dict[bytes, bytes]) -> Seen | None:
        given = headers.get(b"authorization")
        try:
            row_id = read_id(prefix, text)
            if given is None:
                return for_nobody(row_id, headers)
            sql, values = authenticator.look_up(given)
        except (ValueError, NotSignedIn):
            return None
        account = seen = None

        def row_of(actor: tuple[Any, ...]) -> tuple[str, Sequence[Any]] | None:
            nonlocal account, seen
            account, roles = actor
            if roles not in by_roles:
                by_roles[roles] = _prepared(runtime, resource, authenticator.kind(roles))
            known = by_roles[roles]
            if known is None:
                return None
            statement, seen = known
            return statement.sql, statement.values({"id": row_id, "actor": account})

        rows = store.glance(sql, values, row_of)
        if not rows or seen is None:
            return None
        return Seen(one_row(seen, rows[0], headers.get(b"if-none-match")), route, account)

    return glance


def _prepared(runtime: Runtime, resource: ResourcePlan, kind: ActorClass) -> Prepared | None:
    """Give the statement and the view of a class of actors; None when the operation is closed to it."""
    if runtime.is_closed(resource.access.read, kind):
        return None
    return runtime.statements.row(resource, kind, resource.access.read), runtime.view(resource, kind)
