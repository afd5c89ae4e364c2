"""What a receiver says is part of the protocol: never again, later, elsewhere, taken. Whether the target listens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site
from techlead.audit.attacks.outbound.attempts import by_message, stable_id
from techlead.audit.attacks.outbound.pace import until_quiet
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import GONE, UNKNOWN_RECIPIENT, WELL, Answer, Die, moved, told_to_wait

WAIT_SECONDS: Final = 900
"""What the receiver asks for: longer than the first wait of any usual schedule."""
WAIT_SHARE: Final = 0.9
QUIET_SECONDS: Final = 1500.0
REAL_SECONDS: Final = 3.0
DRAIN_SECONDS: Final = 3600.0
LANDING: Final = "landing.example.com"
TRIES_SHOWN: Final = 3
FINAL: Final = {"http": "410 Gone", "smtp": "550 no such recipient"}
TWICE: Final = {
    "http": "A message that may have arrived is sent again without any id by which the receiver could tell.",
    "smtp": "A mail that the server had taken (250) is sent again, because the farewell (QUIT) failed, and without a Message-ID that would tell.",
}


def permanent(scene: Scene) -> Iterator[Sighting]:
    """Say that it will never work: 410 Gone, 550 no such recipient."""
    mark = _one_message(scene, {"http": GONE, "smtp": UNKNOWN_RECIPIENT})
    channels = scene.cause.channels
    _follow(scene, mark, lambda: all(_most(scene.came(channel, mark)) >= TRIES_SHOWN for channel in channels))
    for channel in sorted(channels):
        came = scene.came(channel, mark)
        if sent_again(came):
            claim = f"After the final answer {FINAL[channel]} the same message is sent again."
            yield _sighting(scene, channel, "outbound.retries-permanent", came, claim)


def later(scene: Scene) -> Iterator[Sighting]:
    """Ask for some time: 429 with Retry-After."""
    if "http" not in scene.cause.channels:
        return
    mark = _one_message(scene, {"http": told_to_wait(WAIT_SECONDS)})
    _follow(scene, mark, lambda: _most(scene.came("http", mark)) > 1)
    came = scene.came("http", mark)
    waited = first_wait(came)
    if came and waited < WAIT_SECONDS * WAIT_SHARE:
        claim = f"Told by 429 to wait {WAIT_SECONDS} seconds (Retry-After), it calls again after {waited:.0f}."
        yield _sighting(scene, "http", "outbound.ignores-retry-after", came, claim)


def elsewhere(scene: Scene) -> Iterator[Sighting]:
    """Redirect to a page that says 200 to whoever comes."""
    if "http" not in scene.cause.channels:
        return
    mark = _one_message(scene, {"http": moved(f"http://{LANDING}/login", HTTPStatus.FOUND)})
    _follow(scene, mark, lambda: len(scene.came("http", mark)) > 1)
    ledger = scene.site.world.ledger
    landed = [each for each in ledger.arrivals(mark) if each.destination.host == LANDING]
    if landed and not any(each.body for each in landed) and len(scene.came("http", mark)) == 1:
        claim = "A redirect turns the POST into a GET without a body; the landing page's 200 counts as delivered, and the message is lost."
        yield _sighting(
            scene, "http", "outbound.lost-message", (*scene.came("http", mark), *landed), claim, cause="redirect"
        )


def taken(scene: Scene) -> Iterator[Sighting]:
    """Take the message, then fail in the farewell: it has arrived, whatever the target thinks."""
    mark = _one_message(scene, {"http": Die(), "smtp": Answer(421, stage="quit")}, then=WELL)
    _follow(scene, mark, lambda: all(_most(scene.came(channel, mark)) > 1 for channel in scene.cause.channels))
    for channel in sorted(scene.cause.channels):
        came = scene.came(channel, mark)
        if sent_again(came) and not any(stable_id(came[0], other) for other in came[1:2]):
            yield _sighting(scene, channel, "outbound.duplicate-message", came, TWICE[channel])


def striking(part: Callable[[Scene], Iterator[Sighting]]) -> Callable[[Site], Iterator[Outcome]]:
    """Give this answer to one message of each cause."""

    def strike(site: Site) -> Iterator[Outcome]:
        for number, scene in enumerate(scenes(site, find(site))):
            if number:
                _drain(scene)
            yield from part(scene)

    return strike


def _one_message(scene: Scene, manners: dict[str, Answer | Die], then: Answer | None = None) -> int:
    requests = scene.requests(1)
    mark = scene.settle()
    for channel, manner in manners.items():
        if channel in scene.cause.channels:
            scene.fail(channel, *((manner, then) if then else (manner,)))
    scene.fire(requests)
    return mark


def _follow(scene: Scene, mark: int, enough: Callable[[], bool]) -> None:
    until_quiet(
        scene.site,
        lambda: scene.site.world.ledger.arrivals(mark),
        quiet=QUIET_SECONDS,
        real=REAL_SECONDS,
        enough=lambda _: enough(),
    )


def _drain(scene: Scene) -> None:
    """Let what is still being tried arrive, so that the next part starts from silence."""
    scene.site.world.calm()
    mark = scene.site.world.ledger.mark()
    until_quiet(
        scene.site,
        lambda: scene.site.world.ledger.arrivals(mark),
        quiet=DRAIN_SECONDS,
        real=1.5,
        enough=lambda _: False,
    )


def _most(came: tuple[Arrival, ...]) -> int:
    return max((len(tries.times) for tries in by_message(came)), default=0)


def sent_again(came: tuple[Arrival, ...]) -> bool:
    """Whether a message came more than once."""
    return _most(came) > 1


def first_wait(came: tuple[Arrival, ...]) -> float:
    """How long it waited before the second try, in seconds of the target's clock; endlessly where there was none."""
    return min((tries.gaps[0] for tries in by_message(came) if tries.gaps), default=math.inf)


def _sighting(
    scene: Scene, channel: str, kind: str, came: tuple[Arrival, ...], claim: str, *, cause: str = ""
) -> Sighting:
    trigger = scene.cause.trigger(channel)
    evidence = {"caused by": trigger.operation.name, "what came": [as_lines(each) for each in came[:TRIES_SHOWN]]}
    return Sighting(kind, trigger.place, claim, cause=cause or kind, evidence=evidence)
