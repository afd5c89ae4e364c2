"""Chat rooms: `{"text": ...}` to an incoming webhook, as Slack, Mattermost, Rocket.Chat and Zulip take it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from techlead.deliver.answers import exchange, outcome_of
from techlead.deliver.asking import Answered, Asking
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivery, Fault, Outcome
from techlead.primitives.clock import Clock
from techlead.primitives.text import url

TEXT_CHARACTERS_MAX: Final = 4_000
_MEANT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NOT_IN_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Controls, and what turns the direction of text: as in letters."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Writes into chat rooms."""

    outbound: Outbound
    clock: Clock

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        """Post the text; a refusal of the room is final."""
        try:
            address = url(delivery.destination, schemes=("https",))
        except ValueError as error:
            return Dead(Fault.UNSENDABLE, f"the address {error}")
        body = msgspec.json.encode({"text": plain(delivery.text or delivery.subject)})
        headers = {"content-type": "application/json", "idempotency-key": delivery.name}
        answer = await exchange(self.outbound, Asking("POST", address, headers, body), deadline)
        return outcome_of(answer, self.clock, patient=False) if isinstance(answer, Answered) else answer


def plain(text: str) -> str:
    """Escape what the room would take for a mention of everybody (`<!channel>`), a link or markup of its own."""
    text = _NOT_IN_TEXT.sub(" ", text)[:TEXT_CHARACTERS_MAX]
    return "".join(_MEANT.get(character, character) for character in text).replace("@", "@\u200b")
