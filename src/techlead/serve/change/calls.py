"""Calls to other systems: outbox rows in the transaction of the change, so one goes out if and only if its change is."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from techlead.declare.effect import Call
from techlead.declare.outside import System
from techlead.deliver.channels.call import BODY, SYSTEM
from techlead.deliver.port import Kind
from techlead.derive.plan import ResourcePlan
from techlead.errors import ProgramError
from techlead.primitives.text import url
from techlead.serve.change.outbox import Message, put
from techlead.serve.change.unit import Unit

CHANNEL: Final = "call"
BODY_BYTES_MAX: Final = 65_536
_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/-]*")


async def call(unit: Unit, effect: Call, about: ResourcePlan) -> None:
    """Write a call into the outbox of this transaction; ProgramError when it is none that can be sent."""
    system = effect.system
    if system not in unit.statements.plan.systems:
        raise ProgramError("an action called a system that is no part of this backend")
    data = {SYSTEM: system.name, BODY: dict(effect.body)}
    try:
        written = msgspec.json.encode(data)
    except (TypeError, ValueError, RecursionError):
        raise ProgramError(f"an action called {system.name} with what JSON cannot hold") from None
    if len(written) > BODY_BYTES_MAX:
        raise ProgramError(f"an action called {system.name} with more than {BODY_BYTES_MAX} bytes")
    message = Message(
        system.name, CHANNEL, about.name, effect.about.id.raw, kind=Kind.CALL, destination=address(system, effect.path),
        data=msgspec.json.decode(written),
    )  # fmt: skip
    await put(unit, [message])


def address(system: System, path: str) -> str:
    """Put a path below a system's address; it can lead nowhere else."""
    parts = path.strip("/").split("/")
    if _PATH.fullmatch(path) is None or ".." in parts or "." in parts:
        raise ProgramError(f"an action called {system.name} at what is no plain path below its address")
    return url(f"{system.base_url.rstrip('/')}/{path.strip('/')}", schemes=("https",))
