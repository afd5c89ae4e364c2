"""Every kind of field refuses what is hostile with one sentence, and gives back exactly what it took."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.declare.types import Ref
from techlead.derive.amounts import decimal_codec, money_codec
from techlead.derive.codecs import (
    Codec,
    Limits,
    boolean_codec,
    date_codec,
    enum_codec,
    integer_codec,
    reference_codec,
    text_codec,
    timestamp_codec,
)
from techlead.derive.json_codec import JSON_DEPTH_MAX, json_codec
from techlead.primitives import text
from techlead.primitives.money import Money


class Stage(Enum):
    DRAFT = "draft"
    DONE = "done"


CODECS: dict[str, Codec] = {
    "text": text_codec(Limits(min_length=1, max_length=40)),
    "long text": text_codec(Limits(max_length=100_000, multiline=True)),
    "patterned text": text_codec(Limits(max_length=9, pattern="[a-z]+")),
    "email": text_codec(Limits(min_length=3, max_length=254), text.email_address, "email"),
    "url": text_codec(Limits(min_length=8, max_length=2048), text.url, "uri"),
    "integer": integer_codec(Limits()),
    "small integer": integer_codec(Limits(ge=-3, le=7)),
    "decimal": decimal_codec(Limits(places=2)),
    "whole decimal": decimal_codec(Limits(places=0, ge=Decimal(0))),
    "fine decimal": decimal_codec(Limits(places=12, le=Decimal("0.5"))),
    "boolean": boolean_codec(),
    "timestamp": timestamp_codec(),
    "date": date_codec(),
    "enum": enum_codec(Stage),
    "money": money_codec(Limits(currency="EUR")),
    "money without places": money_codec(Limits(currency="JPY", ge=Money("0", "JPY"), le=Money("5", "JPY"))),
    "reference": reference_codec("order"),
    "json": json_codec(200),
}
HOSTILE = [
    None, True, False, 0, -1, 2**63, 2**70, -(2**70), 1.5, float("nan"), float("inf"), -float("inf"), 1e308, "", " ", "\x00",
    "a\x00b", "\ud800", "\u202eabc", "a\nb", "NaN", "Infinity", "-Infinity", "1e400", "1E5", "٣", "1_000", "0x10", "+1", "--1", "1.",
    ".5", "007", "1" * 40, "9" * 5_000, "x" * 1_000_000, "\U0001f600" * 50_000, [], [1], [[[[[[[[[[1]]]]]]]]]], {}, {"a": float("nan")},
    {"a": float("inf")}, {"a": 2**70}, {"a": "\x00"}, {"\ud800": 1}, {"a" * 300: 1}, {1: 1}, {"amount": 1.5, "currency": "EUR"},
    {"amount": "1e400", "currency": "EUR"}, {"amount": "NaN", "currency": "EUR"}, {"amount": "9" * 30, "currency": "EUR"},
    {"amount": "0.001", "currency": "EUR"}, {"amount": "1", "currency": "USD"}, {"amount": "1", "currency": ["EUR"]},
    {"amount": "1", "currency": "EUR", "more": 1}, {"amount": None, "currency": "EUR"}, {"amount": "1"}, "2026-02-30",
    "2026-02-30T00:00:00Z", "0000-00-00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-05-01T12:00:00",
    "10000-01-01", "2026-05-01T25:00:00Z", "2026-05-01T12:00:60Z", "order_", "order_8zzzzzzzzzzzzzzzzzzzzzzzzz", "ORDER_01h455vb4pex5vsknk084sn02q",
    "user_01h455vb4pex5vsknk084sn02q", "order_01h455vb4pex5vsknk084sn02\u0660", "javascript:alert(1)", "http://[::1", "https://a:b@c.de/",
    "http://x:99999999/", "a@b", "@", "a@@b.c", "draft\n", "Draft", "xn--\ud800@x.y", object(), b"bytes", Decimal("NaN"), Decimal("sNaN"),
    Decimal("1e999999"), Decimal("1e-999999"), Decimal("Infinity"), datetime(2026, 1, 1), date(1, 1, 1), Money("1", "USD"), Ref("user", bytes(16)),  # noqa: DTZ001 - naive is what is hostile
]  # fmt: skip
NAMES = list(CODECS)


def storable(value: Any) -> bool:
    """Tell whether a column can hold a value."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, str):
        return "\x00" not in value and value.encode() is not None
    return isinstance(value, bytes) and len(value) == 16


def try_all(codec: Codec, given_value: Any) -> None:
    """Show that each way in takes a value that can be stored and shown, or refuses with a sentence."""
    ways: list[Callable[[Any], Any]] = [
        codec.parse,
        codec.dump,
        *([codec.query] if isinstance(given_value, str) else []),
    ]
    for way in ways:
        stored, refusal = outcome(way, given_value)
        if refusal is not None:
            assert 0 < len(refusal) < 200
            assert refusal.isprintable()
            continue
        assert storable(stored)
        shown = stored if codec.show is None else codec.show(stored)
        assert msgspec.json.encode(shown)
        assert codec.dump(codec.load(stored)) == stored


