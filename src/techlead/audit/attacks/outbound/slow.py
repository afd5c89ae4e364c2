"""What one slow receiver does to everybody else: to the request that calls it, to the worker, to other receivers' messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.outbound.pace import Pace, walk
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.stage import Fired
from techlead.audit.attacks.outbound.triggers import Trigger, find
from techlead.audit.target.exchange import Request
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import WELL, Drip, Hang, Manner

HELD_SECONDS: Final = 120.0
"""Of the target's clock: a whole call that is longer than this has no deadline."""
WAITED_SECONDS: Final = 30.0
"""Of the target's clock: others' messages that come later than this had to wait."""
ARRIVES_SECONDS: Final = 60.0
RELEASED_SECONDS: Final = 120.0
REQUEST_SECONDS: Final = 2.5
"""Of real time, the clock standing still: a request that takes this long beside a hanging receiver waits for it."""
RETURN_SECONDS: Final = 2.0
QUICK_SECONDS: Final = 1.0
SLOW_MESSAGES: Final = 9
"""More than the threads of a usual small pool."""
HOLDING: Final[Mapping[str, Manner]] = {"http": Drip(0.01), "smtp": Hang(early=True)}
"""A webhook is anybody's server and may be hostile; a mail server is one's own, and merely hangs."""
HOW: Final = {"http": "drips its answer a byte at a time", "smtp": "takes the connection and says nothing"}
WHOM: Final = {"http": "webhook", "smtp": "mail server"}


@dataclass(frozen=True, slots=True)
class Hold:
    """One receiver that is slow, and who else is written to meanwhile."""

    scene: Scene
    channel: str
    host: str
    """Another owner's webhook, that answers well; '' where there is none."""
    usual: Mapping[str, int]
    """How many messages one call sends over each channel."""
    mark: int

    def held(self) -> tuple[Arrival, ...]:
        """The calls that the slow receiver has and the target has not let go."""
        destination = self.scene.cause.trigger(self.channel).destination
        return tuple(
            each
            for each in self.scene.site.world.ledger.connections(self.mark)
            if each.ending == "open"
            and each.destination.host != self.host
            and (self.scene.belongs(each, self.channel) or str(each.destination) == destination)
        )

    def anybody_else(self) -> bool:
        """Whether anybody but the slow receiver is written to."""
        return bool(self.host) or any(count for other, count in self.usual.items() if other != self.channel)

    def served(self) -> bool:
        """Whether everybody else has got what was sent."""
        arrivals = self.scene.site.world.ledger.arrivals(self.mark)
        if self.host:
            return any(each.destination.host == self.host for each in arrivals)
        others = {channel: count for channel, count in self.usual.items() if channel != self.channel}
        return all(
            len(self.scene.came(channel, self.mark)) >= count * SLOW_MESSAGES for channel, count in others.items()
        )


def strike(site: Site) -> Iterator[Outcome]:
    """Let one receiver be slow, and look at everybody else."""
    for scene in scenes(site, find(site)):
        usual = _usual(scene)
        for channel in sorted(scene.cause.channels):
            yield from blocks_request(scene, channel)
            yield from holds(scene, channel, usual)


def blocks_request(scene: Scene, channel: str) -> Iterator[Sighting]:
    """Let the receiver hang and look whether the answer to the caller does."""
    trigger = scene.cause.trigger(channel)
    if not sent_within(trigger):
        return
    requests = scene.requests(1)
    scene.settle()
    scene.fail(channel, Hang(early=channel == "smtp"))
    began = time.monotonic()
    call = scene.fire(requests)[0]
    with suppress(TimeoutError):
        call.exception(REQUEST_SECONDS)
    if answered(call):
        scene.site.world.calm()
        return
    everybody = _another_request(scene.site)
    scene.site.world.calm()
    with suppress(TimeoutError, Unavailable):
        fired = call.result(RETURN_SECONDS)
        name, seconds = trigger.operation.name, round(time.monotonic() - began, 1)
        claim = f"{name} is not answered while the {WHOM[channel]} hangs: {seconds} s, until it let go."
        if everybody > QUICK_SECONDS:
            claim += f" Meanwhile nobody else is served: another request had no answer for {everybody:.1f} s."
        evidence = {"hanging": trigger.destination, "seconds": seconds}
        yield Sighting(
            "outbound.blocks-request",
            name,
            claim,
            cause="outbound.blocks-request",
            evidence=evidence,
            steps=scene.steps(fired),
            shows=Shows(Compare.HELD, (REQUEST_SECONDS,)),
        )


