"""Browsers: in which of them an account has asked for notices (web push), at most a few, each at one address."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import bindparam, delete, func, insert, select

from techlead.declare.access import signed_in
from techlead.deliver.push_encryption import Browser, Vapid, decode
from techlead.derive.tables import BYTES, ID
from techlead.errors import FieldError, InvalidFields, NotFound, Refused
from techlead.primitives import ids
from techlead.primitives.guard import check_url
from techlead.primitives.text import url
from techlead.serve.answer import Answer, json_answer
from techlead.serve.change.notify import BROWSERS_MAX
from techlead.serve.change.unit import Unit
from techlead.serve.request import Request
from techlead.serve.rows import row_id_of
from techlead.serve.runtime import Handler, Runtime

PREFIX: Final = "browser"
KEPT: Final = ("id", "account", "address_hash", "address", "point", "auth", "created_at")


def list_browsers(runtime: Runtime) -> Handler:
    """GET the actor's own browsers, and the key that a browser is to be given as `applicationServerKey`."""
    statement = runtime.statements.made("browsers", _mine)
    private = runtime.keys.push()
    key = Vapid(private, "").public if private is not None else ""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        rows = await runtime.store.read(statement.sql, statement.values({"account": actor.account}))
        return json_answer(200, {"items": [_shown(browser, address) for browser, address in rows], "key": key})

    return handle


def add_browser(runtime: Runtime) -> Handler:
    """POST one browser's subscription; one that is known already is known once, with its new keys."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        address, point, auth = _subscription(await request.json())
        hashed = hashlib.sha256(address.encode()).digest()

        async def work(unit: Unit) -> Answer:
            await unit.run(unit.statements.made("browser again", _forget), {"address_hash": hashed})
            count = await unit.run(unit.statements.made("count browsers", _count), {"account": actor.account})
            if count[0][0] >= BROWSERS_MAX:
                message = f"An account has at most {BROWSERS_MAX} browsers: remove one first."
                raise Refused(message)
            browser = unit.new_id()
            values = {
                "id": browser, "account": actor.account, "address_hash": hashed, "address": address, "point": point,
                "auth": auth, "created_at": unit.now,
            }  # fmt: skip
            await unit.run(unit.statements.made("add browser", _add), values)
            return json_answer(201, _shown(browser, address))

        return await runtime.change(request, actor, "add_browser", work)

    return handle


def remove_browser(runtime: Runtime) -> Handler:
    """DELETE one of the actor's own browsers."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        browser = row_id_of(PREFIX, request.params[0])
        await request.read_body()

        async def work(unit: Unit) -> Answer:
            statement = unit.statements.made("remove browser", _remove)
            if not await unit.run(statement, {"id": browser, "account": actor.account}):
                raise NotFound
            return Answer(204)

        return await runtime.change(request, actor, "remove_browser", work)

    return handle


def _subscription(sent: Any) -> tuple[str, str, str]:
    if not isinstance(sent, dict) or set(sent) - {"expirationTime"} != {"endpoint", "keys"}:
        raise InvalidFields(errors=(FieldError("", "must be what PushSubscription.toJSON() gives."),))
    errors = []
    address, point, auth = "", "", ""
    try:
        address = check_url(url(sent["endpoint"], schemes=("https",)))
    except (ValueError, TypeError) as error:
        errors.append(FieldError("/endpoint", f"{error}." if isinstance(error, ValueError) else "must be a string."))
    try:
        point, auth = (str(sent["keys"][name]).rstrip("=") for name in ("p256dh", "auth"))
        Browser(decode(point), decode(auth))
    except (ValueError, TypeError, KeyError):
        errors.append(FieldError("/keys", "must hold p256dh and auth, as a browser gives them."))
    if errors:
        raise InvalidFields(errors=tuple(errors))
    return address, point, auth


def _shown(browser: bytes, address: str) -> dict[str, str]:
    return {"id": ids.encode(PREFIX, browser), "host": urlsplit(address).hostname or ""}


def _mine(tables: Any) -> Any:
    table = tables["techlead_browser"]
    chosen = select(table.c.id, table.c.address).where(table.c.account == bindparam("account", type_=ID))
    return chosen.order_by(table.c.id).limit(BROWSERS_MAX)


def _count(tables: Any) -> Any:
    table = tables["techlead_browser"]
    mine = table.c.account == bindparam("account", type_=ID)
    return select(func.count()).select_from(table).where(mine)


def _forget(tables: Any) -> Any:
    table = tables["techlead_browser"]
    return delete(table).where(table.c.address_hash == bindparam("address_hash", type_=BYTES))


def _add(tables: Any) -> Any:
    table = tables["techlead_browser"]
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in KEPT})


def _remove(tables: Any) -> Any:
    table = tables["techlead_browser"]
    mine = table.c.account == bindparam("account", type_=ID)
    return delete(table).where(table.c.id == bindparam("id", type_=ID), mine).returning(table.c.id)
