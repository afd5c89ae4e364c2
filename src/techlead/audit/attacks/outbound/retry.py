"""What happens to messages while their receiver is down: how often, when and for how long they are tried, and what remains of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site
from techlead.audit.attacks.outbound.attempts import (
    Tries,
    all_called_again,
    by_message,
    grows,
    in_step,
    median_gaps,
)
from techlead.audit.attacks.outbound.pace import until_quiet, walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.triggers import Trigger, find
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import BUSY_MAIL, DOWN

MESSAGES: Final = 6
ENDLESS_TRIES: Final = 30
"""Of one message: more than anybody needs."""
JUMPS: Final = 40
JUMP_SECONDS: Final = 3 * 86400.0
JUMP_WAIT_SECONDS: Final = 0.3
SILENT_JUMPS: Final = 3
ROUND_SECONDS: Final = 3.0
LEFT_SECONDS: Final = 3.0
QUIET_SECONDS: Final = 86400.0
RECOVERY_SECONDS: Final = 86400.0
PATIENCE_SECONDS: Final = 86400.0
"""A receiver may be down for a day; a message that is given up sooner is lost to an ordinary outage."""
ROUNDS_WITHOUT_PAUSE: Final = 3
REAL_SECONDS: Final = 30.0
ANOTHER_WAY: Final = re.compile(r"retr(y|ies)|resend|redeliver|replay|requeue|dead.?letter", re.IGNORECASE)
RECEIVERS: Final = {"http": "webhook", "smtp": "mail server"}


def giving_up(site: Site) -> Iterator[Outcome]:
    """Let receivers be down until nobody tries any more, and come back."""
    for scene in scenes(site, find(site)):
        yield from _given_up(scene)


def _given_up(scene: Scene) -> Iterator[Sighting]:
    site = scene.site
    requests = scene.requests(MESSAGES)
    mark = scene.settle()
    for channel in scene.cause.channels:
        scene.fail(channel, DOWN if channel == "http" else BUSY_MAIL)
    calls = scene.fire(requests)
    ended = until_quiet(
        site,
        lambda: _all(scene, mark),
        quiet=QUIET_SECONDS,
        real=REAL_SECONDS,
        enough=lambda _: all(_too_many(scene.came(channel, mark)) for channel in scene.cause.channels),
        fine=True,
    )
    if not scene.fired(calls):
        return
    failed = {channel: scene.came(channel, mark) for channel in scene.cause.channels}
    endless = goes_on(scene, mark, ended=ended)
    back = _recovered(scene) if not endless else {}
    if site.left() < LEFT_SECONDS:  # what has not come may only be late
        back = {}
    for channel, arrivals in failed.items():
        if arrivals:
            tries = by_message(scene.came(channel, mark)) if channel in endless else ()
            yield from judge(site, scene.cause.trigger(channel), arrivals, tries, back.get(channel))


def judge(
    site: Site, trigger: Trigger, arrivals: Sequence[Arrival], endless: Sequence[Tries], came_back: int | None
) -> Iterator[Sighting]:
    """Say what is wrong with the tries that one receiver saw; `endless` are tries without end, `came_back` what came when it was well."""
    messages = by_message(arrivals)
    gaps = median_gaps(messages)
    most = max(len(each.times) for each in messages)
    whom = RECEIVERS[trigger.channel]
    evidence = _evidence(trigger, messages, gaps, arrivals)
    if endless:
        many = max(len(each.times) for each in endless)
        days = max(each.times[-1] - each.times[0] for each in endless) / 86400
        yield _sighting(
            "outbound.unbounded-retry",
            trigger,
            evidence,
            f"A message to a dead {whom} was still tried after {many} tries and {days:.0f} days.",
        )
    if grows(gaps) is False and measured(messages, gaps):
        yield _sighting(
            "outbound.no-backoff",
            trigger,
            evidence,
            f"A failing {whom} is tried again after {_listed(gaps)} seconds: the waits do not grow.",
        )
    kept = in_step(messages)
    if kept is not None and len(messages) >= MESSAGES - 1 and not trigger.within:
        yield _sighting(
            "outbound.no-jitter",
            trigger,
            evidence,
            f"{len(messages)} messages that failed together are all tried again {kept:.0f} seconds later, in the same moment.",
        )
    if len(messages) >= MESSAGES - 1 and all_called_again(messages, ROUNDS_WITHOUT_PAUSE) and not trigger.within:
        yield _sighting(
            "outbound.no-circuit-breaker",
            trigger,
            evidence,
            f"A {whom} that failed every time was called {len(arrivals)} times for {len(messages)} messages, without a pause.",
        )
    if came_back == 0 and given_up(site, messages):
        lasted = max(each.times[-1] - each.times[0] for each in messages)
        yield _sighting(
            "outbound.lost-message",
            trigger,
            evidence,
            f"After {most} {'try' if most == 1 else 'tries'} in {lasted / 60:.0f} minutes a message is given up; when the {whom} is back nothing sends it.",
        )


def measured(messages: Sequence[Tries], gaps: Sequence[float]) -> bool:
    """Whether the worker kept up with the clock: a first round that takes as long as the wait after it hides what the waits are."""
    first = [each.times[0] for each in messages]
    return max(first) - min(first) <= max(gaps[0], ROUND_SECONDS)


def _all(scene: Scene, mark: int) -> tuple[Arrival, ...]:
    return tuple(arrival for channel in scene.cause.channels for arrival in scene.came(channel, mark))


def goes_on(scene: Scene, mark: int, *, ended: bool) -> frozenset[str]:
    """The channels on which tries go on however far the clock jumps, until they have been too many."""
    if ended:
        return frozenset()
    site = scene.site
    going = scene.cause.channels
    silent: Counter[str] = Counter()
    for _ in range(JUMPS):
        if site.left() < LEFT_SECONDS:
            return frozenset()
        before = site.world.ledger.mark()
        site.clock.advance(JUMP_SECONDS)
        site.world.ledger.wait(lambda before=before: bool(_all(scene, before)), JUMP_WAIT_SECONDS)
        walk(site, 2.0, step=1.0)
        for channel in going:
            silent[channel] = 0 if scene.came(channel, before) else silent[channel] + 1
        going = frozenset(channel for channel in going if silent[channel] < SILENT_JUMPS)
        if not going or all(_too_many(scene.came(channel, mark)) for channel in going):
            break
    return going


def _too_many(arrivals: Sequence[Arrival]) -> bool:
    """Whether one message was tried more often than anybody needs; asked at each step, and mostly answered by counting."""
    if len(arrivals) <= ENDLESS_TRIES:
        return False
    return max(len(each.times) for each in by_message(arrivals)) > ENDLESS_TRIES


def _recovered(scene: Scene) -> Mapping[str, int]:
    """How much comes in a day after receivers are back."""
    site = scene.site
    site.world.calm()
    mark = site.world.ledger.mark()
    until_quiet(site, lambda: _all(scene, mark), quiet=RECOVERY_SECONDS, real=4.0, enough=bool)
    return {channel: len(scene.came(channel, mark)) for channel in scene.cause.channels}


def given_up(site: Site, messages: Sequence[Tries]) -> bool:
    """Whether trying ended within an ordinary outage, and nothing but the target itself could begin it again."""
    lasted = max(each.times[-1] - each.times[0] for each in messages)
    return lasted < PATIENCE_SECONDS and not any(ANOTHER_WAY.search(each.path) for each in site.operations)


def _sighting(kind: str, trigger: Trigger, evidence: Mapping[str, Any], claim: str) -> Sighting:
    return Sighting(kind, trigger.place, claim, cause=kind, evidence=evidence)


def _evidence(
    trigger: Trigger, messages: Sequence[Tries], gaps: Sequence[float], arrivals: Sequence[Arrival]
) -> Mapping[str, Any]:
    return {
        "caused by": trigger.operation.name,
        "messages": len(messages),
        "tries of each": sorted(len(each.times) for each in messages),
        "usual waits in seconds": [round(gap, 1) for gap in gaps[:12]],
        "first try": as_lines(arrivals[0]),
    }


def _listed(gaps: Sequence[float]) -> str:
    return ", ".join(f"{gap:.1f}" for gap in gaps[:4])
