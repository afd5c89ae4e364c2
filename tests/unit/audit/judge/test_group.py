"""From sightings to findings: shown twice, grouped by cause, the worst first."""

from __future__ import annotations

from techlead.audit.attacks.attack import Sighting
from techlead.audit.finding import Severity
from techlead.audit.judge.group import confirmed, finding_of, grouped, ordered
from techlead.audit.kinds import KINDS


def sighting(
    operation: str, cause: str = "", kind: str = "input.server-error", severity: Severity | None = None
) -> Sighting:
    return Sighting(kind, operation, f"It fails at {operation}.", cause, {"at": operation}, severity=severity)


def test_what_the_second_run_does_not_show_is_no_finding():
    first = [sighting("GET /a"), sighting("GET /b")]
    assert confirmed(first, [sighting("GET /b"), sighting("GET /c")]) == (first[1],)


def test_another_kind_at_the_same_place_confirms_nothing():
    assert confirmed([sighting("GET /a")], [sighting("GET /a", kind="money.float")]) == ()


def test_one_cause_at_many_places_is_one_finding_with_many_places():
    groups = grouped([sighting(f"GET /{number}", "long integer") for number in range(20)])
    assert len(groups) == 1
    assert len(finding_of(groups[0], lambda _: "").places) == 20


def test_without_a_cause_each_place_is_a_finding():
    assert len(grouped([sighting("GET /a"), sighting("GET /b")])) == 2


def test_the_worst_place_leads():
    group = [sighting("GET /a", "c"), sighting("GET /b", "c", severity=Severity.HIGH)]
    found = finding_of(group, lambda one: f"program for {one.operation}")
    assert (found.operation, found.severity, found.places) == ("GET /b", Severity.HIGH, ("GET /b", "GET /a"))
    assert found.reproducer == "program for GET /b"
    assert found.evidence["elsewhere"] == {"GET /a": {"at": "GET /a"}}


def test_a_sighting_without_a_severity_has_that_of_its_kind():
    assert finding_of([sighting("GET /a")], lambda _: "").severity is KINDS["input.server-error"].severity


def test_findings_come_worst_first_and_always_in_the_same_order():
    made = [
        finding_of([sighting(name, severity=severity)], lambda _: "")
        for name, severity in (("GET /b", Severity.LOW), ("GET /a", Severity.LOW), ("GET /c", Severity.HIGH))
    ]
    assert [one.operation for one in ordered(made)] == ["GET /c", "GET /a", "GET /b"]
    assert ordered(made) == ordered(made[::-1])
