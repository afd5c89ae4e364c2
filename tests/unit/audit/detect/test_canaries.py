"""A planted value is found however it was written, and nothing else is."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from techlead.audit.detect.canaries import line_with, named_values, stands_in, texts

VALUE = 'Zoë "the\\owl" 41'


@pytest.mark.parametrize(
    "text",
    [
        f"hello {VALUE}!",
        json.dumps({"name": VALUE}),
        json.dumps({"name": VALUE}, ensure_ascii=False),
        f"GET /people?name={quote(VALUE)}",
        f"found {VALUE.upper()}",
        repr({"name": VALUE}),
    ],
)
def test_a_value_is_found_in_each_spelling(text: str) -> None:
    assert stands_in(text, VALUE)


@pytest.mark.parametrize("text", ["", "Zoë the owl", json.dumps({"name": "***"})])
def test_what_is_not_there_is_not_found(text: str) -> None:
    assert not stands_in(text, VALUE)


def test_a_value_that_may_turn_up_by_chance_is_never_found() -> None:
    assert not stands_in("status 200", "200")


def test_evidence_shows_the_line_without_the_value() -> None:
    log = f"first line\nlogin of ada@example.com failed: {json.dumps(VALUE)} was wrong\nlast line"
    assert line_with(log, VALUE) == 'login of ada@example.com failed: "<the value>" was wrong'
    assert line_with(log, "absent value") == ""


def test_all_values_of_an_answer_are_walked_over() -> None:
    answer = {"a": [{"b": "one"}, {"b": "two"}], "c": 3}
    assert list(texts(answer)) == ["one", "two"]
    assert list(named_values(answer)) == [("b", "one"), ("b", "two"), ("c", 3)]
