"""Messages of other systems: signed, fresh, each counted once, in whatever order they come, each running an action.

What is kept of a message is the hash of its id, in the transaction of what it did: a message whose action was refused,
or whose row is not there yet, leaves nothing, so its sender may send it again. OWASP ASVS; Standard Webhooks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select

from techlead.declare.outside import Incoming, Signed
from techlead.deliver.signing import Key, verify
from techlead.derive.plan import ActionPlan, Operation, ResourcePlan
from techlead.derive.tables import BYTES, TIMESTAMP
from techlead.errors import MalformedRequest, NotFound, RequestInFlight, SignatureRefused
from techlead.primitives.clock import SECOND_US, to_datetime, to_us
from techlead.primitives.secret import SecretText
from techlead.serve.actor import NOBODY_KNOWN
from techlead.serve.answer import Answer
from techlead.serve.change.outside import body_of, events_of, run_from_outside
from techlead.serve.change.unit import Unit
from techlead.serve.keys import keys_of
from techlead.serve.request import Request, parse_json
from techlead.serve.runtime import Handler, Runtime

KEPT_SECONDS: Final = 30 * 86_400
"""How long an id is remembered: longer than any sender tries."""
ID_CHARACTERS_MAX: Final = 256
COLUMNS: Final = ("key_hash", "at")
_SECONDS: Final = re.compile("[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Event:
    """A message that was signed: what runs on it, on which row, with which body."""

    resource: ResourcePlan
    action: ActionPlan
    row: bytes
    body: Any


def take_message(runtime: Runtime, operation: Operation) -> Handler:
    """POST a signed message of another system."""
    incoming = next(one for one in runtime.plan.incoming if operation.path == f"/incoming/{one.name}")
    secret = runtime.secrets.get(incoming.key)
    keys = keys_of(secret) if secret is not None and incoming.verify is None else ()
    events = events_of(runtime.plan, incoming.name)

    async def handle(request: Request) -> Answer:
        body = await request.read_body()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
        try:
            signed = _signed(incoming, keys, secret, headers, body)
        except Exception as error:  # noqa: BLE001 - a verifier of the user's meets whatever anybody sends
            runtime.log.warning("verifier_failed", incoming=incoming.name, reason=type(error).__name__)
            signed = None
        if signed is None or not _fresh(signed, runtime.clock(), incoming.window_seconds):
            runtime.log.event("incoming_refused", request=request.id, incoming=incoming.name)
            raise SignatureRefused
        event = event_of(parse_json(body, runtime.settings.json_depth_max), events)
        key = hashlib.sha256(f"{incoming.name}\0{signed.id}".encode()).digest()

        async def work(unit: Unit) -> Answer:
            if await first(unit, key) and event is not None:
                await run_from_outside(unit, event.resource, event.action, event.row, event.body)
            return Answer(204)

        return await runtime.change(request, NOBODY_KNOWN, operation.name, work)

    return handle


async def first(unit: Unit, key: bytes) -> bool:
    """Note a message in this transaction; False when it was noted before. RequestInFlight while another has it."""
    if not await unit.try_lock(key):
        raise RequestInFlight
    if await unit.run(unit.statements.made("incoming known", _known), {"key_hash": key}):
        return False
    await unit.run(unit.statements.made("incoming noted", _noted), {"key_hash": key, "at": unit.now})
    return True


def event_of(message: Any, events: Mapping[str, tuple[ResourcePlan, ActionPlan]]) -> Event | None:
    """Find what runs on a message, `{"type": ..., "data": {...}}`; None for a type that nobody waits for."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MalformedRequest('The message has no "type".')
    found = events.get(message["type"])
    if found is None:
        return None
    resource, action = found
    assert action.body is not None  # noqa: S101 - checked when it was declared
    body = body_of(action.body, message.get("data"))
    leading = next(field.name for field in action.body.fields if field.target == resource.name)
    reference = body.read_value(leading)
    if reference is None:
        raise NotFound
    return Event(resource, action, reference.raw, body)


def _signed(
    incoming: Incoming, keys: tuple[Key, ...], secret: SecretText | None, headers: Mapping[str, str], body: bytes
) -> Signed | None:
    if secret is None:
        return None
    if incoming.verify is not None:
        return incoming.verify(headers, body, secret.reveal())
    message, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not 0 < len(message) <= ID_CHARACTERS_MAX or _SECONDS.fullmatch(seconds) is None:
        return None
    if not verify(keys, message, seconds, body, headers.get("webhook-signature", "")):
        return None
    try:
        return Signed(message, to_datetime(int(seconds) * SECOND_US))
    except ValueError:
        return None


def _fresh(signed: Signed, now: int, window_seconds: int) -> bool:
    """Tell whether a message was signed within the window, before or after now: clocks differ both ways."""
    try:
        return bool(signed.id) and abs(to_us(signed.at) - now) <= window_seconds * SECOND_US
    except ValueError:
        return False


def _known(tables: Any) -> Any:
    table = tables["techlead_incoming"]
    return select(table.c.at).where(table.c.key_hash == bindparam("key_hash", type_=BYTES))


def _noted(tables: Any) -> Any:
    table = tables["techlead_incoming"]
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in COLUMNS})


def expired(tables: Any) -> Any:
    """Forget the ids of messages from before `:before`."""
    table = tables["techlead_incoming"]
    return delete(table).where(table.c.at < bindparam("before", type_=TIMESTAMP))
