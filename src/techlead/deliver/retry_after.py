"""`Retry-After` (RFC 9110 section 10.2.3): seconds or a date become seconds from now."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from techlead.primitives.clock import SECOND_US, to_us

DIGITS_MAX: Final = 9


def seconds_of(header: str | None, now: int) -> float | None:
    """Give the seconds that a destination asks us to wait; None when it asks nothing that can be understood."""
    given = (header or "").strip()
    if given.isascii() and given.isdigit():
        return float(given[:DIGITS_MAX]) if len(given) <= DIGITS_MAX else float(10**DIGITS_MAX)
    try:
        date = parsedate_to_datetime(given)
        moment = to_us(date if date.tzinfo else date.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (moment - now) / SECOND_US)
