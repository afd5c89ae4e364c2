"""`Idempotency-Key` on every unsafe request: the same answer once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of the change, so a crash keeps both or neither. Only what changed something is
kept: a refused request did nothing, and may be sent again. Keys belong to their actor; the database holds their hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from techlead.derive.tables import BYTES, TIMESTAMP
from techlead.errors import KeyReused, MalformedRequest, RequestInFlight
from techlead.serve.actor import Actor
from techlead.serve.answer import Answer
from techlead.serve.change.unit import Unit
from techlead.serve.request import Request

KEY_LENGTH_MAX: Final = 128
HASH_BYTES: Final = 16
"""Of a key or a request; only its own actor could gain from two that are alike, and finding them takes 2**64 tries."""
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,%d}" % KEY_LENGTH_MAX)
REPLAYED: Final = (b"idempotency-replayed", b"true")
COLUMNS: Final = ("key_hash", "fingerprint", "status", "headers", "body", "created_at")
Work = Callable[[Unit], Awaitable[Answer]]


def key_of(request: Request, actor: Actor) -> bytes | None:
    """Give the hash of a request's key within its actor; MalformedRequest when the key is not 1 to 128 visible characters."""
    given = request.headers.get(b"idempotency-key")
    if given is None:
        return None
    if _KEY.fullmatch(given) is None:
        message = f"`Idempotency-Key` must have 1 to {KEY_LENGTH_MAX} visible ASCII characters."
        raise MalformedRequest(message)
    return hashlib.sha256(b"%b\0%b" % (actor.account or b"", given)).digest()[:HASH_BYTES]


def fingerprint_of(request: Request) -> bytes:
    """Hash what makes two requests the same: method, address and body."""
    head = b"%b %b?%b\0" % (request.method.encode(), request.path.encode(), request.query)
    return hashlib.sha256(head + request.body).digest()[:HASH_BYTES]


async def once(unit: Unit, key: bytes, fingerprint: bytes, keep_seconds: int, work: Work) -> Answer:
    """Do the work, or give the answer it had; KeyReused for another request, RequestInFlight while it is worked on."""
    if not await unit.try_lock(key):
        raise RequestInFlight
    rows = await unit.run(unit.statements.made("kept answer", _find), {"key_hash": key})
    if rows:
        before, status, headers, body, created_at = rows[0]
        if created_at > unit.now - keep_seconds * 1_000_000:
            if before != fingerprint:
                raise KeyReused
            kept = tuple((name.encode(), value.encode()) for name, value in msgspec.json.decode(headers))
            return Answer(status, body, (*kept, REPLAYED))
        await unit.run(unit.statements.made("forget answer", _forget), {"key_hash": key})
    answer = await work(unit)
    named = [(name.decode(), value.decode()) for name, value in answer.headers]
    await unit.run(
        unit.statements.made("keep answer", _keep),
        {
            "key_hash": key,
            "fingerprint": fingerprint,
            "status": answer.status,
            "headers": msgspec.json.encode(named).decode(),
            "body": answer.body,
            "created_at": unit.now,
        },
    )
    return answer


def _find(tables: Any) -> Any:
    table = tables["techlead_idempotency"]
    chosen = [table.c[name] for name in COLUMNS[1:]]
    return select(*chosen).where(table.c.key_hash == bindparam("key_hash", type_=BYTES))


def _forget(tables: Any) -> Any:
    table = tables["techlead_idempotency"]
    return delete(table).where(table.c.key_hash == bindparam("key_hash", type_=BYTES))


def _keep(tables: Any) -> Any:
    table = tables["techlead_idempotency"]
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in COLUMNS})


def expired(tables: Any) -> Any:
    """Forget answers from before `:before`."""
    table = tables["techlead_idempotency"]
    return delete(table).where(table.c.created_at < bindparam("before", type_=TIMESTAMP))
