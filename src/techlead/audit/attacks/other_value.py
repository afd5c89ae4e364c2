"""Other values that a field takes, for attacks that must change something and see it again. No attack itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.audit.target.operation import Field, Meaning

UNIQUE = frozenset({Meaning.TEXT, Meaning.NAME, Meaning.OTHER, Meaning.SECRET, Meaning.USERNAME, Meaning.EMAIL})
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


def distinct(body: Any, known: Mapping[str, Field], number: int) -> Any:
    """Give the body with a number in each of its free texts, so that none of them is one that was there before."""
    if not isinstance(body, dict):
        return body
    changed = {}
    for name, value in body.items():
        field = known.get(name, Field(name))
        free = (
            isinstance(value, str) and not field.choices and field.format in {None, "email"} and field.meaning in UNIQUE
        )
        changed[name] = _numbered(value, number, field.length_max) if free else value
    return changed


def _numbered(value: str, number: int, most: int | None) -> str:
    """Put the number into a text, before the @ of an address."""
    head, at, tail = value.partition("@")
    room = (most or 200) - len(str(number)) - len(at + tail)
    return f"{head[: max(room, 0)]}{number}{at}{tail}"
