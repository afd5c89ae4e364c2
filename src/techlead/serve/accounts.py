"""Accounts: register, log in, log out, and one's own row.

A log-in takes a try from the account before the password is looked at, so parallel guesses count as well; the delay
grows with each failure and is the same for addresses that have no account.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from techlead.declare.access import anyone, owner, signed_in
from techlead.derive.access import ActorClass
from techlead.derive.plan import FieldPlan, ResourcePlan
from techlead.derive.tables import BYTES, TIMESTAMP
from techlead.errors import FieldError, InvalidFields, MalformedRequest, TooManyRequests, WrongCredentials
from techlead.primitives import ids, text
from techlead.primitives.clock import to_datetime
from techlead.serve.actor import NOBODY_KNOWN, TOKEN_BYTES, Actor
from techlead.serve.answer import Answer, Stream, json_answer
from techlead.serve.change.create import create
from techlead.serve.change.fields import Form
from techlead.serve.change.unit import Unit
from techlead.serve.change.update import update as update_row
from techlead.serve.passwords import Passwords
from techlead.serve.probe import probe_of
from techlead.serve.request import Request
from techlead.serve.rows import created, if_match_of, read_one, shown
from techlead.serve.runtime import Handler, Runtime
from techlead.store.port import Transaction

SECOND_US: Final = 1_000_000
KEPT_ATTEMPTS_SECONDS: Final = 86_400


def register(runtime: Runtime, passwords: Passwords) -> Handler:
    """POST an address, a password and the account's own fields; AlreadyTaken when the address has an account."""
    resource = runtime.plan.accounts
    form = Form(resource.fields)

    async def handle(request: Request) -> Answer:
        sent = await request.json()
        given, password = _credentials(runtime, form, sent)
        password_hash = await passwords.hashed(password)

        async def work(unit: Unit) -> Answer:
            extra = {"email_key": text.email_key(given["email"]), "password_hash": password_hash, "roles": ""}
            values, revision = await create(unit, resource, given, anyone, extra)
            unit.actor = Actor(values["id"], ActorClass(signed_in=True))
            return await created(runtime, unit, resource, values, revision)

        answer = await runtime.change(request, NOBODY_KNOWN, "register", work)
        runtime.log.event("user_created", request=request.id, email=text.mask(given["email"]))
        return answer

    return handle


def login(runtime: Runtime, passwords: Passwords) -> Handler:
    """POST address and password for a token; the same answer and the same time whether the account exists or not."""
    look_up = runtime.statements.made("account by address", lambda tables: _by_address(runtime, tables))

    async def handle(request: Request) -> Answer:
        email, password = _address_and_password(await request.json())
        key = text.email_key(email)
        email_hash = hashlib.sha256(key.encode()).digest()
        await _take_try(runtime, request, email_hash)
        rows = await runtime.store.read(look_up.sql, look_up.values({"email_key": key}))
        account, kept, disabled = rows[0] if rows else (None, None, False)
        if not await passwords.verified(kept, password) or disabled:
            runtime.log.event("authn_login_fail", request=request.id, email=text.mask(email))
            raise WrongCredentials
        token, expires_at = await _open_session(runtime, account, email_hash)
        runtime.log.event("authn_login_success", request=request.id, email=text.mask(email))
        return json_answer(200, {"token": token, "expires_at": to_datetime(expires_at)})

    return handle


def logout(runtime: Runtime) -> Handler:
    """POST to end this session at once."""
    statement = runtime.statements.made("end session", _end_session)

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        await request.read_body()

        async def work(unit: Unit) -> Answer:
            await unit.run(statement, {"token_hash": actor.session})
            return Answer(204)

        return await runtime.change(request, actor, "logout", work)

    return handle


def read_me(runtime: Runtime) -> Handler:
    """GET one's own account."""
    read = read_one(runtime, runtime.plan.accounts, owner)
    prefix = runtime.plan.accounts.prefix

    async def handle(request: Request) -> Answer | Stream:
        actor = await runtime.actor(request, signed_in)
        request.params = (text_id(prefix, actor),)
        return await read(request)

    return handle


def change_me(runtime: Runtime) -> Handler:
    """PATCH one's own account; the address changes by a flow of its own, which confirms it."""
    resource = runtime.plan.accounts
    form = Form(own_fields(resource))
    probe = probe_of(runtime, resource)

    async def handle(request: Request) -> Answer:
        actor = await runtime.actor(request, signed_in)
        given = form.parse(await request.json(), partial=True)
        if probe is not None:
            await probe(given)

        async def work(unit: Unit) -> Answer:
            row_id = actor.account or b""
            values, revision = await update_row(unit, resource, row_id, given, if_match_of(request), owner)
            return await shown(runtime, unit, resource, values, revision)

        return await runtime.change(request, actor, "update_me", work)

    return handle


def own_fields(resource: ResourcePlan) -> tuple[FieldPlan, ...]:
    """List the fields of an account that its owner may change."""
    return tuple(field for field in resource.fields if field.name != "email")


def text_id(prefix: str, actor: Actor) -> str:
    """Give an actor's own public id."""
    return ids.encode(prefix, actor.account or b"")


