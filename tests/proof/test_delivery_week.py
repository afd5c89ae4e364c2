"""A week of every weather in virtual time: whatever a seed brings, the policy keeps what it promises."""

from __future__ import annotations

import os

import pytest
from bench.outage.virtual_time import run_virtually
from week import live

from techlead.deliver.limits import LimitsBook

pytestmark = [pytest.mark.proof, pytest.mark.volume]
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
SEEDS = 1_000 if LONG else 8
PROCESS = {"look_seconds": 60, "sweep_seconds": 60}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_message_ends_and_no_limit_is_exceeded_whatever_the_week_brings(seed: int) -> None:
    world = run_virtually(lambda loop: live(loop, seed, LimitsBook({}, PROCESS)))
    assert world.watch.broken == [], f"seed {seed}"
