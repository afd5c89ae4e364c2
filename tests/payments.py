"""The payment provider of the gym: it tells, signed, that a purchase was paid."""

from __future__ import annotations

import json
from typing import Any

import httpx
from backends import PAYMENT_KEY, Caller

from techlead.deliver.signing import read_key, sign
from techlead.primitives.clock import SECOND_US


async def bought(caller: Caller, pack: str, who: str) -> str:
    """Let somebody buy a pack and pay for it; gives the purchase."""
    purchase = await caller.made("/purchases", {"pack": pack}, who)
    price = (await caller("GET", f"/purchases/{purchase}", who=who)).json()["price"]
    told = await tell(caller, f"paid {purchase}", payment(purchase, price))
    assert told.status_code == 204, told.text
    return purchase


def payment(purchase: str, amount: dict[str, str]) -> dict[str, Any]:
    """Give the message of a payment."""
    return {"type": "payment.succeeded", "data": {"purchase": purchase, "amount": amount}}


async def tell(caller: Caller, message: str, content: Any, *, key: str = PAYMENT_KEY, ago: int = 0) -> httpx.Response:
    """Send a message as the provider does, signed so many seconds ago."""
    seconds = caller.application.runtime.clock() // SECOND_US - ago
    body = json.dumps(content).encode()
    headers = {"webhook-id": message, "webhook-timestamp": str(seconds)}
    headers["webhook-signature"] = sign([read_key(key)], message, seconds, body)
    return await caller("POST", "/incoming/payments", body, headers=headers)
