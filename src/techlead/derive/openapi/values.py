"""The JSON Schema of one value: its codec's, made exact by what the field declares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from techlead.declare.access import nobody
from techlead.declare.field import MISSING, Now
from techlead.derive.openapi.pattern_example import text_matching
from techlead.derive.plan import FieldPlan
from techlead.primitives.money import Money

Schema = dict[str, Any]

BEYOND_CONTROL: Final = r"\u007f-\u009f\u202a-\u202e\u2066-\u2069"
MULTILINE: Final = rf"^[^\u0000-\u0008\u000b-\u001f{BEYOND_CONTROL}]*$"
ONE_LINE: Final = rf"^[^\u0000-\u001f{BEYOND_CONTROL}]*$"
"""What `primitives.text.clean` takes; lone surrogates, which it refuses, too, no JSON text can hold."""
TIMESTAMP: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
URLS: Final = {"url": "^[Hh][Tt][Tt][Pp][Ss]?://", "webhook_url": "^[Hh][Tt][Tt][Pp][Ss]://"}
WHOLE_DIGITS_MAX: Final = 19


def value_schema(field: FieldPlan) -> Schema:
    """Give the schema of a field's value as callers send and read it, null included where it may be."""
    schema = _narrow(field)
    example = example_of(field)
    if example is not None:
        schema["examples"] = [example]
    return _or_null(schema) if field.nullable else schema


def query_schema(field: FieldPlan) -> Schema:
    """Give the schema of a value in an address: of money, its amount."""
    schema = _narrow(field)
    if field.kind == "money":
        amount: Schema = schema["properties"]["amount"]
        return amount
    return schema


def example_of(field: FieldPlan) -> Any:
    """Give a value that the field takes; None when none is known."""
    if field.kind != "text":
        return field.codec.example
    word = field.name.replace("_", " ").capitalize()[: field.spec.max_length].ljust(field.spec.min_length, ".")
    for candidate in (word, field.codec.example, text_matching(field.spec.pattern or "")):
        try:
            return field.codec.parse(candidate)
        except ValueError:
            continue
    return None


def default_of(field: FieldPlan) -> Any:
    """Give the constant that a new row gets when the field is not sent; MISSING when there is none to tell."""
    default = field.spec.default
    if default is MISSING or isinstance(default, Now) or default is None:
        return MISSING
    stored = field.codec.dump(default)
    return stored if field.codec.show is None else field.codec.show(stored)


def sent(field: FieldPlan) -> bool:
    """Tell whether any caller may send the field."""
    return field.writable and field.write != nobody


def _narrow(field: FieldPlan) -> Schema:
    """Copy the codec's schema and add what it cannot know."""
    schema: Schema = dict(field.codec.schema)
    if field.kind == "text" and "pattern" not in schema:
        schema["pattern"] = MULTILINE if field.spec.multiline else ONE_LINE
    elif field.kind in URLS:
        schema["pattern"] = URLS[field.kind]
    elif field.kind == "timestamp":
        schema["pattern"] = TIMESTAMP
    elif field.kind == "decimal":
        schema["pattern"] = _amount_pattern(field.spec.ge, field.spec.le, field.spec.places or 0)
    elif field.kind == "money":
        low, high = (_amount(bound) for bound in (field.spec.ge, field.spec.le))
        places = len(Money.of_minor(0, schema["properties"]["currency"]["const"]).amount.partition(".")[2])
        amount = {"type": "string", "pattern": _amount_pattern(low or Decimal(0), high, places)}
        schema["properties"] = {**schema["properties"], "amount": amount}
    if field.kind in ("decimal", "money"):
        bounds = [f"at least {field.spec.ge}"] if field.spec.ge is not None else []
        bounds += [f"at most {field.spec.le}"] if field.spec.le is not None else []
        if bounds:
            schema["description"] = f"Must be {' and '.join(bounds)}."
    return schema


def _amount(bound: Money | None) -> Decimal | None:
    return None if bound is None else Decimal(bound.amount)


def _amount_pattern(low: Decimal | None, high: Decimal | None, places: int) -> str:
    sign = "" if low is not None and low >= 0 else "-?"
    largest = None if high is None or low is None else max(abs(int(low)), abs(int(high)))
    digits = WHOLE_DIGITS_MAX - places if largest is None else len(str(largest))
    fraction = rf"(\.[0-9]{{1,{places}}})?" if places else ""
    whole = rf"[1-9][0-9]{{0,{digits - 1}}}"
    return rf"^{sign}{whole if low is not None and low >= 1 else f'(0|{whole})'}{fraction}$"


def _or_null(schema: Schema) -> Schema:
    return {
        **schema,
        "type": [schema["type"], "null"],
        **({"enum": [*schema["enum"], None]} if "enum" in schema else {}),
    }
