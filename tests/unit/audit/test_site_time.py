"""How long a strike may take: its own seconds, never more than its share of the audit's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from techlead.audit import site as module
from techlead.audit.site import Budget, RunningSite


class Now:
    """Real time, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    moved = Now()
    monkeypatch.setattr(module, "time", moved)
    return moved


def site(budget: Budget) -> RunningSite:
    known: Any = SimpleNamespace(framework="flask", operations=(), resources=(), ways=None, settled={}, recipes={})
    instance: Any = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: 0.0, advance=None), log=None, world=None, database=None, client=None
    )
    return RunningSite(instance, known, 1, budget, {})


def test_a_first_strike_leaves_time_to_be_shown_again(now: Now):
    one = site(Budget(60, 1000))
    one.allow(90, 0.5)
    assert one.left() == 30
    one.allow(10, 0.5)
    assert one.left() == 10


def test_time_spent_for_all_is_not_the_strike_s_own(now: Now):
    one = site(Budget(60, 1000))
    one.allow(10)
    now.seconds += 8
    assert one.left() == 2
    one.renew()
    assert one.left() == 10


def test_what_is_held_back_is_there_later(now: Now):
    budget = Budget(60, 1000)
    budget.hold(12)
    assert budget.left() == 48
    budget.hold(-12)
    assert budget.left() == 60
