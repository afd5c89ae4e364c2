"""Calls to other systems: a JSON request with the system's own credentials; what it answers is kept for whoever asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from techlead.deliver.answers import exchange, outcome_of
from techlead.deliver.asking import Answered, Asking, Limits
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivered, Delivery, Fault, Outcome
from techlead.primitives.clock import Clock
from techlead.primitives.secret import SecretText

SYSTEM: Final = "system"
BODY: Final = "body"
"""Names in a call's data: which system it is for, and what is sent to it."""


@dataclass(frozen=True, slots=True)
class Account:
    """How we are known to one system, and how long we wait for it."""

    idempotency_header: str
    seconds_max: float
    token: SecretText | None = None
    lacking: str = ""
    """The environment variable of the token when it is not set: then nothing can be sent."""


@dataclass(frozen=True, slots=True)
class Call:
    """Calls the systems that were declared, by name."""

    outbound: Outbound
    systems: Mapping[str, Account]
    clock: Clock
    limits: Limits = field(default_factory=Limits)

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Post one call, under the same idempotency key on every try."""
        system = self.systems.get(str(delivery.data.get(SYSTEM)))
        if system is None:
            return Dead(Fault.UNSENDABLE, "the system is no longer declared")
        if system.lacking:
            return Dead(Fault.UNSENDABLE, f"{system.lacking} is not set")
        headers = {"content-type": "application/json", system.idempotency_header.lower(): delivery.name}
        if system.token is not None:
            headers["authorization"] = f"Bearer {system.token.reveal()}"
        body = msgspec.json.encode(delivery.data.get(BODY))
        limits = Limits(
            min(self.limits.connect_seconds_max, system.seconds_max), system.seconds_max, self.limits.body_bytes_max
        )
        answer = await exchange(self.outbound, Asking("POST", delivery.destination, headers, body), deadline, limits)
        if not isinstance(answer, Answered):
            return answer
        outcome = outcome_of(answer, self.clock, patient=False)
        if isinstance(outcome, Delivered) and answer.whole:
            return Delivered(outcome.detail, answer.body)
        return outcome
