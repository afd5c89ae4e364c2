"""Simulate each outage under each policy and write the results: `python -m bench.outage`.

A fifth of the load, with a fifth of what the destination takes, for the full outages: the shares stay the same. The
partial one needs the whole load, for the retry budget's one retry a second is a small share of that only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import others, ours
from .virtual_time import VirtualLoop, run_virtually
from .world import Load, Outage, Result, World, result

RESULTS = Path(__file__).with_name("results.json")
LOADS = {
    Outage.DOWN: Load(per_minute=200, outage_seconds=1_800, takes_per_second=10),
    Outage.HANGS: Load(per_minute=200, outage_seconds=1_800, takes_per_second=10),
    Outage.PARTIAL: Load(per_minute=1_000, outage_seconds=1_800, takes_per_second=50),
}
WITHOUT = "ours without its breaker"
Policy = Callable[[VirtualLoop, World], Coroutine[Any, Any, None]]
POLICIES: dict[str, Policy] = {
    "tenacity's default, in the worker": lambda loop, world: others.deliver(
        loop, world, others.tenacity(1), in_slot=True
    ),
    "Celery's autoretry with backoff": lambda loop, world: others.deliver(loop, world, others.celery(1), in_slot=False),
    "the Svix schedule": lambda loop, world: others.deliver(loop, world, others.svix(1), in_slot=False),
    WITHOUT: lambda loop, world: ours.deliver(loop, world, {"webhook": ours.NO_BREAKER}),
    "ours": lambda loop, world: ours.deliver(loop, world, {}),
}


def simulated(policy: str, outage: Outage, load: Load) -> Result:
    """Simulate one outage under one policy."""
    world = World(load, outage)
    run_virtually(lambda loop: POLICIES[policy](loop, world))
    return result(policy, world)


def main() -> None:
    """Simulate, print and write."""
    found = []
    for outage, load in LOADS.items():
        for policy in POLICIES:
            if policy == WITHOUT and outage is Outage.PARTIAL:  # it stays closed there: nothing to be seen
                continue
            one = simulated(policy, outage, load)
            print(outage.value, one, flush=True)
            found.append({"outage": outage.value, "load": asdict(load), **asdict(one)})
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