def _credentials(runtime: Runtime, form: Form, sent: Any) -> tuple[dict[str, Any], str]:
    if not isinstance(sent, dict):
        message = "The body is not an object."
        raise MalformedRequest(message)
    password = sent.pop("password", None)
    errors: list[FieldError] = []
    settings = runtime.settings
    low, high = settings.password_characters_min, settings.password_characters_max
    if not isinstance(password, str) or not low <= len(password) <= high or not _encodes(password):
        errors.append(FieldError("/password", f"must be a string of {low} to {high} characters."))
    try:
        given = form.parse(sent, partial=False)
    except InvalidFields as error:
        raise InvalidFields(errors=(*error.errors, *errors)) from None
    if errors:
        raise InvalidFields(errors=tuple(errors))
    return given, str(password)


def _address_and_password(sent: Any) -> tuple[str, str]:
    if not isinstance(sent, dict) or set(sent) != {"email", "password"}:
        raise InvalidFields(errors=(FieldError("", "must be an object with email and password, and nothing else."),))
    email, password = sent["email"], sent["password"]
    if not isinstance(email, str) or not isinstance(password, str) or not _encodes(password):
        raise InvalidFields(errors=(FieldError("", "email and password must be strings."),))
    try:
        return text.email_address(email), password
    except ValueError:
        raise WrongCredentials from None


def _encodes(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


async def _take_try(runtime: Runtime, request: Request, email_hash: bytes) -> None:
    """Count a try before it is made; TooManyRequests says how many seconds to wait."""
    settings, now = runtime.settings, runtime.clock()

    async def work(tx: Transaction) -> int:
        find = runtime.statements.made("login attempts", _attempts)
        rows = await tx.run(find.sql, find.values({"email_hash": email_hash}))
        failures, not_before = rows[0] if rows else (0, 0)
        if not_before > now:
            return int((not_before - now) // SECOND_US) + 1
        over = failures + 1 - settings.login_tries_free
        wait = min(2 ** min(over, 20), settings.login_wait_seconds_max) if over > 0 else 0
        values = {"email_hash": email_hash, "failures": failures + 1, "not_before": now + wait * SECOND_US}
        name, build = ("count login again", _more_attempts) if rows else ("count login", _first_attempt)
        keep = runtime.statements.made(name, build)
        await tx.run(keep.sql, keep.values(values))
        return 0

    wait = await runtime.store.write(work)
    if wait:
        runtime.log.event("authn_login_lock", request=request.id, seconds=wait)
        raise TooManyRequests(headers=(("retry-after", str(wait)),))


async def _open_session(runtime: Runtime, account: bytes, email_hash: bytes) -> tuple[str, int]:
    token = base64.urlsafe_b64encode(runtime.random(TOKEN_BYTES)).rstrip(b"=").decode()
    now = runtime.clock()
    expires_at = now + runtime.settings.session_seconds_max * SECOND_US
    values = {
        "token_hash": hashlib.sha256(token.encode()).digest(),
        "account": account,
        "created_at": now,
        "expires_at": expires_at,
    }
    begin = runtime.statements.made("begin session", _begin_session)
    forget = runtime.statements.made("forget attempts", _forget_attempts)

    async def work(tx: Transaction) -> None:
        await tx.run(begin.sql, begin.values(values))
        await tx.run(forget.sql, forget.values({"email_hash": email_hash}))

    await runtime.store.write(work)
    return token, expires_at


def _by_address(runtime: Runtime, tables: Any) -> Any:
    account = tables[runtime.plan.accounts.table]
    chosen = select(account.c.id, account.c.password_hash, account.c.disabled)
    return chosen.where(account.c.email_key == bindparam("email_key"))


def _attempts(tables: Any) -> Any:
    table = tables["techlead_login_attempt"]
    chosen = select(table.c.failures, table.c.not_before)
    return chosen.where(table.c.email_hash == bindparam("email_hash", type_=BYTES)).with_for_update()


def _first_attempt(tables: Any) -> Any:
    table = tables["techlead_login_attempt"]
    return insert(table).values({column.name: bindparam(column.name, type_=column.type) for column in table.c})


def _more_attempts(tables: Any) -> Any:
    table = tables["techlead_login_attempt"]
    values = {name: bindparam(name, type_=table.c[name].type) for name in ("failures", "not_before")}
    return update(table).where(table.c.email_hash == bindparam("email_hash", type_=BYTES)).values(values)


def _forget_attempts(tables: Any) -> Any:
    table = tables["techlead_login_attempt"]
    return delete(table).where(table.c.email_hash == bindparam("email_hash", type_=BYTES))


def _begin_session(tables: Any) -> Any:
    table = tables["techlead_session"]
    return insert(table).values({column.name: bindparam(column.name, type_=column.type) for column in table.c})


def _end_session(tables: Any) -> Any:
    table = tables["techlead_session"]
    return delete(table).where(table.c.token_hash == bindparam("token_hash", type_=BYTES))


def expired_sessions(tables: Any) -> Any:
    """Forget sessions that ended before `:before`."""
    table = tables["techlead_session"]
    return delete(table).where(table.c.expires_at < bindparam("before", type_=TIMESTAMP))


def old_attempts(tables: Any) -> Any:
    """Forget log-in tries that hold nobody up since `:before`."""
    table = tables["techlead_login_attempt"]
    return delete(table).where(table.c.not_before < bindparam("before", type_=TIMESTAMP))