def outcome(way: Callable[[Any], Any], given_value: Any) -> tuple[Any, str | None]:
    """Give what is stored, or the sentence that refuses it; any other error fails the test."""
    try:
        return way(given_value), None
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("name", NAMES)
def test_the_hostile_list_is_refused_or_stored_without_harm(name: str) -> None:
    for value in HOSTILE:
        try_all(CODECS[name], value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.dates() | st.datetimes()
    | st.datetimes(timezones=st.timezones()) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@given(value=VALUES)
def test_whatever_comes_is_refused_with_a_sentence_or_stored_without_harm(name: str, value: Any) -> None:
    try_all(CODECS[name], value)


GOOD: dict[str, list[tuple[Any, Any]]] = {
    "text": [("a", "a"), ("x" * 40, "x" * 40), ("größer ✓", "größer ✓")],
    "long text": [("", ""), ("a\nb\tc", "a\nb\tc")],
    "email": [("Alice@EXAMPLE.com", "Alice@example.com")],
    "url": [("https://Example.com/A?b=1#c", "https://example.com/A?b=1#c")],
    "integer": [(2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (0, 0)],
    "small integer": [(-3, -3), (7, 7)],
    "decimal": [("12.5", "12.50"), ("-0.01", "-0.01"), ("0", "0.00"), ("12.50", "12.50"), ("92233720368547758.07", "92233720368547758.07")],
    "whole decimal": [("12", "12"), ("0", "0")],
    "fine decimal": [("0.000000000001", "0.000000000001"), ("-1.5", "-1.500000000000")],
    "boolean": [(True, True), (False, False)],
    "timestamp": [("2026-05-01T14:00:00.5+02:00", "2026-05-01T12:00:00.500000Z"), ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z")],
    "date": [("2026-05-01", "2026-05-01"), ("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31")],
    "enum": [("draft", "draft")],
    "money": [
        ({"amount": "120", "currency": "EUR"}, {"amount": "120.00", "currency": "EUR"}),
        ({"amount": "-0.05", "currency": "EUR"}, {"amount": "-0.05", "currency": "EUR"}),
    ],
    "money without places": [({"amount": "5", "currency": "JPY"}, {"amount": "5", "currency": "JPY"})],
    "reference": [("order_01h455vb4pex5vsknk084sn02q", "order_01h455vb4pex5vsknk084sn02q")],
    "json": [({"a": [1, 2.5, None, True, "x\n"], "b": {}}, {"a": [1, 2.5, None, True, "x\n"], "b": {}}), ({}, {})],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_is_sent_is_shown_again_in_its_normal_form(name: str) -> None:
    codec = CODECS[name]
    for sent, expected in GOOD[name]:
        stored = codec.parse(sent)
        shown = stored if codec.show is None else codec.show(stored)
        assert json.loads(msgspec.json.encode(shown)) == expected
        assert codec.parse(json.loads(msgspec.json.encode(shown))) == stored
        if isinstance(sent, str):
            assert codec.query(sent) == stored


@given(number=st.integers(-(2**63), 2**63 - 1))
def test_numbers_of_64_bits_make_the_round_trip(number: int) -> None:
    assert CODECS["integer"].dump(CODECS["integer"].load(number)) == number
    assert CODECS["integer"].query(str(number)) == number
    assert CODECS["decimal"].parse(CODECS["decimal"].show(number)) == number  # type: ignore[misc]
    assert CODECS["decimal"].dump(CODECS["decimal"].load(number)) == number
    assert CODECS["money"].dump(CODECS["money"].load(number)) == number
    assert CODECS["money"].parse(CODECS["money"].show(number)) == number  # type: ignore[misc]


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-7))])
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=ZONES)  # noqa: DTZ001 - naive by contract


@given(moment=MOMENTS)
def test_moments_make_the_round_trip_to_the_microsecond(moment: datetime) -> None:
    codec = CODECS["timestamp"]
    assert codec.load(codec.dump(moment)) == moment
    assert codec.parse(moment.isoformat()) == codec.dump(moment)


@given(day=st.dates(), raw=st.binary(min_size=16, max_size=16), stage=st.sampled_from(Stage))
def test_days_references_and_members_make_the_round_trip(day: date, raw: bytes, stage: Stage) -> None:
    assert CODECS["date"].load(CODECS["date"].dump(day)) == day
    assert CODECS["reference"].load(CODECS["reference"].dump(Ref("order", raw))) == Ref("order", raw)
    assert CODECS["reference"].parse(CODECS["reference"].show(raw)) == raw  # type: ignore[misc]
    assert CODECS["enum"].load(CODECS["enum"].dump(stage)) is stage


