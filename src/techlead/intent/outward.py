"""What lies outside, as it is signed: systems that are called, endpoints that take messages, channels of a project's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from techlead.declare.outside import Event, Incoming, Sends, System
from techlead.derive.plan import Plan
from techlead.intent.code import Unreadable, read_code
from techlead.intent.record import Record
from techlead.intent.values import Data, NoData, encoded
from techlead.intent.walk import digest, normal


def outward_records(plan: Plan) -> Iterator[Record]:
    """List what of a Plan leads out of it or into it."""
    yield from map(_system, plan.systems)
    yield from map(_incoming, plan.incoming)
    for name, channel in sorted(plan.channels.items()):
        yield {"kind": "channel", "name": name, "sends": _class(channel)}


def started_by(outside: System | Event | None) -> str:
    """Say what runs an action instead of a request; empty when a request does."""
    if outside is None:
        return ""
    if isinstance(outside, System):
        return f"the answer of {outside.name}"
    return f"{outside.kind} from {outside.incoming.name}"


def _system(one: System) -> Record:
    return {
        "kind": "system",
        "name": one.name,
        "base_url": one.base_url,
        "credentials": one.credentials or "",
        "idempotency_header": one.idempotency_header,
        "seconds_max": str(one.seconds_max),
        "calls_per_second": str(one.calls_per_second),
    }


def _incoming(one: Incoming) -> Record:
    return {
        "kind": "incoming",
        "name": one.name,
        "key": one.key,
        "window_seconds": one.window_seconds,
        "verify": "" if one.verify is None else _verifier(one.verify),
    }


def _verifier(verify: Any) -> str:
    """Hash the code of a verifier with its helpers and constants; of one whose source is not the project's, its name."""
    try:
        parts = read_code(verify).parts
    except Unreadable:
        return str(getattr(verify, "__qualname__", None) or _class(verify))
    said = {
        key: [normal(part.tree), {name: _named(value) for name, value in part.outer.items()}]
        for key, part in parts.items()
    }
    return digest(said)


def _named(value: Any) -> Data:
    try:
        return encoded(value)
    except NoData:  # a function or a module of a library
        return ["library", str(getattr(value, "__qualname__", None) or getattr(value, "__name__", type(value)))]


def _class(thing: Sends) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
