"""The page on the terminal."""

from __future__ import annotations

import re

import pytest
from unit.audit.report.samples import ATTACKED, CLEAN, REPORT

from techlead.audit.finding import Report
from techlead.audit.report.terminal import Style, as_page

COLOUR = re.compile(r"\x1b\[[0-9;]+m")


@pytest.mark.parametrize("width", [20, 40, 72, 100, 300])
def test_no_line_is_wider_than_the_terminal_or_than_a_hundred(width: int):
    for line in as_page(REPORT, Style(width)).splitlines():
        assert len(line) <= max(40, min(width, 100))


def test_the_worst_stands_first_and_each_finding_says_four_things():
    page = as_page(REPORT, Style(80))
    assert page.index("CRITICAL") < page.index("HIGH") < page.index("LOW")
    first = page[page.index("CRITICAL") : page.index(" HIGH ")]
    for expected in ("Happened", "Bob set Alice's", "Matters", "See it", "--replay", "Mend", "In Flask:"):
        assert expected in first


def test_colours_change_nothing_but_colour():
    plain, coloured = as_page(REPORT, Style(80)), as_page(REPORT, Style(80, colour=True))
    assert coloured != plain
    assert COLOUR.sub("", coloured) == plain


def test_a_hostile_target_cannot_steer_the_terminal():
    page = as_page(ATTACKED, Style(80))
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", page) == []
    assert "\\x1b[2J" in page


def test_one_reason_for_many_kinds_is_said_once():
    page = as_page(REPORT, Style(80))
    assert page.count("no field for money was seen") == 1
    assert "money.float, money.overflow" in page


def test_nothing_found_is_said_without_promising_too_much():
    page = as_page(CLEAN, Style(80))
    assert "No hole was found." in page
    assert "no proof" in page


def test_what_the_baseline_knows_is_counted():
    report = Report("app:app", 1.0, 1)
    assert "3 more are known" in as_page(report, Style(80), known=3)
