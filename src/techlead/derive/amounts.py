"""The codecs of exact amounts: decimals and money, strings in JSON and scaled integers in the database."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from techlead.derive.codecs import INT64_MAX, INT64_MIN, Codec, Limits, within
from techlead.primitives.currencies import EXPONENTS
from techlead.primitives.money import Money, written

DECIMAL_DIGITS_MAX: Final = 19
"""Digits before the point, or zeros after it: no more fit in 64 bits."""
USUAL_LENGTH_MAX: Final = 16
"""Characters of an amount that surely fits in 64 bits of minor units."""
DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?", re.ASCII)


def decimal_codec(limits: Limits) -> Codec:
    """Exact decimals with a fixed number of places, a string in JSON; stored as an integer scaled by 10**places."""
    places = limits.places
    scale = 10**places
    low = INT64_MIN if limits.ge is None else int(limits.ge * scale)
    high = INT64_MAX if limits.le is None else int(limits.le * scale)

    def dump(value: Any) -> int:
        return within(_scaled(value, places), low, high, show)

    def parse(value: Any) -> int:
        if not isinstance(value, str) or DECIMAL.fullmatch(value) is None:
            message = 'must be a decimal in a string, such as "12.50"'
            raise ValueError(message)
        return dump(Decimal(value))

    def show(stored: int) -> str:
        digits = str(abs(stored)).rjust(places + 1, "0")
        sign = "-" if stored < 0 else ""
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    def load(stored: int) -> Decimal:
        return Decimal(show(stored))

    example = show(min(max(scale, low), high))
    schema = {"type": "string", "pattern": rf"^-?(0|[1-9][0-9]{{0,18}})(\.[0-9]{{1,{max(places, 1)}}})?$"}
    return Codec("bigint", parse, show, load, dump, parse, schema, example)


def _scaled(value: Any, places: int) -> int:
    """Give a Decimal as a whole number of its smallest places: exact, whatever the precision of the context is."""
    if not isinstance(value, Decimal) or not value.is_finite():
        message = "must be a Decimal"
        raise ValueError(message)
    if value and not -DECIMAL_DIGITS_MAX <= value.adjusted() <= DECIMAL_DIGITS_MAX:
        message = "must be a number of ordinary size"
        raise ValueError(message)
    numerator, denominator = value.as_integer_ratio()
    scale: int = 10**places
    scaled, left = divmod(numerator * scale, denominator)
    if left:
        message = f"must have at most {places} places"
        raise ValueError(message)
    return scaled


def money_codec(limits: Limits) -> Codec:
    """Money in one currency: `{"amount": "120.00", "currency": "EUR"}`; stored as integer minor units."""
    currency = limits.currency
    low = INT64_MIN if limits.ge is None else limits.ge.minor
    high = INT64_MAX if limits.le is None else limits.le.minor
    places = EXPONENTS[currency]

    def show(stored: int) -> dict[str, str]:
        return {"amount": written(stored, currency), "currency": currency}

    def query(given: str) -> int:
        if DECIMAL.fullmatch(given) is None:
            message = 'amount must be a decimal in a string, such as "12.50"'
            raise ValueError(message)
        whole, _, fraction = given.partition(".")
        if len(fraction) == places and len(given) <= USUAL_LENGTH_MAX:  # then the digits are the minor units
            minor = int(whole + fraction)
            if low <= minor <= high:
                return minor
        return dump(Money(given, currency))

    def parse(value: Any) -> int:
        return query(_amount(value, currency))

    def dump(value: Any) -> int:
        if not isinstance(value, Money) or value.currency != currency:
            message = f"must be Money in {currency}"
            raise ValueError(message)
        return within(value.minor, low, high, lambda minor: Money.of_minor(minor, currency))

    def load(stored: int) -> Money:
        return Money.of_minor(stored, currency)

    example = show(min(max(low, 12000), high))
    return Codec("bigint", parse, show, load, dump, query, _money_schema(currency), example)


_PARTS: Final = frozenset({"amount", "currency"})


def _amount(value: Any, currency: str) -> str:
    if not isinstance(value, dict) or value.keys() != _PARTS:
        message = f'must be {{"amount": "12.00", "currency": "{currency}"}}'
        raise ValueError(message)
    if value["currency"] != currency:
        message = f"currency must be {currency}"
        raise ValueError(message)
    if not isinstance(value["amount"], str):
        message = "amount must be a string, never a number"
        raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
    return value["amount"]


def _money_schema(currency: str) -> dict[str, Any]:
    places = len(Money.of_minor(0, currency).amount.partition(".")[2])
    fraction = rf"(\.[0-9]{{1,{places}}})?" if places else ""
    return {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": rf"^-?(0|[1-9][0-9]{{0,18}}){fraction}$"},
            "currency": {"type": "string", "const": currency},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }
