"""Apprise, an optional extra (`pip install techlead[apprise]`), for the many services that it knows.

    pager = backend.channel("pager", Apprise({"ops": os.environ["PAGER_URL"]}, apprise.Apprise))
    overdue = notification(Card, to="assignee", via=[pager.at("board.workspace.pager")])

The address in a row is the name of a service that is configured here, never a service's own address: what people
type must not decide where this process connects to. Apprise says only yes or no, so every no is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from techlead.deliver.port import Dead, Delivered, Delivery, Fault, Outcome, Retry


class Services(Protocol):
    """What is used of `apprise.Apprise`."""

    def add(self, servers: Any) -> bool:
        """Take the address of a service."""

    def notify(self, body: str, title: str) -> bool | None:
        """Send to all services that were added."""


@dataclass(frozen=True, slots=True)
class Apprise:
    """Sends through services by their names; `made` makes an empty `apprise.Apprise`."""

    services: Mapping[str, str]
    made: type[Services]

    def __repr__(self) -> str:
        """Show the names, for the addresses hold tokens."""
        return f"Apprise({', '.join(sorted(self.services))})"

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:  # noqa: ARG002 - the engine cancels, and a thread cannot be
        """Send one message in a thread, because Apprise waits."""
        address = self.services.get(delivery.destination)
        if address is None:
            return Dead(Fault.UNSENDABLE, "there is no service of that name")
        service = self.made()
        if not service.add(address):
            return Dead(Fault.UNSENDABLE, "the service's address is none that Apprise knows")
        taken = await asyncio.to_thread(service.notify, delivery.text or delivery.subject, delivery.subject)
        return Delivered() if taken else Retry(Fault.SERVER, "Apprise says no")
