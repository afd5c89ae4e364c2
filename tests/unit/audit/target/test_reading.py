"""What an answer says: rows, numbers, ids, the values of a path."""

from __future__ import annotations

from decimal import Decimal

import pytest

from techlead.audit.target.reading import (
    HELD,
    STOCK,
    filled,
    identifier,
    leaves,
    number,
    numbers,
    path_values,
    rows,
)
from techlead.audit.target.trace import last_error


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ([{"id": 1}, {"id": 2}, 3], 2),
        ({"count": 2, "results": [{"id": 1}]}, 1),
        ({"data": {"items": [{"id": 1}, {"id": 2}]}, "tags": []}, 2),
        ({"id": 1}, 0),
        ("text", 0),
        (None, 0),
    ],
)
def test_rows_are_found_in_arrays_and_envelopes(data, count):
    assert len(rows(data)) == count


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, Decimal(5)),
        (0.1, Decimal("0.1")),
        ("12.50", Decimal("12.50")),
        ("-3", Decimal(-3)),
        ("2026-01-31", None),
        ("12 EUR", None),
        (True, None),
        (None, None),
        (float("inf"), None),
        ([], None),
    ],
)
def test_a_number_is_read_whether_or_not_it_is_written_as_a_text(value, read):
    assert number(value) == read


def test_only_numbers_of_a_name_count_and_lists_do_not():
    data = {"wallet": {"balance": "10.00", "id": 3}, "credits": 5, "items": [{"balance": 1}], "stock": 2}
    assert numbers(data, HELD) == {"wallet.balance": Decimal("10.00"), "credits": Decimal(5)}
    assert numbers(data, STOCK) == {"stock": Decimal(2)}
    assert numbers([1], HELD) == {}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"id": 7, "user_id": 1}, 7),
        ({"order": {"id": "a"}}, "a"),
        ({"order_id": 3}, 3),
        ({"code": "X"}, "X"),
        ({"ok": True}, None),
        ({"id": True}, None),
        ([], None),
    ],
)
def test_the_id_of_a_row_is_found_one_level_down_at_most(data, found):
    assert identifier(data) == found


def test_what_is_nested_without_end_is_not_followed():
    endless: list[object] = []
    endless.append(endless)
    assert list(leaves(endless)) == []
    assert list(leaves({"a": [{"b": 1}, {"b": 2}]})) == [("a.b", 1), ("a.b", 2)]


def test_a_path_gives_its_values_and_takes_others():
    template = "/orders/{order_id}/items/{name}"
    values = path_values(template, "/orders/7/items/a%20b?page=2")
    assert values == {"order_id": "7", "name": "a b"}
    assert filled(template, {**values, "name": "%00"}) == "/orders/7/items/%00"
    assert path_values(template, "/orders/7") == {}
    assert filled(template, {"name": "x"}) == "/orders/{order_id}/items/x"


def test_the_last_error_of_a_log_is_the_one_that_counts():
    log = "ValueError: a\n\nTraceback (most recent call last):\n  x\nsqlalchemy.exc.IntegrityError: (sqlite3) b\nINFO done\n"
    assert last_error(log) == "sqlalchemy.exc.IntegrityError"
    assert last_error("INFO all is well: no Error here") == ""
