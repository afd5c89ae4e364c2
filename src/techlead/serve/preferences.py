"""Preferences: an account reads and sets its own, and one click in a letter switches one kind of it off without log-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import time
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from sqlalchemy import String, bindparam, select, update

from techlead.declare.access import signed_in
from techlead.deliver.preferences import ALL, DIGESTED, Preferences, Quiet, choices, meant, read, write
from techlead.deliver.signing import Private, Shared, of_account, written
from techlead.derive.plan import Plan
from techlead.derive.tables import ID
from techlead.errors import FieldError, InvalidFields, MalformedRequest, NotFound
from techlead.serve.actor import NOBODY_KNOWN
from techlead.serve.answer import Answer, Stream, json_answer
from techlead.serve.change.unit import Unit
from techlead.serve.request import Request
from techlead.serve.runtime import Handler, Runtime

NAMES: Final = ("off", "quiet_hours", "digests", "language")
MAC_BYTES: Final = 16
NAME_BYTES: Final = 8
ACCOUNT_BYTES: Final = 16
TIME: Final = "%H:%M"
PAGE: Final = "text/html; charset=utf-8"
STALE: Final = (
    "This link is no longer good. Use the one in a newer e-mail, or sign in and switch off there what you do not want."
)


def read_preferences(runtime: Runtime) -> Handler:
    """GET the actor's own preferences, with all that could be switched off."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        statement = runtime.statements.made("preferences", lambda tables: _kept(runtime.plan, tables))
        rows = await runtime.store.read(statement.sql, statement.values({"id": actor.account}))
        return json_answer(200, shown(runtime.plan, read(rows[0][0])))

    return handle


def read_keys(runtime: Runtime) -> Handler:
    """GET with what the actor's webhooks are signed: a secret of their own (v1), and the key that anybody may know (v1a)."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        keys = runtime.keys.webhooks()
        secrets = [written(own) for key in keys if isinstance(own := of_account(key, actor.account or b""), Shared)]
        return json_answer(
            200, {"secrets": secrets, "public": [str(key.public) for key in keys if isinstance(key, Private)]}
        )

    return handle


def set_preferences(runtime: Runtime) -> Handler:
    """PATCH the actor's own preferences: what is named is set, the rest stays."""

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        sent = await request.json()

        async def work(unit: Unit) -> Answer:
            account = actor.account or b""
            made = merged(runtime.plan, await kept(unit, account), sent)
            await keep(unit, account, made)
            return json_answer(200, shown(runtime.plan, made))

        return await runtime.change(request, actor, "set_preferences", work)

    return handle


def ask_unsubscribe(runtime: Runtime) -> Handler:
    """GET the page behind the link of a letter: it asks and changes nothing, for scanners follow links, too."""

    async def handle(request: Request) -> Answer:
        _, notification, _ = opened(runtime, request.params[0])
        return _page(f"Get no more of “{_words(notification)}” by e-mail?", "<button>No more of these</button>")

    return _for_people(handle)


def unsubscribe(runtime: Runtime) -> Handler:
    """POST from that page, or by one click of a mail program (RFC 8058): nothing of the kind is sent any more."""

    async def handle(request: Request) -> Answer:
        account, notification, channel = opened(runtime, request.params[0])
        await request.read_body()

        async def work(unit: Unit) -> Answer:
            await keep(unit, account, (await kept(unit, account)).without(*meant(runtime.plan, notification, channel)))
            return _page(f"You get no more of “{_words(notification)}” by e-mail.", "")

        return await runtime.change(request, NOBODY_KNOWN, "unsubscribe", work)

    return _for_people(handle)


def _for_people(handler: Handler) -> Handler:
    """Tell whoever comes with a browser in words what to do about a link that is not good; programs get the problem."""

    async def handle(request: Request) -> Answer | Stream:
        try:
            return await handler(request)
        except NotFound:
            if b"text/html" not in request.headers.get(b"accept", b""):
                raise
            return _page(STALE, "", NotFound.status)

    return handle


def link(runtime: Runtime, account: bytes, notification: str, channel: str) -> str:
    """Give the address at which one click switches a notification off; only we can make it."""
    name = _hashed(notification, channel)
    (key, *_) = runtime.keys.derived("unsubscribe")
    token = base64.urlsafe_b64encode(account + name + _mac(key, account + name)).rstrip(b"=").decode()
    return f"{runtime.settings.public_url.rstrip('/')}/unsubscribe/{token}"


def opened(runtime: Runtime, token: str) -> tuple[bytes, str, str]:
    """Read a link's token: the account, the notification and the channel; NotFound for all that we did not make."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise NotFound from None
    signed, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    account, name = signed[:ACCOUNT_BYTES], signed[ACCOUNT_BYTES:]
    known = [hmac.compare_digest(_mac(key, signed), mac) for key in runtime.keys.derived("unsubscribe")]
    possible = (*choices(runtime.plan), *((ALL, channel) for channel in sorted(DIGESTED)))
    found = [choice for choice in possible if _hashed(*choice) == name]
    if len(raw) != ACCOUNT_BYTES + NAME_BYTES + MAC_BYTES or not any(known) or not found:
        raise NotFound
    return account, *found[0]


async def kept(unit: Unit, account: bytes) -> Preferences:
    """Read an account's preferences under lock; NotFound when it is gone."""
    plan = unit.statements.plan
    statement = unit.statements.made("preferences held", lambda tables: _kept(plan, tables).with_for_update())
    rows = await unit.run(statement, {"id": account})
    if not rows:
        raise NotFound
    return read(rows[0][0])


