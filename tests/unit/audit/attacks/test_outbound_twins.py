"""Each kind of `outbound`: found on the hole, silent on its fixed twin, by its effect.

These attacks wait much and work little, so the twins are struck side by side, once for all tests of a batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from twins import LONG, SEED, twin

from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.attacks.outbound import ATTACKS, addresses, answers, content, crash, news, retry, slow

ROUNDS = 3 if LONG else 1
SIDE_BY_SIDE = 5
SECONDS = 90.0
NAMED = {attack.name.partition(".")[2]: attack for attack in ATTACKS}


@dataclass(frozen=True)
class Case:
    app: str
    kind: str
    attack: Attack
    module: ModuleType
    effect: str
    """The function that decides by what was seen."""
    always: Any
    """What it gives once it no longer looks."""
    in_short: bool = False
    """Whether its effect is taken out in the short form too: once for each attack."""
    guard: str = ""
    """What keeps the attack from looking at all, and is taken out (True) together with its effect."""


CASES = (
    Case("unbounded_retry", "outbound.unbounded-retry", NAMED["giving-up"], retry, "goes_on", frozenset({"http"})),
    Case("no_backoff", "outbound.no-backoff", NAMED["giving-up"], retry, "grows", False),
    Case("no_jitter", "outbound.no-jitter", NAMED["giving-up"], retry, "in_step", 60.0),
    Case(
        "no_circuit_breaker", "outbound.no-circuit-breaker", NAMED["giving-up"], retry, "all_called_again", True, True
    ),
    Case("ignores_retry_after", "outbound.ignores-retry-after", NAMED["later"], answers, "first_wait", 1.0),
    Case("retries_permanent", "outbound.retries-permanent", NAMED["permanent"], answers, "sent_again", True),
    Case("duplicate_message", "outbound.duplicate-message", NAMED["taken"], answers, "sent_again", True, True),
    Case("no_timeout", "outbound.no-timeout", NAMED["slow"], slow, "still_open", 200.0),
    Case("head_of_line", "outbound.head-of-line", NAMED["slow"], slow, "was_served", False, True),
    Case("blocks_request", "outbound.blocks-request", NAMED["slow"], slow, "answered", False, guard="sent_within"),
    Case("lost_message", "outbound.lost-message", NAMED["crash"], crash, "fewer", True, True),
    Case("ssrf", "outbound.ssrf", NAMED["addresses"], addresses, "went_inside", True, True),
    Case("tls_unverified", "outbound.tls-unverified", NAMED["certificates"], addresses, "spoken", True, True),
    Case("secret_in_payload", "outbound.secret-in-payload", NAMED["content"], content, "secret_in", "something"),
    Case("header_injection", "outbound.header-injection", NAMED["content"], content, "injection", "a header"),
    Case("no_rate_limit", "outbound.no-rate-limit", NAMED["content"], content, "unlimited", True, True),
    Case("no_ttl", "outbound.no-ttl", NAMED["old-news"], news, "overtaken", True, True),
)
BLIND = tuple(case for case in CASES if LONG or case.in_short)
Struck = dict[str, Future[list[Sighting]]]


def strike(case: Case, *, hole: bool, number: int) -> list[Sighting]:
    with twin("outbound", case.app, hole=hole) as target:
        return target.sighted(case.attack, SECONDS, SEED + number)


def started(cases: tuple[Case, ...], *, hole: bool, rounds: int = ROUNDS) -> Iterator[Struck]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as lanes:
        yield {
            f"{case.app} {number}": lanes.submit(strike, case, hole=hole, number=number)
            for number in range(rounds)
            for case in cases
        }


@pytest.fixture(scope="module")
def on_holes() -> Iterator[Struck]:
    yield from started(CASES, hole=True)


@pytest.fixture(scope="module")
def on_fixed() -> Iterator[Struck]:
    yield from started(CASES, hole=False)


def waves(cases: tuple[Case, ...]) -> Iterator[tuple[Case, ...]]:
    """Part the cases so that no attack has two in one wave: without one of its effects it may never come to the other."""
    left = list(cases)
    while left:
        wave = {case.attack.name: case for case in reversed(left)}
        yield tuple(wave.values())
        left = [case for case in left if case not in wave.values()]


@pytest.fixture(scope="module")
def blind() -> Struck:
    """The fixed twins, struck while no attack looks at the effect."""
    struck: Struck = {}
    for wave in waves(BLIND):
        with without_effects(wave):
            for done in started(wave, hole=False, rounds=1):
                struck |= done
    return struck


@contextmanager
def without_effects(wave: tuple[Case, ...]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for case in wave:
            patch.setattr(case.module, case.effect, lambda *_, always=case.always, **__: always)
            if case.guard:
                patch.setattr(case.module, case.guard, lambda *_: True)
        yield


def kinds(struck: list[Sighting]) -> set[str]:
    return {sighting.kind for sighting in struck}


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app)
def test_it_is_found_on_the_hole(case: Case, number: int, on_holes: Struck) -> None:
    found = on_holes[f"{case.app} {number}"].result()
    if case.kind not in kinds(found):  # struck beside others on a busy machine, one may run out of its time
        found = strike(case, hole=True, number=ROUNDS + number)
    assert case.kind in kinds(found)
    assert all(sighting.claim and sighting.kind in case.attack.kinds for sighting in found)


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app)
def test_it_is_silent_on_the_fixed_twin(case: Case, number: int, on_fixed: Struck) -> None:
    found = on_fixed[f"{case.app} {number}"].result()
    assert [sighting.claim for sighting in found if sighting.kind == case.kind] == []


@pytest.mark.parametrize("case", BLIND, ids=lambda case: case.app)
def test_without_its_effect_it_would_accuse_the_fixed_twin(case: Case, blind: Struck) -> None:
    found = blind[f"{case.app} 0"].result()
    if case.kind not in kinds(found):  # as above: beside others it may have run out of its time
        with without_effects((case,)):
            found = strike(case, hole=False, number=ROUNDS)
    assert case.kind in kinds(found)
