"""What a refusal says is read, in the dialects of the frameworks, and the body is mended by it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Field, Meaning
from techlead.audit.target.repair import faults, mended
from techlead.audit.target.values import Values


def answer(said: Any) -> Answer:
    return Answer(Request("POST", "/"), 422, {}, json.dumps(said).encode())


@pytest.mark.parametrize(
    "said",
    [
        {"detail": [{"loc": ["body", "rating"], "msg": "Input should be a valid integer", "type": "int_type"}]},
        {"rating": ["A valid integer is required."]},
        {"errors": {"rating": "must be a valid integer"}},
        {"message": {"json": {"rating": ["Not a valid integer: valid integer"]}}},
        {"error": "rating must be an integer"},
    ],
)
def test_every_dialect_names_its_field(said: Any):
    assert "rating" in [field for field, _ in faults(answer(said))]


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("Input should be 'low' or 'high'", "low"),
        ("must be one of: red, green", "red"),
        ("Input should be greater than or equal to 10", 11),
        ("Input should be a valid boolean", True),
        ("must be positive", 5),
    ],
)
def test_a_sentence_leads_to_a_value(sentence: str, value: Any):
    body = mended({"x": "?"}, {"x": Field("x")}, answer({"x": [sentence]}), Values(1, lambda: 0.0))
    assert body == {"x": value}


def test_what_is_required_is_added_even_when_no_schema_told_of_it():
    body = mended(
        {}, {}, answer({"detail": [{"loc": ["body", "phone"], "msg": "Field required"}]}), Values(1, lambda: 0.0)
    )
    assert body is not None
    assert body["phone"].startswith("+")


def test_what_is_not_permitted_is_left_out():
    said = answer({"detail": [{"loc": ["body", "extra"], "msg": "Extra inputs are not permitted"}]})
    assert mended({"extra": 1, "a": 2}, {"extra": Field("extra")}, said, Values(1, lambda: 0.0)) == {"a": 2}


def test_a_refusal_without_a_hint_changes_nothing():
    assert (
        mended({"a": 1}, {"a": Field("a", meaning=Meaning.NUMBER)}, answer({"detail": "nope"}), Values(1, lambda: 0.0))
        is None
    )
