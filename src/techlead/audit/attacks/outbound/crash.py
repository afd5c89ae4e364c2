"""What is left of messages that were accepted when the processes die before they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site
from techlead.audit.attacks.outbound.pace import until_quiet, walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.world.arrival import as_lines
from techlead.audit.world.manner import Hang

MESSAGES: Final = 3
RECOVERY_SECONDS: Final = 6 * 3600.0
REAL_SECONDS: Final = 5.0
UNDER_WAY_SECONDS: Final = 5.0


def strike(site: Site) -> Iterator[Outcome]:
    """Accept messages while receivers hang, kill -9, start again, and count what arrives."""
    for scene in scenes(site, find(site)):
        yield from _killed(scene)


def _killed(scene: Scene) -> Iterator[Sighting]:
    site = scene.site
    requests = scene.requests(MESSAGES)
    mark = scene.settle()
    for channel in scene.cause.channels:
        scene.fail(channel, Hang())
    calls = scene.fire(requests)
    accepted = len(scene.fired(calls, seconds=1.5))
    if not accepted:
        return
    walk(site, UNDER_WAY_SECONDS, until=lambda: bool(site.world.ledger.arrivals(mark)))
    site.state.kill()
    site.world.calm()
    mark = site.world.ledger.mark()
    site.state.restart()
    channels = scene.cause.channels
    until_quiet(
        site,
        lambda: site.world.ledger.arrivals(mark),
        quiet=RECOVERY_SECONDS,
        real=REAL_SECONDS,
        enough=lambda _: all(len(scene.came(channel, mark)) >= accepted for channel in channels),
    )
    for channel in sorted(channels):
        came = scene.came(channel, mark)
        if len(came) < accepted:
            trigger = scene.cause.trigger(channel)
            what = "webhooks" if channel == "http" else "mails"
            claim = f"{accepted} calls were answered with 2xx, then the process was killed: after the restart {len(came)} of their {what} were sent."
            evidence = {
                "accepted": accepted,
                "sent after the restart": len(came),
                "what came": [as_lines(each) for each in came],
            }
            yield Sighting("outbound.lost-message", trigger.operation.name, claim, cause="crash", evidence=evidence)
