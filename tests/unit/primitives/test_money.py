"""Money is exact: nothing is lost in adding, dividing or writing, and no float gets near it."""

import copy
import decimal
import operator
import pickle
import random
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techlead.primitives.currencies import EXPONENTS
from techlead.primitives.money import (
    FACTOR_DIGITS_MAX,
    MINOR_MAX,
    MINOR_MIN,
    PARTS_MAX,
    CurrencyMismatch,
    Money,
    written,
)

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(MINOR_MIN, MINOR_MAX)
ORDINARY = st.integers(-(10**12), 10**12)
EURO = Money("1.00", "EUR")


@given(MINOR, CURRENCIES)
@example(MINOR_MIN, "EUR")
@example(MINOR_MAX, "UYW")
@example(-5, "EUR")
def test_every_amount_reads_back_as_it_was_written(minor, currency):
    money = Money.of_minor(minor, currency)
    assert money.amount == written(minor, currency)
    assert Money(money.amount, currency) == Money(Decimal(money.amount), currency) == money
    assert Decimal(money.amount) == Fraction(minor, 10 ** EXPONENTS[currency])
    assert pickle.loads(pickle.dumps(money)) == copy.copy(money) == copy.deepcopy(money) == money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("120.00", "EUR", 12_000), (120, "EUR", 12_000), ("120", "EUR", 12_000), ("0.5", "EUR", 50), ("-0.01", "USD", -1),
        ("-0.00", "EUR", 0), ("1", "JPY", 1), ("1.234", "KWD", 1_234), ("1.2345", "CLF", 12_345), (-3, "JPY", -3),
        (Decimal("1.50"), "EUR", 150), (Decimal("1.5000"), "EUR", 150), (Decimal("1E+3"), "EUR", 100_000),
        (Decimal("0E-999999"), "EUR", 0), (Decimal("-0"), "EUR", 0),
        ("92233720368547758.07", "EUR", MINOR_MAX), ("-92233720368547758.08", "EUR", MINOR_MIN),
    ],
)  # fmt: skip
def test_an_amount_is_kept_in_the_minor_unit_of_its_currency(amount, currency, minor):
    assert Money(amount, currency).minor == minor


@pytest.mark.parametrize(
    "amount",
    [
        "", " 1", "1 ", "1\n", "+1", "1.", ".5", "01", "1,00", "1.000,00", "1_000", "1e2", "0x10", "NaN", "Infinity",
        "-", "--1", "\u0661", "\uff11", "9" * 20, "9" * 100_000, "1.12345",
    ],
)  # fmt: skip
def test_text_that_is_no_plain_decimal_is_refused(amount):
    with pytest.raises(ValueError, match=r'^amount must be a decimal in a string, such as "12.50"$'):
        Money(amount, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.001", "EUR"), ("1.000", "EUR"), ("1.0", "JPY"), (Decimal("1.001"), "EUR"), (Decimal("1e-30"), "EUR"), (Decimal("0.5"), "JPY"),
     (Decimal("1E-999999999"), "EUR"), (Decimal("1." + "0" * 40 + "1"), "EUR")],
)  # fmt: skip
def test_more_places_than_the_currency_has_are_refused_and_never_rounded(amount, currency):
    with pytest.raises(ValueError, match="at most"):
        Money(amount, currency)


