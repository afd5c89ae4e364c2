"""The operations on rows: read, list, create, change, delete, act, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select

from techlead.declare.access import Policy, owner
from techlead.derive.access import ActorClass
from techlead.derive.codecs import read_id, written_suffix
from techlead.derive.plan import ActionPlan, ResourcePlan
from techlead.derive.statements import Statement
from techlead.derive.tables import ID
from techlead.derive.views import View, as_row, revision_of
from techlead.errors import MalformedRequest, NotFound
from techlead.primitives import ids
from techlead.primitives.clock import to_datetime
from techlead.serve.answer import Answer, encode, json_answer
from techlead.serve.change.act import act
from techlead.serve.change.create import create
from techlead.serve.change.fields import Form, body_from
from techlead.serve.change.unit import Unit
from techlead.serve.change.update import remove, update
from techlead.serve.probe import probe_of
from techlead.serve.query import page_of
from techlead.serve.request import Request
from techlead.serve.runtime import Handler, Runtime

HISTORY_ROWS_MAX: Final = 100


def read_one(runtime: Runtime, resource: ResourcePlan, visible: Policy) -> Handler:
    """GET one row, within what the actor may see; 304 when the caller has it already."""
    prefix, store = resource.prefix, runtime.store
    prepared: dict[ActorClass, tuple[Statement, View]] = {}

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, visible)
        kind = actor.kind
        known = prepared.get(kind)
        if known is None:
            statement = runtime.statements.row(resource, kind, visible)
            known = prepared[kind] = (statement, runtime.view(resource, kind))
        statement, seen = known
        row_id = row_id_of(prefix, request.params[0])
        rows = await store.read(statement.sql, statement.values({"id": row_id, "actor": actor.account}))
        if not rows:
            raise NotFound
        return one_row(seen, rows[0], request.headers.get(b"if-none-match"))

    return handle


def one_row(seen: View, row: tuple[Any, ...], if_none_match: bytes | None) -> Answer:
    """Answer with a row as it is seen; 304 when the caller has it already."""
    etag = seen.etag(row)
    if if_none_match is not None and _listed(if_none_match, etag):
        return Answer(304, b"", ((b"etag", etag),))
    return Answer(200, encode(seen.shown(row)), ((b"etag", etag),))


def read_many(runtime: Runtime, resource: ResourcePlan) -> Handler:
    """GET a page of rows, within what the actor may see."""
    store, settings = runtime.store, runtime.settings

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, resource.access.read)
        page = page_of(resource, request.query, settings.page_rows, settings.page_rows_max)
        statement = runtime.statements.page(resource, actor.kind, page.shape)
        values = {**page.values, "actor": actor.account, "limit": page.limit + 1}
        rows = await store.read(statement.sql, statement.values(values))
        seen = runtime.view(resource, actor.kind)
        following = page.cursor_after(rows[page.limit - 1]) if len(rows) > page.limit else None
        return json_answer(200, {"items": [seen.shown(row) for row in rows[: page.limit]], "next": following})

    return handle


def create_one(runtime: Runtime, resource: ResourcePlan) -> Handler:
    """POST a new row."""
    operation = f"create_{resource.table}"
    form = Form(resource.fields)
    probe = probe_of(runtime, resource)
    known = runtime.presumed_actor if probe is None else runtime.actor  # nobody is asked on a presumption

    async def handle(request: Request) -> Answer:
        actor = await known(request, resource.access.create)
        given = form.parse(await request.json(), partial=False)
        if probe is not None:
            await probe(given)

        async def work(unit: Unit) -> Answer:
            values, revision = await create(unit, resource, given, resource.access.create)
            return await created(runtime, unit, resource, values, revision)

        return await runtime.change(request, actor, operation, work)

    return handle


def change_one(runtime: Runtime, resource: ResourcePlan) -> Handler:
    """PATCH some fields of a row."""
    operation = f"update_{resource.table}"
    form = Form(resource.fields)
    probe = probe_of(runtime, resource)
    known = runtime.presumed_actor if probe is None else runtime.actor  # nobody is asked on a presumption

    async def handle(request: Request) -> Answer:
        actor = await known(request, resource.access.update)
        row_id = row_id_of(resource.prefix, request.params[0])
        given = form.parse(await request.json(), partial=True)
        if probe is not None:
            await probe(given)

        async def work(unit: Unit) -> Answer:
            policy = resource.access.update
            values, revision = await update(unit, resource, row_id, given, if_match_of(request), policy)
            return await shown(runtime, unit, resource, values, revision)

        return await runtime.change(request, actor, operation, work)

    return handle


def delete_one(runtime: Runtime, resource: ResourcePlan) -> Handler:
    """DELETE a row."""
    operation = f"delete_{resource.table}"

    async def handle(request: Request) -> Answer:
        actor = await runtime.presumed_actor(request, resource.access.delete)
        row_id = row_id_of(resource.prefix, request.params[0])
        await request.read_body()

        async def work(unit: Unit) -> Answer:
            await remove(unit, resource, row_id, if_match_of(request))
            return Answer(204)

        return await runtime.change(request, actor, operation, work)

    return handle


def act_on_one(runtime: Runtime, resource: ResourcePlan, action: ActionPlan) -> Handler:
    """POST an action on a row."""
    form = None if action.body is None else Form(action.body.fields)

    async def handle(request: Request) -> Answer:
        actor = await runtime.presumed_actor(request, action.by)
        row_id = row_id_of(resource.prefix, request.params[0])
        body = await body_of(request, action, form)

        async def work(unit: Unit) -> Answer:
            await act(unit, resource, action, row_id, body, if_match_of(request))
            return await seen_now(runtime, unit, resource, row_id)

        return await runtime.change(request, actor, action.name, work)

    return handle


async def body_of(request: Request, action: ActionPlan, form: Form | None) -> Any:
    """Read an action's body as its frozen, typed form; an action without one takes nothing or an empty object."""
    if action.body is None or form is None:
        if (await request.read_body()).strip() not in (b"", b"{}"):
            message = "This action takes no body."
            raise MalformedRequest(message)
        return None
    return body_from(action.body, form.parse(await request.json(), partial=False))


