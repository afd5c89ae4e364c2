"""How findings are scored by a truth file: the rules of `how_to_match`."""

from __future__ import annotations

import json

import pytest
from bench.audit.case import case
from bench.audit.score import Seen, places_of, score, seen_in
from bench.audit.tools import failures
from unit.house.paths import ROOT

from techlead.audit.kinds import KINDS

TRUTH = {
    "holes": [
        {
            "id": "a",
            "kind": "access.object-read",
            "operation": "GET /orders/{order_id}",
            "severity": "high",
            "also": ["GET /bills/{id}"],
        },
        {"id": "b", "kind": "other.head-of-line", "operation": "worker: mail", "severity": "medium"},
        {
            "id": "c",
            "kind": "limits.resource",
            "operation": "POST /login",
            "severity": "low",
            "also_kinds": ["login.no-throttle"],
        },
        {"id": "d", "kind": "exposure.internal-id", "operation": "*", "severity": "arguable"},
        {"id": "e", "kind": "other.unheard-of", "operation": "GET /x", "severity": "high"},
    ],
    "sound": [
        {"kind": "access.object-read", "operation": "GET /me"},
        {"kind": "money.float", "operation": "prices"},
        {"kind": "access.function", "operation": "/admin/*"},
        {"kind": "outbound.ssrf", "operation": "all"},
        {"kind": "outbound.duplicate-message", "operation": "webhook"},
    ],
}


def scored(*seen: Seen):
    return score(seen, TRUTH, KINDS)


def test_what_counts_is_firm_and_of_a_known_kind():
    assert scored().counted == ("a", "b", "c")
    assert scored().missed == ("a", "b", "c")
    assert scored().recall == 0


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (Seen("access.object-read", ("GET /orders/{id}",)), ("a",)),
        (Seen("access.object-read", ("GET /orders/<int:order_id>/",)), ("a",)),
        (Seen("access.object-read", ("GET /nowhere", "GET /bills/{bill}")), ("a",)),
        (Seen("outbound.head-of-line", ("worker: webhook",)), ("b",)),
        (Seen("outbound.head-of-line", ("POST /orders",)), ("b",)),
        (Seen("login.no-throttle", ("POST /login",)), ("c",)),
        (Seen("access.object-read", ("GET /orders",)), ()),
        (Seen("access.object-read", ("DELETE /orders/{id}",)), ()),
        (Seen("access.object-write", ("GET /orders/{id}",)), ()),
        (Seen("limits.resource", ("POST /register",)), ()),
    ],
)
def test_a_finding_matches_by_kind_and_place(seen: Seen, found: tuple[str, ...]):
    assert scored(seen).found == found


@pytest.mark.parametrize(
    ("seen", "is_false"),
    [
        (Seen("access.object-read", ("GET /me",)), True),
        (Seen("access.object-read", ("GET /me", "GET /orders/{id}")), False),
        (Seen("access.function", ("POST /admin/users/{id}/ban",)), True),
        (Seen("access.function", ("POST /users",)), False),
        (Seen("outbound.ssrf", ("worker: webhook",)), True),
        (Seen("money.float", ("setting: prices",)), True),
        (Seen("exposure.internal-id", ("GET /me",)), False),
    ],
)
def test_a_finding_of_what_is_sound_is_a_false_alarm(seen: Seen, is_false: bool):
    assert bool(scored(seen).false_alarms) is is_false


def test_an_arguable_hole_is_neither_rewarded_nor_punished():
    got = scored(Seen("exposure.internal-id", ("GET /orders",)))
    assert (got.found, got.false_alarms, got.unjudged, got.disputable) == ((), (), (), ("d",))


def test_what_nobody_tested_is_not_judged():
    one = Seen("race.oversell", ("POST /orders",))
    assert scored(one).unjudged == (one,)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("PATCH /me (webhook_url)", {"PATCH /me"}),
        ("GET /orders (offset)", {"GET /orders"}),
        ("all operations", {"*"}),
        ("desk.notify.process_due", {"component"}),
        ("GET /a/{x}, POST /b/<int:y>/", {"GET /a/{}", "POST /b/{}"}),
    ],
)
def test_places_are_read_as_people_write_them(text: str, places: set[str]):
    assert places_of(text) == places


def test_our_own_report_is_read():
    report = {
        "findings": [
            {"kind": "k", "operation": "GET /a", "claim": "c"},
            {"kind": "k", "operation": "GET /a", "places": ["GET /b"], "claim": "c"},
        ]
    }
    assert [one.places for one in seen_in(report)] == [("GET /a",), ("GET /b",)]


@pytest.mark.parametrize("name", ["vampi", "vampi-secure", "restaurant", "vuln-bank"])
def test_each_truth_file_speaks_of_known_kinds_and_contradicts_itself_nowhere(name: str):
    truth = json.loads((ROOT / "bench" / "audit" / "truth" / f"{name}.json").read_text())
    assert {hole["kind"] for hole in truth["holes"]} | {sound["kind"] for sound in truth["sound"]} <= set(KINDS)
    perfect = [Seen(hole["kind"], (hole["operation"],)) for hole in truth["holes"] if hole["severity"] != "arguable"]
    got = score(perfect, truth, KINDS)
    assert (got.recall, got.false_alarms, got.unjudged) == (1.0, (), ())
    assert len(got.counted) == {"vampi": 9, "vampi-secure": 3, "restaurant": 22, "vuln-bank": 14}[name]


SCHEMATHESIS = """
=================================== FAILURES ===================================
________________________________ GET /items/{n} ________________________________
1. Test Case ID: XneZMv

- ST101 Server error

- ST103 Undocumented status code

    Received: 500

2. Test Case ID: other

- ST101 Server error
_________________________________ POST /items __________________________________
1. Test Case ID: Fjbajb

- ST103 Undocumented status code
=================================== SUMMARY ====================================
"""


def test_the_failures_of_schemathesis_are_read_operation_by_operation():
    seen = [(one.kind, one.places) for one in failures(SCHEMATHESIS)]
    assert seen == [
        ("input.server-error", ("GET /items/{n}",)),
        ("Undocumented status code", ("GET /items/{n}",)),
        ("Undocumented status code", ("POST /items",)),
    ]


def test_a_target_without_a_truth_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="no truth for it"):
        case(str(tmp_path), None)


@pytest.mark.parametrize(
    ("place", "false_alarm"),
    [("worker: webhook delivery", True), ("worker: e-mail delivery", False), ("worker: delivery", True)],
)
def test_what_was_found_sound_for_webhooks_says_nothing_of_mail(place: str, false_alarm: bool):
    got = scored(Seen("outbound.duplicate-message", (place,)))
    assert bool(got.false_alarms) is false_alarm
    assert bool(got.unjudged) is not false_alarm
