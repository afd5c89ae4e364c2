"""`--json`: stable names, plain values, worst first."""

from __future__ import annotations

import json

from unit.audit.report.samples import ATTACKED, REPORT

from techlead.audit.report.data import as_data, as_json


def test_the_names_that_the_documentation_promises_are_there():
    data = json.loads(as_json(REPORT))
    assert list(data) == [
        "format",
        "target",
        "seconds",
        "requests",
        "findings",
        "questions",
        "not_tested",
        "notes",
        "inferred",
        "timeline",
    ]
    promised = {"kind", "operation", "severity", "claim", "evidence", "reproducer"}
    assert all(promised <= set(finding) for finding in data["findings"])
    assert data["seconds"] == 41.2
    assert data["questions"][0]["answers"] == ["yes, it is a shop's desk", "no"]
    assert data["not_tested"][0] == {"kind": "money.float", "why": "no field for money was seen"}


def test_the_worst_stands_first():
    assert [finding["severity"] for finding in as_data(REPORT)["findings"]] == ["critical", "high", "low"]


def test_how_to_mend_it_speaks_of_the_targets_own_framework():
    taken_over = as_data(REPORT)["findings"][0]
    assert "current_user.id" in taken_over["mend"]
    assert "get_queryset" not in taken_over["mend"]


def test_a_finding_at_one_place_has_that_place():
    assert as_data(REPORT)["findings"][2]["places"] == ["GET /orders/{id}"]


def test_hostile_values_become_plain_json():
    text = as_json(ATTACKED)
    data = json.loads(text, parse_constant=AssertionError)
    assert data["findings"][0]["evidence"]["number"] == "nan"
    assert "\x1b" not in text
    text.encode("utf-8")  # a lone surrogate could not be written
