"""What an HTTP answer, or its lack, means for a delivery: one table, in which each protocol changes what it sees otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from techlead.deliver.asking import Answered, Asking, Limits, Unreached
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivered, Fault, Outcome, Paused, Retry
from techlead.deliver.retry_after import seconds_of
from techlead.primitives.clock import Clock

DOOR_SHARE: Final = 0.97
"""How much of what is left of a try's time the door may use."""
SUCCESS: Final = range(200, 300)
BUSY: Final = (408, 425)
LIMITED: Final = 429
GONE: Final = 410
SERVER: Final = range(500, 600)


async def exchange(
    outbound: Outbound, asking: Asking, deadline: float, limits: Limits | None = None
) -> Answered | Outcome:
    """Send a request; its answer, or what the lack of one means: a closed address is dead, all else is tried again.

    The door ends a little before the engine would cut it off at `deadline` (the event loop's time, in seconds): of a head
    that came in time and a body that never ends, the status counts, or who took a message would get it again and again.
    """
    limits = limits or outbound.limits
    left = (deadline - asyncio.get_running_loop().time()) * DOOR_SHARE
    try:
        return await outbound.send(asking, replace(limits, total_seconds_max=min(limits.total_seconds_max, left)))
    except Unreached as unreached:
        if unreached.fault is Fault.GUARDED:
            return Dead(Fault.GUARDED, unreached.detail)
        return Retry(unreached.fault, unreached.detail)


def outcome_of(answer: Answered, clock: Clock, *, patient: bool) -> Outcome:
    """Say what a status means. `patient`: 3xx and other 4xx follow the schedule, as Standard Webhooks asks.

    For anything else they are dead at once: a provider's API means what it says.
    """
    status, after = str(answer.status), seconds_of(answer.headers.get("retry-after"), clock())
    if answer.status in SUCCESS:
        return Delivered(status)
    if answer.status == LIMITED:
        return Paused(after)
    if answer.status in BUSY:
        return Retry(Fault.BUSY, status, after)
    if answer.status in SERVER:
        return Retry(Fault.SERVER, status, after)
    if answer.status == GONE:
        return Dead(Fault.GONE, status)
    return Retry(Fault.REFUSED, status, after) if patient else Dead(Fault.REFUSED, status)
