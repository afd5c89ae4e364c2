"""Webhooks: a signed JSON body to the address that somebody gave (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from techlead.deliver.answers import exchange, outcome_of
from techlead.deliver.asking import Answered, Asking
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivery, Fault, Outcome
from techlead.deliver.signing import Key, Private, of_account, sign
from techlead.primitives.clock import SECOND_US, Clock
from techlead.primitives.text import url


@dataclass(frozen=True, slots=True)
class Webhook:
    """Sends webhooks, signed with each of the keys; the first is the newest."""

    outbound: Outbound
    keys: Sequence[Key]
    clock: Clock

    @property
    def public(self) -> Sequence[Key]:
        """Give the keys for what is for no account: there is no secret that one receiver alone could know."""
        return [key for key in self.keys if isinstance(key, Private)]

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Post the delivery's data; the receiver's status decides."""
        try:
            address = url(delivery.destination, schemes=("https",))
        except ValueError as error:
            return Dead(Fault.UNSENDABLE, f"the address {error}")
        body = msgspec.json.encode(delivery.data)
        seconds = self.clock() // SECOND_US
        keys = [of_account(key, delivery.recipient) for key in self.keys] if delivery.recipient else self.public
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.name,
            "webhook-timestamp": str(seconds),
            "webhook-signature": sign(keys, delivery.name, seconds, body),
        }
        answer = await exchange(self.outbound, Asking("POST", address, headers, body), deadline)
        return outcome_of(answer, self.clock, patient=True) if isinstance(answer, Answered) else answer
