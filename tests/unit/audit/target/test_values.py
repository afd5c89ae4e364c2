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