def history_of(runtime: Runtime, resource: ResourcePlan) -> Handler:
    """GET what changed in a row, the newest first: who, when, what."""
    statement = runtime.statements.made("history of", _history)

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, resource.access.history)
        row_id = row_id_of(resource.prefix, request.params[0])
        visible = runtime.statements.row_or_deleted(resource, actor.kind, resource.access.history)
        rows = await runtime.store.read(visible.sql, visible.values({"id": row_id, "actor": actor.account}))
        if not rows:
            raise NotFound
        values = statement.values({"row": row_id, "limit": HISTORY_ROWS_MAX})
        entries = await runtime.store.read(statement.sql, values)
        return json_answer(200, {"items": [_entry(runtime, one) for one in entries]})

    return handle


def row_id_of(prefix: str, text: str) -> bytes:
    """Decode an id from the path; NotFound for whatever is none, as for a row that is not there."""
    try:
        return read_id(prefix, text)
    except ValueError:
        raise NotFound from None


def if_match_of(request: Request) -> frozenset[str] | None:
    """Give the revisions that `If-Match` names, None when it is not sent."""
    given = request.headers.get(b"if-match")
    if given is None:
        return None
    return frozenset(
        revision_of(tag.strip()) if tag.strip() != "*" else "*" for tag in given.decode("latin-1").split(",")
    )


async def created(
    runtime: Runtime, unit: Unit, resource: ResourcePlan, values: Mapping[str, Any], revision: int
) -> Answer:
    """Answer 201 with the new row as its creator sees it."""
    _, body, headers, *_ = await shown(runtime, unit, resource, values, revision)
    place = f"/{resource.path}/{resource.prefix}_{written_suffix(values['id'])}".encode()
    return Answer(201, body, (*headers, (b"location", place)))


async def shown(
    runtime: Runtime, unit: Unit, resource: ResourcePlan, values: Mapping[str, Any], revision: int
) -> Answer:
    """Answer with a row given by its values, as the actor sees it; with its id alone when they may not read it."""
    visible = visible_to(resource)
    if not await unit.allowed(visible, resource, values):
        return json_answer(200, {"id": ids.encode(resource.prefix, values["id"])})
    seen = runtime.view(resource, unit.actor.kind)
    flags = [await unit.allowed(policy, resource, values) for _, policy in seen.flags]
    row = (*as_row(resource, values, revision), *flags)
    return one_row(seen, row, None)


async def seen_now(runtime: Runtime, unit: Unit, resource: ResourcePlan, row_id: bytes) -> Answer:
    """Answer with a row as it now is; 204 when the actor can no longer see it."""
    try:
        row = await unit.row(resource, row_id, visible_to(resource))
    except NotFound:
        return Answer(204)
    seen = runtime.view(resource, unit.actor.kind)
    return one_row(seen, row, None)


def visible_to(resource: ResourcePlan) -> Policy:
    """Give who sees a row: its `read`, and an account sees itself."""
    return resource.access.read | owner if resource.is_account else resource.access.read


def _listed(header: bytes, etag: bytes) -> bool:
    tags = [tag.strip().removeprefix(b"W/") for tag in header.split(b",")]
    return etag in tags or b"*" in tags


def _history(tables: Any) -> Any:
    table = tables["techlead_history"]
    chosen = [table.c[name] for name in ("at", "actor", "operation", "changes")]
    of_row = table.c.row == bindparam("row", type_=ID)
    return select(*chosen).where(of_row).order_by(table.c.id.desc()).limit(bindparam("limit"))


def _entry(runtime: Runtime, row: tuple[Any, ...]) -> dict[str, Any]:
    at, actor, operation, changes = row
    return {
        "at": to_datetime(at),
        "actor": None if actor is None else ids.encode(runtime.plan.accounts.prefix, actor),
        "operation": operation,
        "changes": msgspec.Raw(changes.encode()),
    }
