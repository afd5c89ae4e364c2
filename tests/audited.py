"""Targets of the audit in tests: one instance, understood once, and the attacks that strike it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Need, Outcome
from techlead.audit.site import Budget, RunningSite
from techlead.audit.target.exchange import Answer, Request, Unavailable
from techlead.audit.target.given import Given
from techlead.audit.target.instance import Instance
from techlead.audit.target.launch import launch_of
from techlead.audit.target.understand import meet, settle, understand

TARGETS: Final = Path(__file__).parent / "targets"
SEED: Final = 7
SECONDS, REQUESTS = 300.0, 50_000


@contextmanager
def running(app: str, folder: str, environment: Mapping[str, str]) -> Iterator[RunningSite]:
    """Start a target of `tests/targets` in a copy of its folder, and find out how it is used."""
    root = Path(tempfile.mkdtemp(prefix="techlead-target-"))
    given = Given(app=app, folder=TARGETS / folder, environment=environment)
    instance = Instance(launch_of(given, TARGETS / folder), TARGETS / folder, root, given.ready_seconds)
    budget = Budget(SECONDS, REQUESTS)

    def send(request: Request) -> Answer:
        assert instance.client is not None
        return instance.client.send(request)

    try:
        instance.prepare()
        instance.start()
        met = meet(instance, given, SEED, send)
        settled = settle(instance, met, SEED, send)
        known = replace(understand(instance, met, (), SEED, send), settled=settled)
        yield RunningSite(instance, known, SEED, budget, {})
    finally:
        instance.close()
        shutil.rmtree(root, ignore_errors=True)


def in_order(attacks: tuple[Attack, ...]) -> list[Attack]:
    """Put those last after which tokens have ended, or nothing works any more."""
    return sorted(attacks, key=lambda attack: (Need.CLOCK in attack.needs, attack.harm is Harm.BREAKS))


def struck(site: RunningSite, attack: Attack) -> tuple[Outcome, ...]:
    """Give what one attack yields here; nothing where the target lacks what it needs."""
    site.allow(max(attack.seconds, 30.0))
    try:
        return tuple(site.strike(attack))
    except Unavailable:
        return ()
