"""Claim: `docs/delivery.md` is what the tables of the runtime say, and every limit has a unit, a range and an end."""

import math
from dataclasses import fields

import pytest
from delivery_page import PAGE, page

from techlead.deliver.limits import OF_KIND, OF_PROCESS, RANGES, Limits, LimitsBook, Process
from techlead.deliver.port import Kind
from techlead.errors import SettingsRefused


def test_the_page_is_what_the_tables_say():
    assert PAGE.read_text() == page()


@pytest.mark.parametrize(("owner", "ranges"), [(Limits, RANGES), (Process, OF_PROCESS)])
def test_every_limit_has_a_range_that_holds_its_default_and_ends(owner, ranges):
    assert [one.name for one in fields(owner)] == list(ranges)
    for name, allowed in ranges.items():
        assert allowed.lowest <= getattr(owner(), name) <= allowed.highest < math.inf


def test_every_kind_has_a_schedule_within_the_ranges():
    assert set(OF_KIND) == set(Kind)
    for given in OF_KIND.values():
        assert all(RANGES[name].lowest <= value <= RANGES[name].highest for name, value in given.items())


@pytest.mark.parametrize("value", [math.inf, math.nan, 0, -1, True, "many", None])
def test_no_limit_can_mean_for_ever(value):
    with pytest.raises(SettingsRefused, match=r"tries_max must be from 1 to 50"):
        LimitsBook({"webhook": {"tries_max": value}})


def test_an_unknown_limit_is_refused_by_its_name():
    with pytest.raises(SettingsRefused, match="there is no limit retries"):
        LimitsBook({"webhook": {"retries": 3}})
