"""Money: integer minor units and an ISO 4217 currency."""

from __future__ import annotations

from decimal import Decimal
from functools import total_ordering

EXPONENTS = {"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0, "KWD": 3}


class CurrencyMismatch(ValueError):
    """Two currencies met."""


@total_ordering
class Money:
    """An amount in one currency."""

    __slots__ = ("currency", "minor")

    def __init__(self, amount: str | int | Decimal, currency: str) -> None:
        """Make money of an exact amount."""
        places = EXPONENTS[currency]
        scaled = Decimal(amount).scaleb(places)
        if scaled != int(scaled):
            message = f"amount must have at most {places} places"
            raise ValueError(message)
        self.minor = int(scaled)
        self.currency = currency

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Money:
        """Make money of minor units."""
        if currency not in EXPONENTS:
            message = f"{currency!r} is not an ISO 4217 currency"
            raise ValueError(message)
        money = cls.__new__(cls)
        money.minor, money.currency = minor, currency
        return money

    @property
    def amount(self) -> str:
        """The amount as text."""
        places = EXPONENTS[self.currency]
        return str(Decimal(self.minor).scaleb(-places).quantize(Decimal(1).scaleb(-places)))

    def __str__(self) -> str:
        """Print amount and currency."""
        return f"{self.amount} {self.currency}"

    def __eq__(self, other: object) -> bool:
        """Compare."""
        return isinstance(other, Money) and (self.minor, self.currency) == (other.minor, other.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare."""
        return self.minor < other.minor

    def __hash__(self) -> int:
        """Hash."""
        return hash((self.minor, self.currency))
