"""Money: integer minor units and an ISO 4217 currency. No float comes in or goes out, and no cent is lost in dividing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from techlead.primitives.currencies import EXPONENTS

MINOR_MAX: Final = 2**63 - 1
"""The most that a 64-bit column holds; the least is -MINOR_MAX - 1."""


class CurrencyMismatch(ValueError):
    """Two currencies cannot be added or compared."""


class Money:
    """An exact amount in one currency: `Money("120.00", "EUR")`; immutable, and ordered within its currency.

    Raises TypeError for a float, ValueError for an unknown currency, more digits than the currency has, or an amount
    beyond 64 bits of minor units.
    """

    __slots__ = ("currency", "minor")

    minor: int
    currency: str

    def __init__(self, amount: str | int | Decimal, currency: str) -> None:
        """Take an amount in major units (120 is 120.00 EUR)."""
        _set(self, _scaled(amount, _places(currency)), currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """Take an amount in minor units (12000 is 120.00 EUR)."""
        _places(currency)
        money = cls.__new__(cls)
        _set(money, minor, currency)
        return money

    @property
    def amount(self) -> str:
        """The amount in major units with all of its currency's digits: "120.00"."""
        places = EXPONENTS[self.currency]
        digits = str(abs(self.minor)).rjust(places + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    def times(self, factor: Decimal | int, *, rounding: str = ROUND_HALF_EVEN) -> Money:
        """Multiply by an exact factor; what is less than a minor unit is rounded as `decimal` names it."""
        if isinstance(factor, float):
            raise TypeError("a float cannot hold a factor exactly: use Decimal")
        exact = Decimal(self.minor) * Decimal(factor)
        return Money.of_minor(int(exact.to_integral_value(rounding=rounding)), self.currency)

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Divide by weights so that the parts add up exactly; the parts that were cut most take what is left."""
        whole = sum(weights)
        if not weights or whole <= 0 or min(weights) < 0:
            raise ValueError("weights must be whole numbers of at least 0, not all of them 0")
        shares = [self.minor * weight // whole for weight in weights]
        cut = sorted(range(len(weights)), key=lambda index: -(self.minor * weights[index] % whole))
        for index in cut[: self.minor - sum(shares)]:
            shares[index] += 1
        return tuple(Money.of_minor(share, self.currency) for share in shares)

    def split(self, parts: int) -> tuple[Money, ...]:
        """Divide into equal parts that add up exactly; they differ by one minor unit at most."""
        return self.allocate([1] * parts)

    def __add__(self, other: Money) -> Money:
        """Add in one currency; CurrencyMismatch otherwise."""
        return Money.of_minor(self.minor + _same(self, other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract in one currency; CurrencyMismatch otherwise."""
        return Money.of_minor(self.minor - _same(self, other), self.currency)

    def __neg__(self) -> Money:
        """Turn the sign."""
        return Money.of_minor(-self.minor, self.currency)

    def __mul__(self, factor: int) -> Money:
        """Multiply by a whole number; `times` takes a Decimal and says how it rounds."""
        if type(factor) is not int:
            raise TypeError("money is multiplied by a whole number; use .times(Decimal(...), rounding=...)")
        return Money.of_minor(self.minor * factor, self.currency)

    __rmul__ = __mul__

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

    def __eq__(self, other: object) -> bool:
        """Compare amount and currency."""
        return isinstance(other, Money) and self.minor == other.minor and self.currency == other.currency

    def __hash__(self) -> int:
        """Hash as equality compares."""
        return hash((self.minor, self.currency))

    def __str__(self) -> str:
        """Print as a person reads it."""
        return f"{self.amount} {self.currency}"

    def __repr__(self) -> str:
        """Print as it is written."""
        return f'Money("{self.amount}", "{self.currency}")'

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: money never changes."""
        raise AttributeError("money never changes: make a new one")

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle through the constructor's checks."""
        return Money.of_minor, (self.minor, self.currency)


def _set(money: Money, minor: int, currency: str) -> None:
    if type(minor) is not int:
        raise TypeError("minor units are a whole number")
    if not -MINOR_MAX - 1 <= minor <= MINOR_MAX:
        raise ValueError("amount is too large")
    object.__setattr__(money, "minor", minor)
    object.__setattr__(money, "currency", currency)


def _places(currency: str) -> int:
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise ValueError("currency is not an active ISO 4217 code such as EUR") from None


def _scaled(amount: str | int | Decimal, places: int) -> int:
    if isinstance(amount, float | bool) or not isinstance(amount, str | int | Decimal):
        raise TypeError('an amount is a string such as "12.50", an int or a Decimal, never a float')
    try:
        exact = Decimal(amount)
    except InvalidOperation:
        raise ValueError('amount must be a decimal such as "12.50"') from None
    if not exact.is_finite() or exact.adjusted() > 20:  # noqa: PLR2004 - beyond 64 bits in every currency
        raise ValueError("amount is too large")
    scaled = exact.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"amount must have at most {places} digits after the point")
    return int(scaled)


def _same(money: Money, other: Money) -> int:
    if not isinstance(other, Money):
        raise TypeError("money goes with money only")
    if other.currency != money.currency:
        raise CurrencyMismatch(f"{money.currency} and {other.currency} do not mix: convert one first")
    return other.minor
