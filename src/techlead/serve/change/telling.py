"""One notification, worked out when it is first sent: what each change then does is to fill in words and lay out rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from techlead.declare.notification import Channel, Own
from techlead.declare.resource import Resource
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import LANES_KNOWN_MAX
from techlead.deliver.port import Kind
from techlead.derive.plan import NotificationPlan
from techlead.derive.templates import spoken
from techlead.primitives.clock import SECOND_US

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
KINDS: Final[Mapping[Channel | Own, Kind]] = {
    Channel.EMAIL: Kind.EMAIL,
    Channel.WEBHOOK: Kind.WEBHOOK,
    Channel.CHAT: Kind.CHAT,
    Channel.PUSH: Kind.PUSH,
}
"""The schedule that a channel's messages follow; the inbox has none, for it is in the database already."""
LOOKED_UP: Final = frozenset({Channel.WEBHOOK, Channel.PUSH})
"""Channels on which an account has an address of its own, one or several or none."""
Words = Callable[[Resource], tuple[str, str]]
"""Gives the subject and the text about a row."""


@dataclass(frozen=True, slots=True)
class Way:
    """One channel of a notification, with all that is the same for each of its messages."""

    channel: Channel | Own
    name: str
    kind: Kind | None
    kind_name: str
    at: tuple[str, ...] | None
    """The field that holds the address, seen from the row, where one was named."""
    of_account: bool
    """Whether the account has the address, one or several or none, and it is looked up with the change."""
    lives: dict[str, int] = field(default_factory=dict)
    """The time to live in each lane, in microseconds."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One notification, ready to be sent."""

    planned: NotificationPlan
    words: Words
    ways: tuple[Way, ...]
    limits: LimitsBook

    def live_us(self, way: Way, lane: str) -> int:
        """Give the time to live of a message in a lane; lanes come from addresses, so not all are remembered."""
        known = way.lives.get(lane)
        if known is None and way.kind is not None:
            if len(way.lives) >= LANES_KNOWN_MAX:
                way.lives.clear()
            seconds = self.limits.of(way.kind, way.name, self.planned.name, lane).live_seconds_max
            known = way.lives[lane] = round(seconds * SECOND_US)
        return known or 0


def telling_of(planned: NotificationPlan, limits: LimitsBook) -> Telling:
    """Work a notification out."""
    ways = tuple(_way(planned, channel) for channel in planned.via)
    return Telling(planned, words_of(planned.subject, planned.text), ways, limits)


def _way(planned: NotificationPlan, channel: Channel | Own) -> Way:
    kind = Kind.CHAT if isinstance(channel, Own) else KINDS.get(channel)
    kind = Kind.CODE if planned.code and kind is not None else kind
    kind_name = "" if kind is None else kind.value
    return Way(channel, channel.value, kind, kind_name, planned.at.get(channel), channel in LOOKED_UP)


def words_of(subject: str, text: str) -> Words:
    """Make the function that puts a row's values where two texts name them in braces; nothing in them is read as code.

    A field is read once, however often it is named.
    """
    names = tuple(dict.fromkeys(PLACEHOLDER.findall(f"{subject} {text}")))
    subject_form, text_form = (PLACEHOLDER.sub(r"%(\1)s", one.replace("%", "%%")) for one in (subject, text))

    def fill(row: Resource) -> tuple[str, str]:
        said = {}
        for name in names:
            value = row.read_value(name)
            said[name] = value if type(value) is str else spoken(value)
        return subject_form % said, text_form % said

    return fill
