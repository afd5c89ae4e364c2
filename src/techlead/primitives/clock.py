"""The clock: microseconds since 1970 in UTC."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], int]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def system_clock() -> int:
    """Give the time of the machine."""
    return time.time_ns() // 1000


class FrozenClock:
    """A clock that stands until it is told to move."""

    def __init__(self, start_us: int) -> None:
        """Stand at a moment."""
        self.now_us = start_us

    def __call__(self) -> int:
        """Give the moment."""
        return self.now_us

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now_us += round(seconds * 1_000_000)


def to_datetime(us: int) -> datetime:
    """Give an aware datetime."""
    return EPOCH + timedelta(microseconds=us)


def to_us(moment: datetime) -> int:
    """Give microseconds of an aware datetime."""
    if moment.tzinfo is None:
        message = "must have an offset"
        raise ValueError(message)
    return (moment - EPOCH) // _MICROSECOND


def parse_timestamp(text: str) -> int:
    """Read RFC 3339."""
    if _RFC3339.fullmatch(text) is None:
        message = "must be a date and time with an offset, such as 2026-05-01T12:00:00Z"
        raise ValueError(message)
    try:
        return to_us(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        message = "must be a date and time that exists"
        raise ValueError(message) from None
