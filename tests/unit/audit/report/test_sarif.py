"""`--sarif`: the structure that SARIF 2.1.0 and code scanning demand."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator
from unit.audit.report.samples import ATTACKED, CLEAN, REPORT

from techlead.audit.finding import Report
from techlead.audit.report.sarif import as_sarif

TEXT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}, "markdown": {"type": "string"}},
}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": -1},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation", "region"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {
                        "uri": {"type": "string", "pattern": "^[^\\s<>\\\\]+$"},
                        "uriBaseId": {"type": "string"},
                    },
                },
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        },
        "logicalLocations": {"type": "array", "uniqueItems": True},
        "message": TEXT,
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "defaultConfiguration": {
            "type": "object",
            "properties": {"level": {"enum": ["none", "note", "warning", "error"]}},
        },
        "properties": {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}},
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId", "ruleIndex", "level", "locations", "partialFingerprints"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "minItems": 1, "items": LOCATION},
        "relatedLocations": {"type": "array", "uniqueItems": True, "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "semanticVersion": {
                                        "type": "string",
                                        "pattern": r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$",
                                    },
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                                },
                            }
                        },
                    },
                    "invocations": {"type": "array", "items": {"type": "object", "required": ["executionSuccessful"]}},
                    "automationDetails": {"type": "object"},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""The rules of the standard's own schema for what we use, written down closed: a name that is not in them fails."""


@pytest.mark.parametrize("report", [REPORT, CLEAN, ATTACKED], ids=["findings", "clean", "hostile"])
def test_it_keeps_the_rules_of_the_standard(report: Report):
    data = json.loads(as_sarif(report))
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(data)] == []


@pytest.mark.parametrize("broken", [{"version": "2.0.0"}, {"runs": [{"results": []}]}, {"runs": None}])
def test_the_rules_can_fail(broken: dict):
    assert list(Draft7Validator(SCHEMA).iter_errors({**json.loads(as_sarif(REPORT)), **broken}))


def test_each_result_points_at_its_rule():
    run = json.loads(as_sarif(REPORT))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert [result["level"] for result in run["results"]] == ["error", "error", "note"]


def test_a_place_whose_source_is_known_is_shown_in_that_file():
    first = json.loads(as_sarif(REPORT))["runs"][0]["results"][0]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/views.py"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 41}
    assert first["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 77}


def test_a_place_whose_source_is_unknown_is_shown_in_the_targets_module():
    last = json.loads(as_sarif(REPORT))["runs"][0]["results"][-1]
    assert last["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app.py"


def test_the_fingerprint_stays_when_evidence_changes():
    before, after = json.loads(as_sarif(REPORT)), json.loads(as_sarif(Report("other:app", 1.0, 2, REPORT.findings)))
    prints = [[result["partialFingerprints"] for result in data["runs"][0]["results"]] for data in (before, after)]
    assert prints[0] == prints[1]
    assert len({str(one) for one in prints[0]}) == 3
