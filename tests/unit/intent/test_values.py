"""What rules read is written as data and read back the same; what has no form is named."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from techlead.declare.effect import create
from techlead.declare.types import Ref
from techlead.intent.values import NoData, decoded, encoded
from techlead.primitives.money import Money


class Colour(Enum):
    RED = "red"


def lookup(kind: str, name: str):
    assert (kind, name) == ("enum", "Colour")
    return Colour


VALUES = [
    None, True, 7, "text", b"bytes", Decimal("1.50"), Money("1.50", "EUR"), timedelta(days=1, seconds=2, microseconds=3),
    datetime(2026, 5, 1, 12, 30, 1, 5, tzinfo=UTC), datetime(2026, 5, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=2))), date(2026, 5, 1), time(12, 30), UTC,
    timezone(timedelta(hours=-3)), ZoneInfo("Asia/Tokyo"), UUID(int=5), Ref("order", b"x" * 16), (1, ("a", None)),
    frozenset({1, 2}), Colour.RED, Colour, timedelta, Money, create, sys.modules["datetime"],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[f"{place} {type(value).__name__}" for place, value in enumerate(VALUES)])
def test_a_value_comes_back_as_it_was(value: object):
    data = json.loads(json.dumps(encoded(value)))
    back = decoded(data, lookup)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [1.5, object(), [1], {"a": 1}, print], ids=lambda value: type(value).__name__)
def test_what_has_no_form_is_named(value: object):
    with pytest.raises(NoData):
        encoded(value)


@pytest.mark.parametrize(
    "data", [["float", 1], ["library", "os.system"], ["module", "os"], ["member", "Colour", "BLUE"]], ids=str
)
def test_data_that_names_what_is_not_there_is_refused(data: list):
    with pytest.raises(NoData):
        decoded(data, lookup)
