"""In a full outage almost nothing is tried, in a partial one little more than needed, and nobody else notices either."""

from __future__ import annotations

import os

import pytest
from bench.outage import ours
from bench.outage.virtual_time import run_virtually
from bench.outage.world import Load, Outage, Result, World, result

pytestmark = [pytest.mark.proof, pytest.mark.volume]
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
WHOLE = Load() if LONG else Load(per_minute=200, takes_per_second=10)
SEEDS = range(1, 13) if LONG else (1, 7)
"""With the seventh half of the first ten calls fail: by chance, for the destination is no worse than in the others."""


def simulated(outage: Outage, load: Load) -> Result:
    world = World(load, outage)
    run_virtually(lambda loop: ours.deliver(loop, world, {}))
    return result("ours", world)


@pytest.mark.parametrize("outage", [Outage.DOWN, Outage.HANGS])
def test_a_full_outage_costs_a_hundredth_of_a_try_each_and_is_drained_at_once(outage: Outage) -> None:
    found = simulated(outage, WHOLE)
    assert found.per_notification <= 0.01
    assert found.lost == 0
    assert found.drain_seconds is not None
    assert found.drain_seconds <= 1.15 * WHOLE.best_drain_seconds(found.left)
    assert found.healthy_p99_seconds is not None
    assert found.healthy_p99_seconds <= 0.5


@pytest.mark.parametrize(
    ("seed", "seconds"), [*((seed, 300) for seed in SEEDS), *(((1, 1_800), (7, 1_800)) if LONG else ())]
)
def test_a_partial_outage_costs_a_third_more_at_most_and_loses_nothing(seed: int, seconds: int) -> None:
    load = Load(outage_seconds=seconds, seed=seed)
    found = simulated(Outage.PARTIAL, load)
    assert found.per_notification <= 1.30
    assert found.lost == 0
    assert found.drain_seconds is not None
    assert found.drain_seconds <= 1.15 * load.best_drain_seconds(found.left)
    assert found.healthy_p99_seconds is not None
    assert found.healthy_p99_seconds <= 0.5