REFUSED = {
    "text": [(7, "must be a string"), ("", "must have 1 to 40 characters"), ("x" * 41, "must have 1 to 40"), ("a\nb", "one line")],
    "patterned text": [("aB", "does not have the required form"), ("a\n", "one line")],
    "email": [("alice", "must be an e-mail address"), (" a@b.de", "must be an e-mail address")],
    "integer": [(True, "must be a whole number"), (1.0, "must be a whole number"), (2**63, "must be at most 9223372036854775807")],
    "small integer": [(-4, "must be at least -3"), (8, "must be at most 7")],
    "decimal": [(1.5, "must be a decimal in a string"), ("1.005", "must have at most 2 places"), ("9" * 18, "must be at most 92233720368547758.07")],
    "fine decimal": [("0.6", "must be at most 0.500000000000")],
    "boolean": [(1, "must be true or false"), ("yes", "must be true or false")],
    "timestamp": [(5, "with an offset"), ("2026-05-01T12:00:00", "with an offset"), ("0001-01-01T00:00:00Z", "must be at least 0001-01-02")],
    "date": [(5, "must be a day such as"), ("2026-5-1", "must be a day such as")],
    "enum": [("gone", "must be one of: draft, done"), ([], "must be one of")],
    "money": [
        ("1.00", 'must be {"amount": "12.00", "currency": "EUR"}'), ({"amount": 1, "currency": "EUR"}, "amount must be a string"),
        ({"amount": "1", "currency": "USD"}, "currency must be EUR"), ({"amount": "1,5", "currency": "EUR"}, "amount must be a decimal"),
    ],
    "money without places": [({"amount": "-1", "currency": "JPY"}, "must be at least 0 JPY"), ({"amount": "6", "currency": "JPY"}, "at most 5 JPY")],
    "reference": [(5, "must be an id such as order_"), ("user_01h455vb4pex5vsknk084sn02q", "order")],
    "json": [
        ([], "must be an object"), ({"a": "x" * 200}, "must be at most 200 bytes"), ({"a": float("inf")}, "a number that JSON cannot hold"),
        ({"a": 2**64}, "more than 64 bits"), ({"a": Decimal(1)}, "holds a Decimal"), ({1: 1}, "texts as keys"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_to_send(name: str) -> None:
    for value, message in REFUSED[name]:
        with pytest.raises(ValueError, match=r"must|holds|does not") as refused:
            CODECS[name].parse(value)
        assert message in str(refused.value)


DUMPED = {
    "decimal": [(1.5, "must be a Decimal"), (Decimal("NaN"), "must be a Decimal"), (Decimal("1e99"), "ordinary size")],
    "timestamp": [("2026-05-01T12:00:00Z", "must be a datetime"), (date(2026, 5, 1), "must be a datetime")],
    "date": [(datetime(2026, 5, 1, tzinfo=UTC), "must be a date"), ("2026-05-01", "must be a date")],
    "enum": [("draft", "must be one of: draft, done")],
    "money": [(Money("1", "USD"), "must be Money in EUR"), (1.5, "must be Money in EUR")],
    "reference": [
        (Ref("user", bytes(16)), "must be the id of a order"),
        ("order_01h455vb4pex5vsknk084sn02q", "must be the id"),
    ],
}


@pytest.mark.parametrize("name", DUMPED)
def test_what_an_action_sets_is_checked_as_well(name: str) -> None:
    for value, message in DUMPED[name]:
        with pytest.raises(ValueError, match="must") as refused:
            CODECS[name].dump(value)
        assert message in str(refused.value)


QUERIES = {"integer": "1.0", "boolean": "True", "json": "{}", "money": "1,5", "timestamp": "now", "enum": "gone"}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_refused_like_a_body(name: str) -> None:
    with pytest.raises(ValueError, match=r"must|cannot"):
        CODECS[name].query(QUERIES[name])


def test_booleans_in_an_address_are_words() -> None:
    assert [CODECS["boolean"].query(word) for word in ("true", "false")] == [True, False]


def test_a_decimal_is_exact_whatever_the_context_of_the_thread_is() -> None:
    with localcontext(prec=3):
        assert CODECS["decimal"].dump(Decimal("123456.78")) == 12345678
    with pytest.raises(ValueError, match="at most 0 places"):
        CODECS["whole decimal"].parse("1000000000000000000.000000000000000001")


def test_json_is_as_deep_as_is_said_and_no_deeper() -> None:
    value: dict[str, Any] = {}
    for _ in range(JSON_DEPTH_MAX - 1):
        value = {"a": value}
    assert CODECS["json"].parse(value)
    with pytest.raises(ValueError, match="must be at most 8 levels deep"):
        CODECS["json"].parse({"a": value})


def test_text_that_grows_in_its_normal_form_is_measured_there() -> None:
    short = text_codec(Limits(min_length=8, max_length=24), text.url, "uri")
    with pytest.raises(ValueError, match="at most 24 characters in its normal form"):
        short.parse("https://example.com/äöü")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "patterned text"])
def test_the_example_of_each_schema_is_one_that_is_taken(name: str) -> None:
    codec = CODECS[name]
    assert storable(codec.parse(codec.example))


def test_the_schema_states_the_limits() -> None:
    assert CODECS["text"].schema == {"type": "string", "minLength": 1, "maxLength": 40}
    assert CODECS["patterned text"].schema["pattern"] == "^(?:[a-z]+)$"
    assert CODECS["small integer"].schema["maximum"] == 7
    assert CODECS["money"].schema["additionalProperties"] is False
    assert "\\." not in CODECS["money without places"].schema["properties"]["amount"]["pattern"]
