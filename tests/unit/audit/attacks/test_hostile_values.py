"""The table of hostile values: where each is put, and that it goes out as it is."""

from __future__ import annotations

import json

from techlead.audit.attacks.input.hostile import (
    DATE,
    DEEP,
    FINITE,
    HUGE,
    IDENTIFIER,
    NUMBER_1E400,
    UNCODED,
    body_tries,
    fitting,
    tries,
    with_value,
)
from techlead.audit.attacks.other_value import distinct, other_value
from techlead.audit.target.exchange import Actor, Request
from techlead.audit.target.operation import Field, Meaning, Operation, Role

ID = Field("order_id", "integer", Meaning.REFERENCE, required=True)
TITLE = Field("title", "string", Meaning.TEXT, length_max=12)
PRICE = Field("price", "number", Meaning.MONEY)
DAY = Field("due", "string", Meaning.WHEN)
OPERATION = Operation(
    "PATCH", "/orders/{order_id}", Role.CHANGE, "orders", (ID,), (Field("verbose"),), (TITLE, PRICE, DAY)
)
BASE = Request(
    "PATCH", "/orders/7?verbose=no", Actor("alice"), {"title": "abcdefghijkl", "price": 3, "due": "2026-01-31"}
)


def test_every_place_of_a_request_is_tried_and_the_rest_stays_right():
    found = list(tries(OPERATION, BASE, listing=True, headers=True))
    assert {one.place for one in found} > {"order_id", "verbose", "limit", "title", "price", "due", ""}
    assert {HUGE, FINITE, UNCODED, DATE, IDENTIFIER, DEEP} <= {one.cause for one in found}
    for one in found:
        if one.place == "order_id":
            assert one.request.body == BASE.body
        if one.place == "price":
            assert one.request.path == BASE.path
            assert one.request.body is None or one.request.body["due"] == "2026-01-31"
    assert not any("verbose=no&verbose=" in one.request.path for one in found)
    fewer = list(tries(OPERATION, BASE, listing=False, headers=False))
    assert {one.place for one in fewer} == {"order_id", "verbose", "title", "price", "due", ""}


def test_a_read_is_sent_no_body():
    read = Operation("GET", "/orders/{order_id}", Role.READ, "orders", (ID,))
    assert all(
        one.request.body is None and one.request.raw is None
        for one in tries(read, Request("GET", "/orders/7"), listing=False, headers=False)
    )


def test_a_number_that_json_cannot_write_is_written_by_hand():
    request = with_value(BASE, "price", NUMBER_1E400)
    assert request.raw is not None
    assert b'"price": 1e400' in request.raw
    assert json.loads(request.raw)["price"] == float("inf")


def test_values_fit_the_field_and_texts_are_new_each_time():
    assert DATE in {hostile.cause for hostile in fitting(DAY)}
    assert HUGE not in {hostile.cause for hostile in fitting(TITLE)}
    titles = [
        one.request.body["title"] for one in body_tries(OPERATION, BASE) if one.place == "price" and one.request.body
    ]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 12 for title in titles)
    assert list(body_tries(OPERATION, BASE.but(raw=b"form"))) == []


def test_numbers_go_into_free_texts_alone():
    known = {"email": Field("email", "string", Meaning.EMAIL), "colour": Field("colour", choices=("red",))}
    body = {"email": "a@b.example", "colour": "red", "count": 3}
    assert distinct(body, known, 5) == {"email": "a5@b.example", "colour": "red", "count": 3}
    assert distinct(None, known, 5) is None


def test_another_value_is_one_that_the_field_takes():
    assert other_value(Field("a", "boolean"), now=True) is False
    assert other_value(Field("a", choices=("x", "y")), "x") == "y"
    assert other_value(Field("a", "integer", maximum=3), 3) == 2
    assert other_value(Field("a", "integer"), 3) == 4
    assert other_value(Field("phone", "string", Meaning.PHONE), "+49301") == "+49302"
    assert other_value(Field("name", "string", Meaning.NAME), "abc") == "abx"
    assert other_value(Field("a", "string", Meaning.PASSWORD), "abc") is None
    assert other_value(Field("a", "string", Meaning.URL), "https://a.example") is None
    assert other_value(Field("a", "string", format="date"), "2026-01-31") is None
