"""Values that a field takes: the least that a caller must send, the same ones every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from techlead.derive.plan import FieldPlan
from techlead.primitives.money import Money

LATER: Final = timedelta(days=30)


def body_of(fields: Iterable[FieldPlan]) -> Mapping[str, Any]:
    """Give what a caller must send, but for references."""
    return {one.name: value_of(one) for one in fields if one.required and one.target is None}


def value_of(field: FieldPlan) -> Any:
    """Give a value of a field as JSON, within its bounds; a moment lies ahead, because most that are sent do."""
    low, high = field.spec.ge, field.spec.le
    if field.kind == "text":
        return _text(field)
    if field.kind == "datetime":
        return (datetime.now(UTC) + LATER).isoformat()
    if isinstance(low, Money) or isinstance(high, Money):
        bound = low if isinstance(low, Money) else high
        return {"amount": str(bound.amount), "currency": bound.currency}
    if isinstance(low, Decimal):
        return str(low)
    bound = low if low is not None else high
    return field.codec.example if bound is None else bound


def _text(field: FieldPlan) -> str:
    if field.spec.pattern is not None:
        return str(field.codec.example)
    words = field.name.replace("_", " ").capitalize().ljust(max(field.spec.min_length, 1), "x")
    return words[: field.spec.max_length]
