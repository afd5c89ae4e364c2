"""How long a crowd presses: until it is clear that nobody else is kept waiting."""

from __future__ import annotations

import pytest

from techlead.audit.attacks.limits.load import CALM_SECONDS, CALM_WAIT_SECONDS, calm


@pytest.mark.parametrize(
    ("worst", "seconds", "clear"),
    [
        ([0.1, 0.2], CALM_SECONDS + 0.1, True),
        ([0.1, 0.2], CALM_SECONDS - 0.1, False),
        ([0.1, CALM_WAIT_SECONDS], CALM_SECONDS + 0.1, False),
    ],
)
def test_it_is_clear_once_nobody_has_waited_for_long_enough(worst: list[float], seconds: float, clear: bool):
    assert calm(worst, seconds) is clear
