"""The table of filters: which operators a list takes for a field, by its kind."""

from __future__ import annotations

from typing import Final

from techlead.derive.plan import FieldPlan

EQUAL: Final = ("eq", "ne")
ORDER: Final = ("gt", "ge", "lt", "le")
ORDERED_KINDS: Final = frozenset({"text", "integer", "decimal", "money", "timestamp", "date"})
"""Kinds whose values have an order that means something to a caller."""
NULL: Final = "null"
OPERATOR_WORDS: Final = {
    "eq": "is",
    "ne": "is not",
    "gt": "is more than",
    "ge": "is at least",
    "lt": "is less than",
    "le": "is at most",
    NULL: "is empty",
}


def operators_of(field: FieldPlan) -> tuple[str, ...]:
    """List the operators that a list takes for a field; none when it takes no filter."""
    if not field.queryable or field.kind == "json":
        return ()
    order = ORDER if field.kind in ORDERED_KINDS else ()
    return (*EQUAL, *order, *((NULL,) if field.nullable else ()))


def parameter_name(field: FieldPlan, operator: str) -> str:
    """Name the query parameter of a filter: `price.ge`; equality is the field's name alone."""
    return field.name if operator == "eq" else f"{field.name}.{operator}"
