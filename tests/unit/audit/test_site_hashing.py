"""What a password costs in the target while an attack is at it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from techlead.audit.attacks.attack import Attack
from techlead.audit.site import RunningSite
from techlead.audit.target.instance import PAID_HASHING, Instance
from techlead.audit.world.child.techlead_child import hashing


@pytest.mark.parametrize("judged", [True, False])
def test_it_is_paid_while_an_attack_judges_it_and_not_otherwise(judged: bool):
    told: list[bool] = []
    site: Any = RunningSite.__new__(RunningSite)
    site._instance = SimpleNamespace(pay_for_hashing=told.append)
    attack = Attack("limits.x", ("limits.resource",), "", "", lambda _: iter(()), hashing=judged)
    assert (list(site.strike(attack)), told) == ([], [judged])


def test_both_sides_know_the_file_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hashing, "_folder", [str(tmp_path)])
    instance: Any = Instance.__new__(Instance)
    instance._control = tmp_path
    seen = []
    for paid in (False, True, True, False, False):
        instance.pay_for_hashing(paid)
        seen.append(hashing._is_paid())
    assert seen == [False, True, True, False, False]
    assert PAID_HASHING == hashing.REAL_COST