@pytest.mark.parametrize(
    "amount",
    [
        "92233720368547758.08",
        "-92233720368547758.09",
        10**40,
        Decimal("1E+999999999"),
        Decimal("-1E+19"),
        Decimal(10**17),
    ],
)
def test_an_amount_beyond_64_bits_is_refused_with_the_bounds(amount):
    with pytest.raises(ValueError, match=r"between -92233720368547758.08 and 92233720368547758.07 EUR"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_what_is_not_finite_is_no_amount(amount):
    with pytest.raises(ValueError, match="finite"):
        Money(amount, "EUR")


@pytest.mark.parametrize("attempt", [lambda: -Money.of_minor(MINOR_MIN, "EUR"), lambda: abs(Money.of_minor(MINOR_MIN, "EUR")),
    lambda: Money.of_minor(MINOR_MAX, "EUR") + Money.of_minor(1, "EUR"), lambda: Money.of_minor(MINOR_MIN, "EUR") - Money.of_minor(1, "EUR"),
    lambda: Money.of_minor(MINOR_MAX, "EUR") * 2, lambda: Money.of_minor(MINOR_MAX, "EUR").times(Decimal("1.1"), rounding=ROUND_DOWN),
    lambda: Money.of_minor(MINOR_MAX + 1, "EUR"), lambda: EURO.times(Decimal("9E+99"), rounding=ROUND_DOWN)])  # fmt: skip
def test_no_calculation_leaves_64_bits(attempt):
    with pytest.raises(ValueError, match="amount must be between"):
        attempt()


@given(st.text(max_size=30) | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,5})?", fullmatch=True), CURRENCIES)
def test_any_text_is_an_exact_amount_or_a_clear_refusal(text, currency):
    try:
        money = Money(text, currency)
    except ValueError as error:
        assert str(error).startswith("amount must")  # noqa: PT017 - the message is the claim
    else:
        assert Decimal(money.amount) == Decimal(text)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: Money(0.1, "EUR"), lambda: Money(True, "EUR"), lambda: Money(None, "EUR"), lambda: Money(EURO, "EUR"),
        lambda: Money.of_minor(1.0, "EUR"), lambda: Money.of_minor(True, "EUR"), lambda: Money.of_minor("1", "EUR"),
        lambda: EURO * 0.5, lambda: 0.5 * EURO, lambda: EURO * Decimal(2), lambda: EURO * True, lambda: EURO * EURO,
        lambda: EURO.times(0.5, rounding=ROUND_DOWN), lambda: EURO.times(True, rounding=ROUND_DOWN), lambda: EURO.split(2.0),
        lambda: EURO.allocate([0.5, 0.5]), lambda: EURO.allocate([True]), lambda: EURO / 3, lambda: EURO + 1, lambda: 1 + EURO,
        lambda: EURO - Decimal(1), lambda: EURO < 1, lambda: EURO >= 1.0, lambda: sum([EURO]), lambda: float(EURO), lambda: int(EURO),
    ],
)  # fmt: skip
def test_no_float_and_no_bare_number_gets_in_or_out(attempt):
    with pytest.raises(TypeError):
        attempt()


@pytest.mark.parametrize("currency", ["EUX", "eur", "", "DEM", " EUR", "XAU", None, [], 978])
def test_a_currency_that_is_not_active_is_refused(currency):
    for attempt in (lambda: Money("1", currency), lambda: Money.of_minor(1, currency)):
        with pytest.raises(ValueError, match="ISO 4217"):
            attempt()


def test_dividing_by_weights_loses_no_cent_in_10_000_random_splits():
    chance = random.Random(4217)
    for _ in range(10_000):
        minor = chance.randint(-(10 ** chance.randint(0, 18)), 10 ** chance.randint(0, 18))
        weights = [
            chance.choice((0, 1, chance.randint(0, 10 ** chance.randint(1, 12)))) for _ in range(chance.randint(1, 12))
        ]
        weights[chance.randrange(len(weights))] += 1
        parts = [part.minor for part in Money.of_minor(minor, "EUR").allocate(weights)]
        assert sum(parts) == minor, (minor, weights)


@given(MINOR, st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any), CURRENCIES)
def test_each_part_is_less_than_a_minor_unit_from_its_exact_share(minor, weights, currency):
    parts = [part.minor for part in Money.of_minor(minor, currency).allocate(weights)]
    assert sum(parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(minor * weight, sum(weights))) < 1
        assert weight or part == 0


@given(ORDINARY, st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_giving_back_divides_as_taking_does(minor, weights):
    taken, given_back = Money.of_minor(minor, "EUR").allocate(weights), Money.of_minor(-minor, "EUR").allocate(weights)
    assert [-part for part in taken] == list(given_back)


@given(MINOR, st.integers(1, 50))
def test_equal_parts_differ_by_one_minor_unit_at_most(minor, count):
    parts = [part.minor for part in Money.of_minor(minor, "EUR").split(count)]
    assert (len(parts), sum(parts)) == (count, minor)
    assert max(parts) - min(parts) <= 1
    assert sorted(parts, key=abs, reverse=True) == parts


def test_the_units_left_over_go_where_the_most_was_cut_and_then_to_the_first():
    assert [str(part) for part in Money("10.00", "EUR").split(3)] == ["3.34 EUR", "3.33 EUR", "3.33 EUR"]
    assert [part.amount for part in Money("0.05", "EUR").allocate([7, 3])] == ["0.04", "0.01"]
    assert [part.amount for part in Money("1.00", "EUR").allocate([1, 0, 2])] == ["0.33", "0.00", "0.67"]
    assert [part.amount for part in Money("0.01", "EUR").allocate([0, 1, 1])] == ["0.00", "0.01", "0.00"]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1], (1,) * (PARTS_MAX + 1)])
def test_weights_that_divide_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights are 1 to"):
        EURO.allocate(weights)


@pytest.mark.parametrize("count", [0, -1, PARTS_MAX + 1])
def test_a_split_has_one_part_or_more_and_a_limit(count):
    with pytest.raises(ValueError, match="splits into 1 to"):
        EURO.split(count)


