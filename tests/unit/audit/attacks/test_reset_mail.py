"""A mail with a reset is waited for again only where one came."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from techlead.audit.attacks.session.reset import _mailed
from techlead.audit.target.exchange import Actor

ALICE = Actor("alice", login="alice@example.net")


class Ledger:
    """What came, and how often somebody waited for it."""

    def __init__(self, *recipients: str) -> None:
        self.waited = 0
        self._mails = tuple(SimpleNamespace(recipients=(one,), text="Your code: 482913") for one in recipients)

    def arrivals(self) -> tuple[Any, ...]:
        return self._mails

    def wait(self, happened: Callable[[], bool], seconds: float) -> bool:
        self.waited += 1
        return happened()


@pytest.mark.parametrize(("recipients", "waits"), [((), 1), ((ALICE.login,), 2)])
def test_what_did_not_come_once_is_not_waited_for_again(recipients: tuple[str, ...], waits: int):
    ledger = Ledger(*recipients)
    site: Any = SimpleNamespace(notebook={}, world=SimpleNamespace(ledger=ledger))
    found = [tuple(_mailed(site, ALICE)) for _ in range(2)]
    assert found == [("482913",) * len(recipients)] * 2
    assert ledger.waited == waits
