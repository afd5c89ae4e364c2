"""Money: an integer number of minor units in one ISO 4217 currency; no float comes in or goes out, no cent is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Final, NoReturn

from techlead.primitives.currencies import EXPONENTS

MINOR_MIN: Final = -(2**63)
MINOR_MAX: Final = 2**63 - 1
"""What a signed 64-bit column holds; every sum and product is checked against it."""

PARTS_MAX: Final = 100_000
"""How many parts one amount may be divided into."""

FACTOR_DIGITS_MAX: Final = 100
"""How many digits a factor may have before and after its point."""

# Longer than any amount in range; it bounds the work before a single digit is converted.
_AMOUNT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,4})?")


class CurrencyMismatch(ValueError):
    """Amounts in two currencies met; only a rate somebody answers for can bring them together."""


class Money:
    """An exact amount in one currency: `Money("120.00", "EUR")`; equal by value, and it never changes.

    Of text, a whole number (of euros, not cents) or a Decimal; TypeError for a float or a bool; ValueError for an
    unknown currency, more places than it has, or an amount outside 64 bits of minor units. False when it is zero.
    """

    __slots__ = ("currency", "minor")

    minor: int
    currency: str

    def __init__(self, amount: str | int | Decimal, currency: str) -> None:
        """Take an exact amount in major units."""
        places = _places(currency)
        object.__setattr__(self, "minor", _bounded(_to_minor(amount, places), currency))
        object.__setattr__(self, "currency", currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """Take a whole number of minor units, such as cents: the form in which a row keeps it."""
        _places(currency)
        return _made(_whole(minor), currency)

    @property
    def amount(self) -> str:
        """The amount in major units with all the currency's places, such as `120.00`; the form of JSON."""
        return written(self.minor, self.currency)

    def times(self, factor: Decimal | int, *, rounding: str) -> Money:
        """Multiply and round once, as said: `rounding=decimal.ROUND_HALF_EVEN`; there is no default to forget about.

        TypeError for a float; ValueError for a factor that is not finite or has more than FACTOR_DIGITS_MAX digits.
        """
        exact = _EXACT.multiply(Decimal(self.minor), _factor(factor))
        return _made(int(exact.to_integral_value(rounding=rounding)), self.currency)

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Divide by weights (whole numbers from 0, not all 0) into parts that add up to exactly this amount.

        No part is a minor unit or more away from its exact share. Units left over go to the largest remainders, the
        first of equal ones; so a weight of 0 gets nothing, and the same input gives the same parts on every machine.
        """
        total = _total(weights)
        sign = -1 if self.minor < 0 else 1
        shares = [divmod(abs(self.minor) * weight, total) for weight in weights]
        left_over = abs(self.minor) - sum(share for share, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda place: -shares[place][1])
        favoured = frozenset(by_remainder[:left_over])
        return tuple(
            _made(sign * (share + (place in favoured)), self.currency) for place, (share, _) in enumerate(shares)
        )

    def split(self, parts: int) -> tuple[Money, ...]:
        """Divide into equal parts that add up to exactly this amount; the first parts carry the units left over."""
        if not 1 <= _whole(parts) <= PARTS_MAX:
            raise ValueError(f"money splits into 1 to {PARTS_MAX} parts")
        return self.allocate((1,) * parts)

    def __add__(self, other: Money) -> Money:
        """Add in one currency; CurrencyMismatch otherwise."""
        return _made(self.minor + _same(self, other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract in one currency; CurrencyMismatch otherwise."""
        return _made(self.minor - _same(self, other), self.currency)

    def __mul__(self, count: int) -> Money:
        """Multiply by a whole number; anything else must say how to round, with `times`."""
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError("money is multiplied by a whole number; use .times(Decimal(...), rounding=...)")
        return _made(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        """Turn the sign."""
        return _made(-self.minor, self.currency)

    def __abs__(self) -> Money:
        """Drop the sign."""
        return _made(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        """Tell whether it is not zero, as numbers do."""
        return self.minor != 0

    def __eq__(self, other: object) -> bool:
        """Tell whether amount and currency are the same; other currencies are unequal, never an error."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.minor == other.minor and self.currency == other.currency

    def __lt__(self, other: Money) -> bool:
        """Compare in one currency; CurrencyMismatch otherwise."""
        return self.minor < _same(self, other)

    def __le__(self, other: Money) -> bool:
        """Compare in one currency; CurrencyMismatch otherwise."""
        return self.minor <= _same(self, other)

    def __gt__(self, other: Money) -> bool:
        """Compare in one currency; CurrencyMismatch otherwise."""
        return self.minor > _same(self, other)

    def __ge__(self, other: Money) -> bool:
        """Compare in one currency; CurrencyMismatch otherwise."""
        return self.minor >= _same(self, other)

    def __hash__(self) -> int:
        """Hash as equality compares."""
        return hash((self.minor, self.currency))

    def __str__(self) -> str:
        """Print as `120.00 EUR`."""
        return f"{self.amount} {self.currency}"

    def __repr__(self) -> str:
        """Print as it is written in a declaration."""
        return f'Money("{self.amount}", "{self.currency}")'

    def __reduce__(self) -> tuple[Callable[[int, str], Money], tuple[int, str]]:
        """Copy and pickle through the checks of `of_minor`."""
        return Money.of_minor, (self.minor, self.currency)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: money never changes."""
        raise AttributeError("money never changes: make another")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: money never changes."""
        self.__setattr__(name, None)


def written(minor: int, currency: str) -> str:
    """Write minor units of a known currency in major units, such as `120.00`; for rows, it makes no Money on the way."""
    places = EXPONENTS[currency]
    digits = str(minor)
    if minor > 0 < places < len(digits):
        return f"{digits[:-places]}.{digits[-places:]}"
    digits = str(abs(minor)).rjust(places + 1, "0")
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


# Wide enough that a product of 64 bits and a bounded factor is never rounded before `times` rounds it.
_EXACT: Final = Context(prec=20 + 2 * FACTOR_DIGITS_MAX)


def _made(minor: int, currency: str) -> Money:
    money = object.__new__(Money)
    object.__setattr__(money, "minor", _bounded(minor, currency))
    object.__setattr__(money, "currency", currency)
    return money


def _bounded(minor: int, currency: str) -> int:
    if not MINOR_MIN <= minor <= MINOR_MAX:
        raise ValueError(
            f"amount must be between {written(MINOR_MIN, currency)} and {written(MINOR_MAX, currency)} {currency}"
        )
    return minor


def _places(currency: str) -> int:
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise ValueError('currency must be an active ISO 4217 code, such as "EUR"') from None


def _to_minor(amount: str | int | Decimal, places: int) -> int:
    if isinstance(amount, str):
        return _text_to_minor(amount, places)
    if isinstance(amount, Decimal):
        return _decimal_to_minor(amount, places)
    return _whole(amount) * int(10**places)


def _text_to_minor(amount: str, places: int) -> int:
    if _AMOUNT.fullmatch(amount) is None:
        raise ValueError('amount must be a decimal in a string, such as "12.50"')
    whole, _, part = amount.partition(".")
    # Zeros past the last place are refused too: who writes "1.000" euros may mean a thousand.
    if len(part) > places:
        raise ValueError(_too_fine(places))
    return int(whole + part.ljust(places, "0"))


def _decimal_to_minor(amount: Decimal, places: int) -> int:
    if not amount.is_finite():
        raise ValueError("amount must be finite")
    if not amount:
        return 0
    # The magnitude first: 1E+999999999 must not become a number with as many digits.
    if amount.adjusted() < -places:
        raise ValueError(_too_fine(places))
    if amount.adjusted() > len(str(MINOR_MAX)):
        return MINOR_MAX + 1
    numerator, denominator = amount.as_integer_ratio()
    scaled: int = numerator * 10**places
    minor, rest = divmod(scaled, denominator)
    if rest:
        raise ValueError(_too_fine(places))
    return minor


def _too_fine(places: int) -> str:
    return f"amount must have at most {places} places"


def _same(one: Money, other: Money) -> int:
    if not isinstance(other, Money):
        raise TypeError("money goes with money only")
    if one.currency != other.currency:
        raise CurrencyMismatch(f"{one.currency} and {other.currency} do not mix: convert one first")
    return other.minor


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"money is made of text, whole numbers and Decimals, not of {type(number).__name__}")
    return number


def _factor(factor: Decimal | int) -> Decimal:
    if not isinstance(factor, Decimal):
        factor = Decimal(_whole(factor))
    exponent = factor.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -FACTOR_DIGITS_MAX or factor.adjusted() >= FACTOR_DIGITS_MAX:
        raise ValueError(f"a factor is finite, with at most {FACTOR_DIGITS_MAX} digits before and after the point")
    return factor


def _total(weights: Sequence[int]) -> int:
    if not 1 <= len(weights) <= PARTS_MAX or any(_whole(weight) < 0 for weight in weights) or not any(weights):
        raise ValueError(f"weights are 1 to {PARTS_MAX} whole numbers from 0 up, not all 0")
    return sum(weights)
