"""What an account wants to be told, how and when: what is off, which hours are quiet, what is collected into a digest.

Kept as one JSON text with the account and looked at before each try, so a change counts for whatever still waits.
A security code knows no preferences: it is worthless later, and nobody can switch it off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from techlead.declare.notification import Channel
from techlead.derive.plan import NotificationPlan, Plan
from techlead.primitives.clock import to_datetime, to_us

OPTIONAL: Final = (Channel.EMAIL, Channel.WEBHOOK, Channel.PUSH)
"""Channels of a person that can be switched off; the inbox is where everything can still be found."""
QUIET: Final = frozenset({Channel.EMAIL.value, Channel.PUSH.value})
"""Channels that wake somebody."""
DIGESTED: Final = frozenset({Channel.EMAIL.value})
ALL: Final = "*"
"""Stands for every notification of a channel: what a digest is about."""


class Quiet(msgspec.Struct, frozen=True):
    """Hours in which nothing that wakes is sent, in a person's own time zone; over midnight when `until` is earlier."""

    zone: str
    begins: time
    until: time


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that an account has said; nothing said is what most people want."""

    off: tuple[tuple[str, str], ...] = ()
    quiet: Quiet | None = None
    digests: Mapping[str, time] = {}
    """By channel, the time of day at which the digest comes, in the zone of the quiet hours, else in UTC."""
    language: str = ""

    def without(self, *choices: tuple[str, str]) -> Preferences:
        """Switch some off, each a notification and a channel."""
        return msgspec.structs.replace(self, off=tuple(sorted({*self.off, *choices})))


NOTHING_SAID: Final = Preferences()
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Preferences).decode


@dataclass(frozen=True, slots=True)
class Wanted:
    """What becomes of a message now: it is sent, unless it is off, waits some seconds, or waits for a digest."""

    off: bool = False
    wait_seconds: float = 0
    digest_at: int | None = field(default=None)


SEND: Final = Wanted()


def read(text: str) -> Preferences:
    """Read what was kept; nothing said when it is empty."""
    return _decode(text) if text else NOTHING_SAID


def write(preferences: Preferences) -> str:
    """Write what is kept."""
    return _encode(preferences).decode() if preferences != NOTHING_SAID else ""


def wanted(preferences: Preferences, planned: NotificationPlan, channel: str, now: int) -> Wanted:
    """Decide what becomes of a message on a channel at a moment (microseconds)."""
    if planned.code:
        return SEND
    if (planned.name, channel) in preferences.off:
        return Wanted(off=True)
    if channel in DIGESTED and channel in preferences.digests:
        return Wanted(digest_at=_next(preferences, preferences.digests[channel], now))
    return Wanted(wait_seconds=quiet_seconds(preferences, channel, now))


def quiet_seconds(preferences: Preferences, channel: str, now: int) -> float:
    """Give the seconds until a person may be woken on a channel; 0 when they may be now."""
    if preferences.quiet is None or channel not in QUIET:
        return 0
    return _quiet_for(preferences.quiet, now)


def choices(plan: Plan) -> tuple[tuple[str, str], ...]:
    """List what can be switched off: each notification on each channel of a person, but for codes."""
    return tuple(
        (one.name, channel.value)
        for one in plan.notifications
        for channel in OPTIONAL
        if channel in one.via and channel not in one.at and not one.code
    )


def meant(plan: Plan, notification: str, channel: str) -> tuple[tuple[str, str], ...]:
    """List what one word of a letter's reader switches off: the notification, or (ALL) whatever comes by the channel."""
    return tuple(one for one in choices(plan) if one[1] == channel and notification in (ALL, one[0]))


def _quiet_for(quiet: Quiet, now: int) -> float:
    """Give the seconds until the quiet hours are over; 0 outside of them. Clock changes count as the zone has them."""
    here = to_datetime(now).astimezone(ZoneInfo(quiet.zone))
    clock = here.time()
    if quiet.begins <= quiet.until:
        inside = quiet.begins <= clock < quiet.until
    else:
        inside = clock >= quiet.begins or clock < quiet.until
    if not inside:
        return 0
    day = here.date() + timedelta(days=1 if quiet.begins > quiet.until and clock >= quiet.begins else 0)
    end = datetime.combine(day, quiet.until, here.tzinfo)
    return max(0.0, (end.astimezone(UTC) - here.astimezone(UTC)).total_seconds())


def _next(preferences: Preferences, at: time, now: int) -> int:
    """Give the next moment at which it is a time of day for a person."""
    zone = ZoneInfo(preferences.quiet.zone) if preferences.quiet is not None else UTC
    here = to_datetime(now).astimezone(zone)
    moment = datetime.combine(here.date(), at, zone)
    if moment <= here:
        moment = datetime.combine(here.date() + timedelta(days=1), at, zone)
    return to_us(moment.astimezone(UTC))