def sent_within(trigger: Trigger) -> bool:
    """Whether its message was seen to come before the request that causes it was answered."""
    return trigger.within


def answered(call: Future[Fired]) -> bool:
    """Whether the request was answered while the receiver hung."""
    return call.done()


def holds(scene: Scene, channel: str, usual: Mapping[str, int]) -> Iterator[Sighting]:
    """Hold what was sent to one receiver, and let somebody else be written to meanwhile."""
    trigger = scene.cause.trigger(channel)
    requests = scene.requests(1 if trigger.within else SLOW_MESSAGES)
    host, mates_requests = _mate(scene, channel)
    hold = Hold(scene, channel, host, usual, scene.settle())
    scene.fail(channel, HOLDING[channel])
    if host:
        scene.site.world.behave(host, WELL)
    scene.fire(requests)
    if not walk(scene.site, ARRIVES_SECONDS, until=lambda: bool(hold.held())):
        scene.site.world.calm()
        return
    began = scene.site.clock.now()
    scene.fire(mates_requests)
    _go_on(hold, WAITED_SECONDS, hold.served)
    served = was_served(hold)
    _go_on(hold, HELD_SECONDS - (scene.site.clock.now() - began), lambda: not hold.held())
    yield from _unbounded(hold)
    if not served and not trigger.within and hold.anybody_else():
        yield from _waited(hold, began)
    scene.site.world.calm()


def was_served(hold: Hold) -> bool:
    """Whether everybody else got his message beside the slow receiver."""
    return hold.served()


def still_open(hold: Hold) -> float:
    """For how long a call that is not over has been held, in seconds of the target's clock; 0 where none is."""
    held = hold.held()
    return hold.scene.site.clock.now() - held[0].at if held else 0.0


def _unbounded(hold: Hold) -> Iterator[Sighting]:
    held, lasted = hold.held(), round(still_open(hold))
    if not lasted:
        return
    trigger = hold.scene.cause.trigger(hold.channel)
    claim = f"A {WHOM[hold.channel]} that {HOW[hold.channel]} is held on to for {lasted} seconds and more: nothing bounds the whole call."
    evidence = {"caused by": trigger.operation.name, "held": [as_lines(each) for each in held[:2]], "seconds": lasted}
    yield Sighting("outbound.no-timeout", trigger.place, claim, cause="outbound.no-timeout", evidence=evidence)


def _waited(hold: Hold, began: float) -> Iterator[Sighting]:
    """Let go of the slow receiver: what then comes had been waiting for it, and was not merely lost."""
    scene = hold.scene
    scene.site.world.calm()
    if not walk(scene.site, RELEASED_SECONDS, step=2.0, until=hold.served):
        return
    trigger = scene.cause.trigger(hold.channel)
    waited = round(scene.site.clock.now() - began)
    claim = f"While one {WHOM[hold.channel]} {HOW[hold.channel]}, nobody else's messages are sent: they came {waited} seconds late, once it was let go."
    evidence = {"caused by": trigger.operation.name, "slow": trigger.destination, "seconds": waited}
    yield Sighting("outbound.head-of-line", trigger.place, claim, cause="outbound.head-of-line", evidence=evidence)


def _go_on(hold: Hold, seconds: float, done: Callable[[], bool]) -> None:
    pace = Pace(hold.scene.site)
    if isinstance(HOLDING[hold.channel], Drip):
        pace.walk_beside_drips(seconds, done)
    else:
        pace.walk(seconds, step=2.0, until=done)


def _usual(scene: Scene) -> Mapping[str, int]:
    """How many messages one call sends over each channel when all is well."""
    requests = scene.requests(1)
    mark = scene.settle()
    scene.fired(scene.fire(requests))
    scene.settle(12.0)
    return {channel: len(scene.came(channel, mark)) for channel in scene.cause.channels}


def _mate(scene: Scene, channel: str) -> tuple[str, Sequence[Request]]:
    """Another owner with a webhook of his own, and rows for one message to him."""
    if scene.cause.trigger(channel).personal and scene.owner is not None:
        with suppress(Unavailable):
            mate = scene.stage.person(scene.cause.owner_role)
            return scene.stage.host_of(mate), scene.requests(1, mate)
    return "", ()


def _another_request(site: Site) -> float:
    """How long somebody else's harmless request takes now."""
    harmless = next((one for one in site.operations if one.method == "GET" and not one.parameters), None)
    if harmless is None:
        return 0.0
    began = time.monotonic()
    site.send(site.request(harmless, site.people.anonymous), seconds=REQUEST_SECONDS)
    return time.monotonic() - began
