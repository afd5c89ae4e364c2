"""A value's schema and its codec agree: what one takes, the other takes, as far as a schema can tell."""

import re
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import plan_of

from techlead.derive.filters import operators_of
from techlead.derive.openapi.values import MULTILINE, ONE_LINE, query_schema, value_schema
from techlead.primitives import text

PAGE = """
backend = Backend("kinds")

@backend.account
class Person(Account): ...

class Size(Enum):
    SMALL = "small"
    LARGE = "large"

@backend.resource(read=signed_in, create=signed_in)
class Thing(Resource):
    line: Mapped[str] = field(min_length=2, max_length=10, indexed=True)
    lines: Mapped[str] = field(max_length=10, multiline=True)
    code: Mapped[str] = field(max_length=6, pattern="[A-Z]{2}-[0-9]+")
    count: Mapped[int] = field(ge=-3, le=30, indexed=True)
    free: Mapped[int]
    weight: Mapped[Decimal] = field(places=2, ge=Decimal("-1.50"), le=Decimal("20"))
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"), le=Money("250.00", "EUR"), indexed=True)
    yen: Mapped[Money] = field(currency="JPY")
    size: Mapped[Size] = field(indexed=True)
    done: Mapped[bool]
    day: Mapped[date | None] = field(indexed=True)
    at: Mapped[datetime]
    link: Mapped[Url]
    hook: Mapped[WebhookUrl]
    mail: Mapped[Email]
    who: Mapped[Ref[Person]]
    more: Mapped[Json] = field(max_bytes=100)
"""


@pytest.fixture(scope="module")
def thing(tmp_path_factory):
    return plan_of(tmp_path_factory.mktemp("kinds"), PAGE).resources["Thing"]


def taken(field, value):
    if value is None:
        return field.nullable
    try:
        field.codec.parse(value)
    except ValueError:
        return False
    return True


def valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


CASES = {
    "line": ["ab", "a", "", "a" * 10, "a" * 11, "a\nb", "a\tb", "a\x00b", "a\u202eb", "äöü", 1, None],
    "lines": ["a", "a\nb\tc", "a\rb", "a\x85b", "", "x" * 11],
    "code": ["AB-1", "AB-", "ab-1", "AB-1234", "xAB-1"],
    "count": [-3, 30, -4, 31, 0, "1", 1.5, True, None],
    "free": [2**63 - 1, 2**63, -(2**63), -(2**63) - 1],
    "weight": ["-1.5", "20", "20.00", "0.001", "100", 1, "1e1", "+1", "01"],
    "price": [
        {"amount": "1.00", "currency": "EUR"},
        {"amount": "250", "currency": "EUR"},
        {"amount": "0.99", "currency": "EUR"},
        {"amount": "-1.00", "currency": "EUR"},
        {"amount": "1.005", "currency": "EUR"},
        {"amount": "1.00", "currency": "USD"},
        {"amount": "1.00"},
        {"amount": 1, "currency": "EUR"},
        {"amount": "1.00", "currency": "EUR", "more": 1},
        "1.00",
    ],
    "yen": [{"amount": "100", "currency": "JPY"}, {"amount": "100.5", "currency": "JPY"}],
    "size": ["small", "huge", "SMALL", None],
    "done": [True, False, "true", 1, None],
    "day": ["2026-05-01", None, 20260501],
    "at": ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00.123456+02:00", "2026-05-01T12:00:00", "2026-05-01", 0],
    "link": ["https://example.com/", "http://example.com/", "ftp://example.com/", "example.com"],
    "hook": ["https://example.com/", "http://example.com/"],
    "who": ["person_01h455vb4pex5vsknk084sn02q", "thing_01h455vb4pex5vsknk084sn02q", "person_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "person_01H455VB4PEX5VSKNK084SN02Q", "person_01h455vb4pex5vsknk084sn02", ""],
    "more": [{}, {"a": [1]}, [], "x", None],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in CASES.items() for value in values])
def test_schema_and_codec_agree(thing, name, value):
    field = thing.field(name)

    assert valid(value_schema(field), value) is taken(field, value)


@given(st.text(max_size=6))
def test_the_patterns_of_text_say_what_clean_text_is(given_text):
    for pattern, multiline in ((ONE_LINE, False), (MULTILINE, True)):
        try:
            text.clean(given_text, multiline=multiline)
            clean = True
        except ValueError:
            clean = False
        surrogates = any("\ud800" <= one <= "\udfff" for one in given_text)
        matches = re.fullmatch(pattern.removesuffix("$"), given_text) is not None
        assert clean is (matches and not surrogates)


@given(st.decimals(min_value=-2, max_value=30, places=2))
def test_every_amount_that_is_taken_fits_the_pattern(thing, amount):
    field, shown = thing.field("weight"), str(Decimal(amount))
    if taken(field, shown):
        assert valid(value_schema(field), shown)


def test_every_field_has_an_example_that_it_takes(thing):
    for field in thing.fields:
        (shown,) = value_schema(field)["examples"]
        assert taken(field, shown), field.name


def test_in_an_address_money_is_its_amount(thing):
    assert query_schema(thing.field("price"))["pattern"] == r"^[1-9][0-9]{0,2}(\.[0-9]{1,2})?$"
    assert thing.field("price").codec.query("12.50") == 1250


def test_a_filter_offers_the_operators_that_mean_something(thing):
    offered = {field.name: " ".join(operators_of(field)) for field in thing.fields if operators_of(field)}

    assert offered == {
        "line": "eq ne gt ge lt le",
        "count": "eq ne gt ge lt le",
        "price": "eq ne gt ge lt le",
        "size": "eq ne",
        "day": "eq ne gt ge lt le null",
        "who": "eq ne",
    }