@given(ORDINARY, ORDINARY, st.integers(-1000, 1000))
def test_money_is_added_and_compared_as_its_minor_units_are(one, other, count):
    first, second = Money.of_minor(one, "CHF"), Money.of_minor(other, "CHF")
    assert (first + second).minor == one + other
    assert (first - second).minor == one - other
    assert first + second - second == first
    assert (first * count).minor == (count * first).minor == one * count
    assert (first < second, first <= second, first > second) == (one < other, one <= other, one > other)
    assert (first >= second, first == second, first != second) == (one >= other, one == other, one != other)
    assert ((-first).minor, abs(first).minor, bool(first)) == (-one, abs(one), one != 0)
    assert (hash(first) == hash(second)) or first != second


def test_two_currencies_do_not_mix_but_can_be_told_apart():
    dollar = Money("1", "USD")
    assert dollar != EURO
    assert len({EURO, dollar, Money("1", "EUR")}) == 2
    assert EURO != "1.00 EUR"
    assert (EURO == 1) is False
    for meet in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(CurrencyMismatch, match="EUR and USD do not mix"):
            meet(EURO, dollar)


ROUNDINGS = [getattr(decimal, name) for name in dir(decimal) if name.startswith("ROUND_")]


@given(
    MINOR, st.decimals(-2, 2, places=30), st.sampled_from([ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, ROUND_HALF_EVEN])
)
@example(MINOR_MAX, Decimal("0.5"), ROUND_HALF_EVEN)
@example(MINOR_MAX, Decimal("0.99999999999999999999999999999999999999"), ROUND_DOWN)
def test_a_product_is_rounded_once_from_its_exact_value(minor, factor, rounding):
    exact = Fraction(minor) * Fraction(factor)
    expected = {
        ROUND_CEILING: lambda: -(-exact.numerator // exact.denominator),
        ROUND_DOWN: lambda: int(exact),
        ROUND_HALF_UP: lambda: (1 if exact >= 0 else -1) * int(abs(exact) + Fraction(1, 2)),
        ROUND_HALF_EVEN: lambda: round(exact),
    }[rounding]()
    if MINOR_MIN <= expected <= MINOR_MAX:
        assert Money.of_minor(minor, "EUR").times(factor, rounding=rounding).minor == expected
    else:
        with pytest.raises(ValueError, match="amount must be between"):
            Money.of_minor(minor, "EUR").times(factor, rounding=rounding)


def test_the_precision_of_the_surrounding_context_changes_nothing():
    with decimal.localcontext(prec=2, rounding=ROUND_UP):
        assert Money("12345678.91", "EUR").times(Decimal("0.07"), rounding=ROUND_DOWN) == Money("864197.52", "EUR")
        assert Money(Decimal("12345678.91"), "EUR").minor == 1_234_567_891


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_rounding_of_decimal_can_be_named(rounding):
    assert EURO.times(3, rounding=rounding) == Money("3", "EUR")
    assert Money("0.05", "EUR").times(Decimal("0.5"), rounding=rounding).minor in (2, 3)


def test_rounding_is_always_named():
    with pytest.raises(TypeError, match="rounding"):
        EURO.times(Decimal("0.5"))
    with pytest.raises(TypeError, match="rounding"):
        EURO.times(Decimal("0.5"), rounding="somehow")


@pytest.mark.parametrize(
    "factor",
    [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal(f"1E+{FACTOR_DIGITS_MAX}"),
        Decimal("1E-101"),
        10**100,
    ],
)
def test_a_factor_that_is_not_finite_or_too_long_is_refused(factor):
    with pytest.raises(ValueError, match="a factor is finite"):
        EURO.times(factor, rounding=ROUND_UP)


def test_a_tiny_factor_is_not_lost_before_rounding():
    assert EURO.times(Decimal(f"1E-{FACTOR_DIGITS_MAX}"), rounding=ROUND_UP) == Money("0.01", "EUR")


def test_money_never_changes():
    for attempt in (
        lambda: setattr(EURO, "minor", 2),
        lambda: delattr(EURO, "minor"),
        lambda: setattr(EURO, "other", 1),
    ):
        with pytest.raises(AttributeError, match="never changes"):
            attempt()
    assert not hasattr(EURO, "__dict__")


def test_money_prints_as_it_is_read_and_as_it_is_declared():
    assert str(Money("120", "EUR")) == f"{Money('120', 'EUR')}" == "120.00 EUR"
    assert str(Money("-0.05", "EUR")) == "-0.05 EUR"
    assert str(Money(7, "JPY")) == "7 JPY"
    assert str(Money("0.001", "KWD")) == "0.001 KWD"
    assert repr(EURO) == 'Money("1.00", "EUR")'
