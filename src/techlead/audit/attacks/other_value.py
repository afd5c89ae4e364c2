"""Other values that a field takes, for attacks that must change something and see it again. No attack itself."""

from __future__ import annotations

from typing import Any

from techlead.audit.target.operation import Field, Meaning

UNTOUCHED = frozenset({Meaning.PASSWORD, Meaning.EMAIL, Meaning.REFERENCE, Meaning.FILE, Meaning.SECRET, Meaning.IBAN})
SHAPED = frozenset({Meaning.WHEN, Meaning.BIRTHDAY, Meaning.URL})


def other_value(field: Field, now: Any) -> Any:
    """Give another value than the one there is; None where none is known to be right."""
    if field.meaning in UNTOUCHED:
        return None
    if field.choices:
        return next((choice for choice in field.choices if choice != now), None)
    if field.type == "boolean" or isinstance(now, bool):
        return not now
    if isinstance(now, int | float):
        return now + 1 if field.maximum is None or now + 1 <= field.maximum else now - 1
    return _other_text(field, now) if isinstance(now, str) and now and field.format is None else None


def _other_text(field: Field, now: str) -> str | None:
    if field.meaning in SHAPED:
        return None
    one, two = ("1", "2") if not now.strip("+0123456789 ") else ("x", "y")
    return now[:-1] + (one if now[-1] != one else two)
