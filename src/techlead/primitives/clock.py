"""Moments: microseconds since 1970-01-01T00:00Z as integers, and the two doors to text and to datetime.

Time is injected: whoever needs it takes a `Clock`, so a test walks a month in zero time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], int]
"""Gives the moment, in microseconds since the epoch in UTC."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
MOMENT_MIN_US: Final = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z, the first moment a datetime can hold."""
MOMENT_MAX_US: Final = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, the last one."""

_MICROSECOND: Final = timedelta(microseconds=1)
_OUT_OF_RANGE: Final = "must be between the years 1 and 9999 in UTC"
# Ranges are spelt out, because what `fromisoformat` lets through (24:00, +01:60) changes with Python's version.
_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def system_clock() -> int:
    """Give the time of the machine, in microseconds since the epoch."""
    return time.time_ns() // 1000


class FrozenClock:
    """A clock for tests: it stands still until it is told to move."""

    __slots__ = ("now_us",)

    def __init__(self, start_us: int) -> None:
        """Stand at a moment, in microseconds since the epoch."""
        self.now_us = start_us

    def __call__(self) -> int:
        """Give the moment, in microseconds since the epoch."""
        return self.now_us

    def advance(self, seconds: float) -> None:
        """Move on by seconds; ValueError for a step back, because no test wants one by mistake."""
        if not seconds >= 0:
            raise ValueError("a clock only moves forward")
        self.now_us += round(seconds * SECOND_US)


def to_datetime(us: int, _epoch: datetime = EPOCH, _delta: type[timedelta] = timedelta) -> datetime:
    """Give the moment as an aware datetime in UTC; ValueError outside the years 1 to 9999."""
    # The names are bound as defaults, and the timedelta by position, because every row that is read passes here.
    try:
        return _epoch + _delta(0, 0, us)
    except OverflowError:
        raise ValueError(_OUT_OF_RANGE) from None


def to_us(moment: datetime) -> int:
    """Give an aware datetime as microseconds since the epoch; ValueError when it has no offset."""
    if moment.utcoffset() is None:
        raise ValueError("must have an offset")
    return (moment - EPOCH) // _MICROSECOND


def parse_timestamp(text: str) -> int:
    """Read a date and time with its offset (RFC 3339) as microseconds since the epoch.

    One to nine fraction digits are taken, since many clients write nanoseconds; what is finer than a microsecond is
    cut off. A leap second is refused, as it is by every database. ValueError says what to send, not what was sent.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("must be a date and time with an offset, such as 2026-05-01T12:00:00Z")
    day, hour, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{hour}.{(fraction or '0'):0<6.6}{offset.upper()}")
    except ValueError:
        raise ValueError("must be a date and time that exists") from None
    us = (moment - EPOCH) // _MICROSECOND
    # An offset can lead out of what a datetime holds: 0001-01-01T00:00+01:00 is still in the year 0.
    if not MOMENT_MIN_US <= us <= MOMENT_MAX_US:
        raise ValueError(_OUT_OF_RANGE)
    return us
