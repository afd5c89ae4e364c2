"""Each kind of `race`, `idempotency`, `money`, `limits`, `input` and `rule`: found on the hole, silent on its fixed twin, by its effect."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from twins import LONG, SEED, Twin, twin

from techlead.audit.attacks import idempotency, money
from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.attacks.input import injection, later, log_in, log_lines, path, poisoned, server_error, upload
from techlead.audit.attacks.limits import body, crowd, hashing, page, pattern, storage
from techlead.audit.attacks.race import burst, lock, lost, torn
from techlead.audit.attacks.rule import boundary, future, own, referral, steps, word, zone

ROUNDS = 3 if LONG else 1
SECONDS = 45.0 if LONG else 20.0
SILENT_SECONDS = 45.0 if LONG else 3.0
"""How long an attack may look for what is not there: races go on for all of their rounds."""


@dataclass(frozen=True)
class Case:
    app: str
    kind: str
    attack: Attack
    module: ModuleType
    effect: str
    """The function that decides by what was seen."""
    always: Any = True
    """What it gives once it no longer looks."""


BELOW, FLOAT, OVERFLOW, LEAK = money.ATTACKS
CASES = (
    Case("race_double_submit", "race.double-submit", burst.ATTACK, burst, "happened_twice"),
    Case("race_oversell", "race.oversell", burst.ATTACK, burst, "happened_twice"),
    Case("race_purse", "race.oversell", burst.ATTACK, burst, "happened_twice"),
    Case("race_lost_update", "race.lost-update", lost.ATTACK, lost, "lost", ["city"]),
    Case("race_torn_read", "race.torn-read", torn.ATTACK, torn, "mixed_up"),
    Case("race_write_lock", "race.write-lock", lock.ATTACK, lock, "locked_out"),
    Case("idempotency_missing", "idempotency.missing", idempotency.ATTACK, idempotency, "done_again"),
    Case("money_negative", "money.negative-or-zero", BELOW, money, "went_below"),
    Case("money_float", "money.float", FLOAT, money, "is_binary"),
    Case("money_overflow", "money.overflow", OVERFLOW, money, "bent"),
    Case("money_rounding", "money.rounding-leak", LEAK, money, "leaked"),
    Case("limits_page_size", "limits.page-size", page.ATTACK, page, "unbounded"),
    Case("limits_body_size", "limits.body-size", body.ATTACK, body, "taken_whole"),
    Case("limits_body_size_form", "limits.body-size", body.ATTACK, body, "taken_whole"),
    Case("limits_storage", "limits.resource", storage.ATTACK, storage, "kept"),
    Case("limits_hashing", "limits.resource", hashing.ATTACK, hashing, "starved"),
    Case("limits_pattern", "limits.resource", pattern.ATTACK, pattern, "runs_away"),
    Case("limits_pattern_query", "limits.resource", pattern.ATTACK, pattern, "runs_away"),
    Case("limits_pool", "limits.resource", crowd.ATTACK, crowd, "stuck"),
    Case("input_server_error", "input.server-error", server_error.ATTACK, server_error, "only_it"),
    Case("input_later", "input.server-error", later.ATTACK, later, "fails_for_good"),
    Case("input_poisoned", "input.poisoned-read", poisoned.ATTACK, poisoned, "poisoned"),
    Case("input_injection", "input.injection", injection.ATTACK, injection, "answers_differ"),
    Case("input_log_in", "input.injection", log_in.ATTACK, log_in, "let_in"),
    Case("input_log_in_token", "input.injection", log_in.ATTACK, log_in, "let_in"),
    Case("input_log", "input.injection", log_lines.ATTACK, log_lines, "forged"),
    Case("input_path", "input.path-or-upload", path.ATTACK, path, "outside"),
    Case("input_upload", "input.path-or-upload", path.ATTACK, path, "climbed"),
    Case("input_pages", "input.path-or-upload", upload.ATTACK, upload, "runs"),
    Case("rule_bypass", "rule.bypass", steps.ATTACK, steps, "went_on"),
    Case("rule_word", "rule.bypass", word.ATTACK, word, "granted"),
    Case("rule_silence", "rule.bypass", word.ATTACK, word, "kept_silent"),
    Case("rule_bypass", "rule.bypass", own.ATTACK, own, "with_oneself"),
    Case("rule_own_code", "rule.bypass", referral.ATTACK, referral, "rewarded"),
    Case("rule_boundary", "rule.boundary", boundary.ATTACK, boundary, "taken"),
    Case("rule_missing", "rule.missing", future.ATTACK, future, "stored"),
    Case("rule_time_zone", "rule.time-zone", zone.ATTACK, zone, "without_zone", {"created_at": "?"}),
)


def named(case: Case) -> str:
    return f"{case.app}-{case.attack.name}"


@pytest.fixture(scope="module", params=CASES, ids=named)
def twins(request: pytest.FixtureRequest) -> Iterator[tuple[Case, Twin, Twin]]:
    """Both run at the same time: a start is the longest part of these tests."""
    case: Case = request.param
    with ThreadPoolExecutor(2) as starting:
        managers = [twin("state", case.app, hole=hole) for hole in (True, False)]
        running = [future.result() for future in [starting.submit(manager.__enter__) for manager in managers]]
        try:
            yield case, running[0], running[1]
        finally:
            for manager in managers:
                manager.__exit__(None, None, None)


CHANCY = frozenset({"race.torn-read", "race.lost-update", "race.double-submit", "race.oversell", "limits.resource"})
"""What is found by winning a race against the target, or not judged where the machine itself is too slow at the moment."""
CHANCY_STRIKES = 3


def test_it_is_found_on_the_hole(twins: tuple[Case, Twin, Twin]) -> None:
    case, hole, _ = twins
    for number in range(ROUNDS):
        if number:
            hole.start_over()
        found: list[Sighting] = []
        for strike in range(CHANCY_STRIKES if case.kind in CHANCY else 1):
            found = found or hole.sighted(case.attack, (1 + strike) * SECONDS, SEED + strike * ROUNDS + number)
        assert case.kind in {sighting.kind for sighting in found}
        assert all(sighting.claim and sighting.kind in case.attack.kinds for sighting in found)


def test_it_is_silent_on_the_fixed_twin(twins: tuple[Case, Twin, Twin]) -> None:
    case, _, fixed = twins
    for number in range(ROUNDS):
        assert [sighting.claim for sighting in fixed.sighted(case.attack, SILENT_SECONDS, SEED + number)] == []


def test_without_its_effect_it_would_accuse_the_fixed_twin(
    twins: tuple[Case, Twin, Twin], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _, fixed = twins
    monkeypatch.setattr(case.module, case.effect, lambda *_: case.always)
    assert case.kind in {sighting.kind for sighting in fixed.sighted(case.attack, SECONDS, SEED + ROUNDS)}
