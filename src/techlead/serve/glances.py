"""Reads of one row, answered in one go where all is as usual: nothing to wait for, no refusal, no fault.

A glance does what `rows.read_one` does, in one statement: the row, under its policy, while the session of the one who
asks lives and is still theirs. Whatever is not as usual gives None, and the long way finds it again and says it well; so
a glance refuses nothing, raises nothing and logs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from techlead.derive.access import ANONYMOUS, ActorClass
from techlead.derive.codecs import read_id
from techlead.derive.plan import ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.views import View
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
    route, prefix = f"/{resource.path}/{{id}}", resource.prefix
    look, authenticator = runtime.store.glance, runtime.authenticator
    anonymous = _prepared(runtime, resource, ANONYMOUS)
    by_roles: dict[str, Prepared | None] = {}

    def glance(text: str, headers: dict[bytes, bytes]) -> Seen | None:
        values: dict[str, Any]
        given = headers.get(b"authorization")
        if given is None:
            values, prepared = {"actor": None}, anonymous
        else:
            actor = authenticator.remembered(given)
            if actor is None:
                return None
            if actor.roles not in by_roles:
                by_roles[actor.roles] = _prepared(runtime, resource, actor.kind)
            values, prepared = authenticator.values_of(actor), by_roles[actor.roles]
        if prepared is None:
            return None
        try:
            values["id"] = read_id(prefix, text)
        except ValueError:
            return None
        statement, seen = prepared
        rows = look(statement.sql, statement.values(values))
        return Seen(one_row(seen, rows[0], headers.get(b"if-none-match")), route, values["actor"]) if rows else None

    return glance


def _prepared(runtime: Runtime, resource: ResourcePlan, kind: ActorClass) -> Prepared | None:
    """Give the statement and the view of a class of actors; None when the operation is closed to it."""
    visible, session = resource.access.read, runtime.authenticator.living if kind.signed_in else None
    if runtime.is_closed(visible, kind):
        return None
    return runtime.statements.row(resource, kind, visible, session=session), runtime.view(resource, kind)
