"""Does a channel keep the promise of `port.Channel`: one table of what a receiver does, and what the channel may say of it.

async def test_my_channel_keeps_the_promise():
    assert await findings(lambda receiver, mood: (MyChannel(), receiver.url(mood))) == []
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from techlead.deliver.port import COUNTED, Channel, Dead, Delivered, Delivery, Fault, Kind, Outcome, Paused, Retry
from techlead.deliver.receiver import Receiver

SECONDS_MAX: Final = 2.0
"""How long each try may take here; a channel's own time-outs must be set below it, or it must take being cancelled."""
CANARY: Final = "canary-8c1f"
DELIVERY: Final = Delivery(
    id=bytes(range(16)), kind=Kind.WEBHOOK, channel="tried", destination="", recipient=bytes(16), subject=f"{CANARY} subject",
    text=f"{CANARY} text", created_at=1_800_000_000_000_000, expires_at=1_800_003_600_000_000, number=1,
    data={"canary": CANARY},
)  # fmt: skip

Made = tuple[Channel, str]
Make = Callable[[Receiver, str], Made]
"""Gives the channel and the destination at which a receiver behaves as asked: `receiver.url(mood)`, usually."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a channel may say when its receiver is in this mood."""

    mood: str
    allowed: Callable[[Outcome], bool]
    expected: str


def _again(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry) and outcome.fault in COUNTED


PROMISES: Final = (
    Promise("ok", lambda outcome: isinstance(outcome, Delivered), "Delivered"),
    Promise("accepted", lambda outcome: isinstance(outcome, Delivered), "Delivered"),
    Promise("failing", _again, "Retry with a fault that counts"),
    Promise("busy", lambda outcome: _again(outcome) and getattr(outcome, "after_seconds", 0) == 7, "Retry after 7 seconds"),  # noqa: PLR2004 - as the receiver says
    Promise("limited", lambda outcome: isinstance(outcome, Paused) and outcome.after_seconds == 7, "Paused for 7 seconds"),  # noqa: PLR2004 - as above
    Promise("limited_for_ever", lambda outcome: isinstance(outcome, Paused), "Paused"),
    Promise("refused", lambda outcome: isinstance(outcome, Dead | Retry) and outcome.fault is Fault.REFUSED, "Dead or Retry: REFUSED"),
    Promise("gone", lambda outcome: outcome == Dead(Fault.GONE, getattr(outcome, "detail", "")), "Dead: GONE"),
    Promise("away", lambda outcome: isinstance(outcome, Dead | Retry) and outcome.fault is Fault.REFUSED, "Dead or Retry: REFUSED"),
    Promise("hang", _again, "Retry with a fault that counts"),
    Promise("drip_head", _again, "Retry with a fault that counts"),
    Promise("reset", _again, "Retry with a fault that counts"),
    Promise("nonsense", _again, "Retry with a fault that counts"),
    Promise("drip_body", lambda outcome: isinstance(outcome, Delivered | Retry), "Delivered or Retry"),
    Promise("flood", lambda outcome: isinstance(outcome, Delivered | Retry), "Delivered or Retry"),
    Promise("bomb", lambda outcome: isinstance(outcome, Delivered | Retry), "Delivered or Retry"),
)  # fmt: skip
"""Every promise, by what the receiver does."""


async def findings(make: Make, receiver: Receiver | None = None) -> list[str]:
    """Try a channel on a receiver in every mood, and tell each promise that it breaks; none is what you want."""
    async with receiver or Receiver() as listening:
        found = [sentence for promise in PROMISES for sentence in await _broken(make, listening, promise)]
        found += await _sent_after_cancelling(make, listening)
        return found + await _another_id(make, listening)


async def _broken(make: Make, receiver: Receiver, promise: Promise) -> list[str]:
    receiver.received.clear()
    channel, destination = make(receiver, promise.mood)
    delivery = replace(DELIVERY, destination=destination)
    loop = asyncio.get_running_loop()
    where = f"{promise.mood}: "
    try:
        async with asyncio.timeout(2 * SECONDS_MAX):
            outcome = await _try(channel, delivery, loop.time() + SECONDS_MAX)
    except TimeoutError:
        return [where + "it cannot be cancelled at its deadline"]
    except Exception as error:  # noqa: BLE001 - whatever a channel raises is what is looked for
        return [where + f"it raised {type(error).__name__} instead of an outcome"]
    found = []
    if not promise.allowed(outcome):
        found.append(where + f"it said {type(outcome).__name__}, expected {promise.expected}")
    if len(receiver.received) != 1:
        found.append(where + f"one try made {len(receiver.received)} requests")
    detail = getattr(outcome, "detail", "")
    if CANARY in detail or destination in detail:
        found.append(where + "what it tells the operator holds data of the message or its address")
    return found


async def _try(channel: Channel, delivery: Delivery, deadline: float) -> Outcome:
    """Try as the engine does: what is not done at the deadline is cancelled and counts as a time-out."""
    try:
        async with asyncio.timeout_at(deadline):
            return await channel.send(delivery, deadline)
    except TimeoutError:
        return Retry(Fault.TIMEOUT)


async def _sent_after_cancelling(make: Make, receiver: Receiver) -> list[str]:
    channel, destination = make(receiver, "hang")
    trying = asyncio.create_task(_cancelled(channel, replace(DELIVERY, destination=destination)))
    await asyncio.sleep(SECONDS_MAX / 10)
    receiver.received.clear()
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    await asyncio.sleep(SECONDS_MAX / 10)
    return ["cancelled: something was sent after it was cancelled"] if receiver.received else []


async def _cancelled(channel: Channel, delivery: Delivery) -> Any:
    return await channel.send(delivery, asyncio.get_running_loop().time() + SECONDS_MAX)


async def _another_id(make: Make, receiver: Receiver) -> list[str]:
    """Two tries of one delivery must be known as the same, by its public id in what is sent."""
    receiver.received.clear()
    channel, destination = make(receiver, "ok")
    for number in (1, 2):
        await channel.send(replace(DELIVERY, destination=destination, number=number), _soon())
    told = [DELIVERY.name in str(one.headers) or DELIVERY.name.encode() in one.body for one in receiver.received]
    return [] if told == [True, True] else ["ok: what was sent does not hold the delivery's public id on every try"]


def _soon() -> float:
    return asyncio.get_running_loop().time() + SECONDS_MAX
