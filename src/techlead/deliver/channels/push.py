"""Web push: an encrypted notice to one browser through its maker's push service (RFC 8030)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from techlead.deliver.answers import exchange, outcome_of
from techlead.deliver.asking import Answered, Asking
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivery, Fault, Outcome
from techlead.deliver.push_encryption import Browser, Vapid, decode, encrypt
from techlead.primitives.clock import SECOND_US, Clock
from techlead.primitives.text import url

TITLE_CHARACTERS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 600
AUTHORIZED_SECONDS: Final = 12 * 3_600
"""RFC 8292 allows 24 hours at most."""
TTL_SECONDS_MIN: Final = 60
"""A push service that may not keep a message (TTL 0) drops it whenever the browser sleeps."""
NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Push:
    """Sends notices to browsers; the delivery's data holds the browser's `p256dh` and `auth`."""

    outbound: Outbound
    vapid: Vapid
    clock: Clock
    random: Callable[[int], bytes]

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Post one encrypted notice; 404 and 410 say that the browser has ended its subscription."""
        try:
            address = url(delivery.destination, schemes=("https",))
            browser = Browser(decode(str(delivery.data["p256dh"])), decode(str(delivery.data["auth"])))
        except (ValueError, KeyError):
            return Dead(Fault.UNSENDABLE, "the subscription is not one of a browser")
        notice = {
            "id": delivery.name,
            "title": delivery.subject[:TITLE_CHARACTERS_MAX],
            "body": delivery.text[:TEXT_CHARACTERS_MAX],
        }
        seconds = self.clock() // SECOND_US
        headers = {
            "authorization": self.vapid.authorization(_origin(address), seconds + AUTHORIZED_SECONDS),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(max(TTL_SECONDS_MIN, delivery.expires_at // SECOND_US - seconds)),
            "topic": delivery.name.removeprefix("delivery_"),
            "urgency": "normal",
        }
        body = encrypt(msgspec.json.encode(notice), browser, self.random)
        answer = await exchange(self.outbound, Asking("POST", address, headers, body), deadline)
        if not isinstance(answer, Answered):
            return answer
        return Dead(Fault.GONE, "404") if answer.status == NOT_FOUND else outcome_of(answer, self.clock, patient=False)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