async def keep(unit: Unit, account: bytes, preferences: Preferences) -> None:
    """Write an account's preferences."""
    plan = unit.statements.plan
    statement = unit.statements.made("keep preferences", lambda tables: _keep(plan, tables))
    await unit.run(statement, {"id_kept": account, "preferences_kept": write(preferences)})


def shown(plan: Plan, preferences: Preferences) -> dict[str, Any]:
    """Give preferences as their owner sees them."""
    quiet = preferences.quiet
    off = set(preferences.off)
    return {
        "off": [{"notification": one, "channel": way} for one, way in choices(plan) if (one, way) in off],
        "quiet_hours": None
        if quiet is None
        else {
            "time_zone": quiet.zone,
            "from": quiet.begins.strftime(TIME),
            "until": quiet.until.strftime(TIME),
        },
        "digests": {channel: at.strftime(TIME) for channel, at in preferences.digests.items()},
        "language": preferences.language or None,
        "can_be_off": [{"notification": one, "channel": way} for one, way in choices(plan)],
    }


def merged(plan: Plan, before: Preferences, sent: Any) -> Preferences:
    """Set what was sent; InvalidFields names each fault."""
    if not isinstance(sent, dict):
        message = "The body is not an object."
        raise MalformedRequest(message)
    errors: list[FieldError] = [
        FieldError(f"/{name[:80].encode('ascii', 'backslashreplace').decode()}", "is not a field that can be sent.")
        for name in sent
        if name not in NAMES
    ]
    given: dict[str, Any] = {}
    for name, parse in (("off", _off), ("quiet_hours", _quiet), ("digests", _digests), ("language", _language)):
        if name in sent:
            try:
                given["quiet" if name == "quiet_hours" else name] = parse(plan, sent[name])
            except (ValueError, TypeError, KeyError, AttributeError):  # whatever another shape leads to
                errors.append(FieldError(f"/{name}", EXPECTED[name]))
    if errors:
        raise InvalidFields(errors=tuple(errors[:100]))
    return msgspec.structs.replace(before, **given)


EXPECTED: Final[Mapping[str, str]] = {
    "off": 'must be a list of {"notification": ..., "channel": ...} out of can_be_off.',
    "quiet_hours": 'must be null or {"time_zone": "Europe/Vienna", "from": "22:00", "until": "07:00"}.',
    "digests": 'must be an object such as {"email": "07:30"}; only e-mail comes as a digest.',
    "language": "must be null or a language such as en, de or pt-br.",
}


def _off(plan: Plan, sent: Any) -> tuple[tuple[str, str], ...]:
    possible = set(choices(plan))
    found = {(one["notification"], one["channel"]) for one in sent if set(one) == {"notification", "channel"}}
    if not isinstance(sent, list) or len(sent) > len(possible) or not found <= possible or len(found) < len(sent):
        raise ValueError
    return tuple(sorted(found))


def _quiet(_plan: Plan, sent: Any) -> Quiet | None:
    if sent is None:
        return None
    if set(sent) != {"time_zone", "from", "until"} or sent["time_zone"] not in _zones():
        raise ValueError
    begins, until = _time(sent["from"]), _time(sent["until"])
    if begins == until:
        raise ValueError
    return Quiet(ZoneInfo(sent["time_zone"]).key, begins, until)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _digests(_plan: Plan, sent: Any) -> dict[str, time]:
    if not isinstance(sent, dict) or not set(sent) <= DIGESTED:
        raise ValueError
    return {channel: _time(at) for channel, at in sent.items()}


def _language(_plan: Plan, sent: Any) -> str:
    if sent is None:
        return ""
    parts = sent.split("-")
    if len(parts) > 2 or any(len(one) != 2 or not one.isascii() or not one.islower() for one in parts):  # noqa: PLR2004 - language and region
        raise ValueError
    return str(sent)


def _time(sent: Any) -> time:
    if len(sent) != len("00:00") or sent[2] != ":" or not (sent[:2] + sent[3:]).isdigit() or not sent.isascii():
        raise ValueError
    return time(int(sent[:2]), int(sent[3:]))


def _words(name: str) -> str:
    return "all of these" if name == ALL else name.replace("_", " ")


def _page(said: str, button: str, status: int = 200) -> Answer:
    form = f'<form method="post">{button}</form>' if button else ""
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Messages</title><p>{said}</p>{form}</html>'
    return Answer(status, page.encode(), media_type=PAGE.encode())


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, hashlib.sha256)[:MAC_BYTES]


def _hashed(notification: str, channel: str) -> bytes:
    return hashlib.sha256(f"{notification}\0{channel}".encode()).digest()[:NAME_BYTES]


def _kept(plan: Plan, tables: Mapping[str, Any]) -> Any:
    table = tables[plan.accounts.table]
    return select(table.c.preferences).where(table.c.id == bindparam("id", type_=ID))


def _keep(plan: Plan, tables: Mapping[str, Any]) -> Any:
    table = tables[plan.accounts.table]
    chosen = update(table).where(table.c.id == bindparam("id_kept", type_=ID))
    return chosen.values(preferences=bindparam("preferences_kept", type_=String()))
