"""What is left of messages that were accepted when the processes die before they were sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site
from techlead.audit.attacks.outbound.pace import until_quiet, walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.finding import NotTested
from techlead.audit.target.exchange import Request
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import Hang

MESSAGES: Final = 3
RECOVERY_SECONDS: Final = 6 * 3600.0
REAL_SECONDS: Final = 5.0
UNDER_WAY_SECONDS: Final = 5.0
LEFT_SECONDS: Final = 3.0
START_SECONDS: Final = 25.0
"""Real ones, in which a worker has started and sends."""


def strike(site: Site) -> Iterator[Outcome]:
    """Accept messages while receivers hang, kill -9, start again, and count what arrives."""
    for scene in scenes(site, find(site)):
        yield from _killed(scene)


def _killed(scene: Scene) -> Iterator[Outcome]:
    site, channels = scene.site, scene.cause.channels
    requests = scene.requests(MESSAGES)
    after = scene.requests(1)
    mark = scene.settle()
    for channel in channels:
        scene.fail(channel, Hang())
    accepted = scene.fired(scene.fire(requests), seconds=1.5)
    if not accepted:
        return
    walk(site, UNDER_WAY_SECONDS, until=lambda: bool(site.world.ledger.arrivals(mark)))
    site.state.kill()
    site.world.calm()
    mark = site.world.ledger.mark()
    site.state.restart()
    if not _works(scene, after, mark):
        yield NotTested(
            "outbound.lost-message", "after kill -9 and a restart the target sent nothing, not even new messages"
        )
        return
    wanted = len(accepted) + len(after)
    until_quiet(
        site,
        lambda: site.world.ledger.arrivals(mark),
        quiet=RECOVERY_SECONDS,
        real=REAL_SECONDS,
        enough=lambda _: all(len(scene.came(channel, mark)) >= wanted for channel in channels),
    )
    if site.left() < LEFT_SECONDS:
        yield NotTested("outbound.lost-message", "there was no time to wait for what a killed process had left behind")
        return
    for channel in sorted(channels):
        came = scene.came(channel, mark)
        if fewer(came, wanted):
            yield _lost(scene, channel, len(accepted), came)


def fewer(came: Sequence[Arrival], wanted: int) -> bool:
    """Whether some of what was accepted did not come."""
    return len(came) < wanted


def _works(scene: Scene, requests: Sequence[Request], mark: int) -> bool:
    """Whether the started target sends a new message: before that, missing ones may only be late."""
    sent = scene.fired(scene.fire(requests))
    ledger = scene.site.world.ledger
    ends = time.monotonic() + START_SECONDS
    while sent and time.monotonic() < ends:
        if walk(scene.site, UNDER_WAY_SECONDS, until=lambda: bool(ledger.arrivals(mark))):
            return True
    return False


def _lost(scene: Scene, channel: str, accepted: int, came: Sequence[Arrival]) -> Sighting:
    operation = scene.cause.trigger(channel).operation.name
    what = "webhooks" if channel == "http" else "mails"
    sent = max(0, len(came) - 1)
    claim = f"{accepted} calls were answered with 2xx, then the process was killed: after the restart {sent} of their {what} were sent, a new one was."
    evidence = {"accepted": accepted, "sent after the restart": sent, "what came": [as_lines(each) for each in came]}
    return Sighting("outbound.lost-message", operation, claim, cause="crash", evidence=evidence)
