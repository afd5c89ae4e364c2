"""Money is exact: nothing is lost in adding, dividing or writing, and no float gets near it."""

import copy
import pickle
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from techlead.primitives.currencies import EXPONENTS
from techlead.primitives.money import MINOR_MAX, CurrencyMismatch, Money

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(-(10**12), 10**12)


@given(st.integers(-MINOR_MAX - 1, MINOR_MAX), CURRENCIES)
def test_every_amount_reads_back_as_it_was_written(minor, currency):
    money = Money.of_minor(minor, currency)
    assert Money(money.amount, currency) == money
    assert pickle.loads(pickle.dumps(money)) == copy.deepcopy(money) == money


@settings(max_examples=10_000)
@given(MINOR, st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any), CURRENCIES)
def test_dividing_by_weights_loses_no_minor_unit(minor, weights, currency):
    parts = Money.of_minor(minor, currency).allocate(weights)
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor * sum(weights) - minor * weight) < sum(weights)
        assert weight or part.minor == 0


@given(MINOR, st.integers(1, 50))
def test_equal_parts_differ_by_one_minor_unit_at_most(minor, count):
    parts = [part.minor for part in Money.of_minor(minor, "EUR").split(count)]
    assert sum(parts) == minor
    assert max(parts) - min(parts) <= 1


@given(MINOR, MINOR)
def test_adding_and_taking_away_again_changes_nothing(one, other):
    first, second = Money.of_minor(one, "CHF"), Money.of_minor(other, "CHF")
    assert first + second - second == first
    assert (first < second) == (one < other)
    assert (first <= second, first > second, first >= second) == (one <= other, one > other, one >= other)
    assert -first + first == Money("0", "CHF")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("120.00", "EUR", 12_000), (120, "EUR", 12_000), ("1", "JPY", 1), ("1.234", "KWD", 1_234), ("-0.01", "USD", -1)],
)
def test_the_minor_unit_is_that_of_the_currency(amount, currency, minor):
    assert Money(amount, currency).minor == minor


def test_a_float_is_refused_wherever_it_could_come_in():
    with pytest.raises(TypeError, match="never a float"):
        Money(0.1, "EUR")
    with pytest.raises(TypeError, match="whole number"):
        Money("1", "EUR") * 0.5
    with pytest.raises(TypeError, match="Decimal"):
        Money("1", "EUR").times(0.5)
    with pytest.raises(TypeError, match="whole number"):
        Money.of_minor(1.0, "EUR")
    with pytest.raises(TypeError, match="never a float"):
        Money(True, "EUR")


@pytest.mark.parametrize("amount", ["1.001", "NaN", "Infinity", "1e400", "92233720368547758.08", "", "1,00", "0x10"])
def test_an_impossible_amount_is_refused(amount):
    with pytest.raises(ValueError, match="amount"):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["EUX", "eur", "", "DEM", None])
def test_a_currency_that_is_not_active_is_refused(currency):
    with pytest.raises(ValueError, match="ISO 4217"):
        Money("1", currency)


def test_two_currencies_do_not_mix():
    euro, dollar = Money("1", "EUR"), Money("1", "USD")
    assert euro != dollar
    for attempt in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro >= dollar):
        with pytest.raises(CurrencyMismatch, match="do not mix"):
            attempt()
    with pytest.raises(TypeError, match="money"):
        euro + 1


def test_rounding_is_always_named():
    assert Money("0.05", "EUR").times(Decimal("0.5")) == Money("0.02", "EUR")
    assert Money("0.05", "EUR").times(Decimal("0.5"), rounding=ROUND_HALF_UP) == Money("0.03", "EUR")
    assert Money("0.09", "EUR").times(Decimal("0.5"), rounding=ROUND_DOWN) == Money("0.04", "EUR")


def test_weights_that_divide_nothing_are_refused():
    for weights in ([], [0, 0], [1, -1], [-1]):
        with pytest.raises(ValueError, match="weights"):
            Money("1", "EUR").allocate(weights)


def test_money_never_changes():
    money = Money("1", "EUR")
    with pytest.raises(AttributeError, match="never changes"):
        money.minor = 2
    assert {money: 1}[Money("1.00", "EUR")] == 1
    assert 3 * money == money * 3 == Money("3", "EUR")
    assert str(money) == "1.00 EUR"
    assert repr(money) == 'Money("1.00", "EUR")'
