"""Values that targets accept, and that can be found again."""

from __future__ import annotations

import pytest

from techlead.audit.target.operation import Field, Meaning
from techlead.audit.target.values import Values


@pytest.fixture
def values() -> Values:
    return Values(7, lambda: 1_800_000_000.0)


def test_no_canary_comes_twice(values: Values):
    assert len({values.canary() for _ in range(1_000)}) == 1_000


def test_the_same_seed_gives_the_same_values():
    made = [Values(7, lambda: 0.0).canary() for _ in range(2)]
    assert made[0] == made[1]
    assert Values(8, lambda: 0.0).canary() != made[0]


def test_an_account_number_has_the_right_check_digits(values: Values):
    iban = values.value(Field("iban", "string", Meaning.IBAN))
    moved = iban[4:] + "".join(str(int(letter, 36)) for letter in iban[:2]) + iban[2:4]
    assert int(moved) % 97 == 1
    assert len(iban) == 22


@pytest.mark.parametrize("least, most", [(0, 5), (40, 60), (8, 8)])
def test_a_text_keeps_its_limits(values: Values, least: int, most: int):
    text = values.value(Field("title", "string", Meaning.TEXT, length_min=least, length_max=most))
    assert least <= len(text) <= most


def test_a_number_keeps_its_limits(values: Values):
    assert values.value(Field("price", "integer", Meaning.MONEY, maximum=10)) == 10
    assert values.value(Field("rating", "integer", Meaning.NUMBER, minimum=3, maximum=5)) == 3


def test_a_row_is_made_usable_rather_than_hidden(values: Values):
    assert values.value(Field("published", "boolean", Meaning.FLAG)) is True
    assert values.value(Field("is_internal", "boolean", Meaning.FLAG)) is False
    assert values.value(Field("status", "string", Meaning.STATUS, choices=("closed", "open"))) == "open"


def test_an_ordinary_role_is_chosen_before_a_powerful_one(values: Values):
    assert values.value(Field("role", "string", Meaning.ROLE, choices=("admin", "buyer"))) == "buyer"


def test_a_body_leaves_out_references_and_optional_power(values: Values):
    fields = (
        Field("title", required=True, meaning=Meaning.TEXT),
        Field("listing_id", "integer", Meaning.REFERENCE, required=True),
        Field("role", "string", Meaning.ROLE),
        Field("note", meaning=Meaning.TEXT),
    )
    assert set(values.body(fields)) == {"title", "note"}
    assert set(values.body(fields, optional=False)) == {"title"}
    assert values.body(fields, known={"listing_id": 3})["listing_id"] == 3


def test_a_list_of_texts_holds_texts(values: Values):
    field = Field(
        "options", "array", Meaning.OTHER, required=True, length_min=2, item=Field("options", "string", Meaning.TEXT)
    )
    made = values.value(field)
    assert len(made) == 2
    assert all(isinstance(one, str) for one in made)


@pytest.mark.parametrize(
    ("name", "shape", "value"),
    [
        ("currency", "", "EUR"),
        ("country_code", "", "DE"),
        ("time_zone", "", "UTC"),
        ("colour", "", "#336699"),
        ("reference", "uuid", "00000000-0000-4000-8000-000000000000"),
        ("share", "decimal", "25.00"),
        ("host", "ipv4", "11.0.0.1"),
    ],
)
def test_a_text_of_a_known_kind_is_one_that_is_taken(values: Values, name: str, shape: str, value: str):
    assert values.value(Field(name, "string", Meaning.TEXT, format=shape)) == value


@pytest.mark.parametrize(
    ("name", "shape", "value"),
    [
        ("starts_at", "date-time", "2027-01-18T08:00:00Z"),
        ("ends_at", "date-time", "2027-01-18T09:00:00Z"),
        ("created_at", "date-time", "2027-01-14T08:00:00Z"),
        ("delivery_date", "", "2027-01-18"),
        ("opens", "time", "08:00:00"),
    ],
)
def test_a_moment_lies_ahead_but_for_what_has_happened(values: Values, name: str, shape: str, value: str):
    assert values.value(Field(name, "string", Meaning.WHEN, format=shape)) == value


def test_a_list_has_as_many_as_are_asked_for_and_none_that_nobody_needs(values: Values):
    words = Field("word", meaning=Meaning.TEXT)
    assert len(values.value(Field("words", "array", length_min=3, item=words))) == 3
    assert values.value(Field("words", "array", item=words)) == []
    rows = values.value(Field("lines", "array", fields=(Field("count", "integer", Meaning.QUANTITY),)))
    assert rows == [{"count": 2}]
    assert values.value(Field("line", "object", fields=(Field("count", "integer", Meaning.QUANTITY),))) == {"count": 2}


def test_cents_and_durations_are_of_a_usual_size(values: Values):
    assert values.value(Field("price_cents", "integer", Meaning.NUMBER)) == 2_500
    assert values.value(Field("duration_minutes", "number", Meaning.NUMBER)) == 60.0
