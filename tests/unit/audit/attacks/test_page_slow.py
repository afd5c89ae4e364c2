"""Lists whose rows take long to make: they wait for a longer audit, and it is told."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from techlead.audit.attacks.attack import NotTested
from techlead.audit.attacks.limits import page
from techlead.audit.target.exchange import ANONYMOUS, Answer, Request
from techlead.audit.target.operation import Operation, Role

PEOPLE = Operation("GET", "/people", Role.LIST, "people")
JOIN = Operation("POST", "/people", Role.CREATE, "people")


def struck(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[Any]:
    """Let the attack at a target that answers one after the other, each after so many seconds."""
    answer = Answer(Request("POST", "/people", ANONYMOUS, body={}), 201, seconds=seconds)
    monkeypatch.setattr(page, "Callers", lambda _: SimpleNamespace(able=lambda _: (answer.request, answer)))
    monkeypatch.setattr(page, "_most", lambda *_: None)
    left = [20.0]

    def many(requests: Sequence[Request], *_: Any, **__: Any) -> list[Answer]:
        left[0] -= seconds * len(requests)
        return [answer for _ in requests]

    site: Any = SimpleNamespace(places=lambda *_: (PEOPLE,), operations=(PEOPLE, JOIN), left=lambda: left[0], many=many)
    return list(page.strike(site))


def test_a_list_whose_rows_take_long_to_make_is_left_and_told(monkeypatch: pytest.MonkeyPatch):
    told = struck(monkeypatch, 0.3)
    assert [type(one) for one in told] == [NotTested]
    assert "GET /people" in told[0].why


def test_a_list_whose_rows_are_quick_is_filled(monkeypatch: pytest.MonkeyPatch):
    assert struck(monkeypatch, 0.01) == []
