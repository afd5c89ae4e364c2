"""The baseline lets pass what is known, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from techlead.audit.baseline import as_baseline, read_baseline, without_known
from techlead.audit.finding import Finding, Report, Severity
from techlead.errors import SettingsRefused

COUNTED = Finding(
    "exposure.internal-id", "GET /orders/{id}", Severity.LOW, "1, 2, 3", ("GET /orders/{id}", "GET /users/{id}")
)
REPORT = Report("app:app", 1.0, 1, (COUNTED,))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "baseline.json"
    file.write_text(as_baseline(REPORT))
    return file


def test_what_was_written_is_known(file: Path):
    left, known = without_known(REPORT, read_baseline(file))
    assert (left.findings, known) == ((), 1)


def test_it_is_known_in_whatever_order_the_places_were_found(file: Path):
    turned = replace(COUNTED, operation="GET /users/{id}", places=("GET /users/{id}", "GET /orders/{id}"))
    assert without_known(replace(REPORT, findings=(turned,)), read_baseline(file))[1] == 1


def test_a_known_hole_at_a_new_place_is_new_there_alone(file: Path):
    grown = replace(COUNTED, places=(*COUNTED.places, "GET /invoices/{id}"))
    left, known = without_known(replace(REPORT, findings=(grown,)), read_baseline(file))
    assert known == 0
    assert left.findings[0].places == ("GET /invoices/{id}",)
    assert left.findings[0].operation == "GET /invoices/{id}"


def test_another_kind_at_the_same_place_is_new(file: Path):
    other = replace(COUNTED, kind="access.object-read")
    assert without_known(replace(REPORT, findings=(other,)), read_baseline(file)) == (
        replace(REPORT, findings=(other,)),
        0,
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "known": [{}]}', '{"format": 2, "known": []}', "\ud800"]
)
def test_what_is_no_baseline_says_what_to_do(tmp_path: Path, text: str):
    file = tmp_path / "baseline.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsRefused, match="--write-baseline"):
        read_baseline(file)


def test_a_baseline_that_is_missing_says_what_to_do(tmp_path: Path):
    with pytest.raises(SettingsRefused, match="write it first"):
        read_baseline(tmp_path / "none.json")
