"""What one slow receiver does to everybody else: to the request that calls it, to the worker, to other receivers' messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.outbound.scene import Scene, scenes
from techlead.audit.attacks.outbound.stage import Ground
from techlead.audit.attacks.outbound.triggers import find
from techlead.audit.target.exchange import Request
from techlead.audit.target.operation import Operation
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import WELL, Drip, Hang, Manner

HELD_SECONDS: Final = 240.0
"""Of the target's clock: a whole call that is longer than this has no deadline."""
WAITED_SECONDS: Final = 30.0
"""Of the target's clock: others' messages that come later than usual by more than this had to wait."""
REQUEST_SECONDS: Final = 2.5
"""Of real time, the clock standing still: a request that takes this long beside a hanging receiver waits for it."""
QUICK_SECONDS: Final = 1.0
SLOW_MESSAGES: Final = 9
"""More than the threads of a usual small pool."""
STEP_SECONDS: Final = 1.0
STEP_PAUSE_SECONDS: Final = 0.025
HOLDING: Final[dict[str, Manner]] = {"http": Drip(0.01), "smtp": Hang(early=True)}
HOW: Final = {"http": "drips its answer a byte at a time", "smtp": "takes the connection and says nothing"}


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
    if not trigger.within:
        return
    grounds = scene.grounds(1)
    scene.settle()
    scene.fail(channel, HOLDING[channel] if channel == "smtp" else Hang())
    began = time.monotonic()
    call = scene.fire(grounds)[0]
    with suppress(TimeoutError):
        call.exception(REQUEST_SECONDS)
    waited = not call.done()
    everybody = _neighbour_waits(scene.site) if waited else 0.0
    scene.site.world.calm()
    with suppress(TimeoutError, Unavailable):
        call.result(QUICK_SECONDS)
        if waited:
            whom = "webhook" if channel == "http" else "mail server"
            claim = f"{trigger.operation.name} is not answered while the {whom} hangs: {time.monotonic() - began:.1f} s, until it let go."
            if everybody > QUICK_SECONDS:
                claim += f" Meanwhile another request took {everybody:.1f} s."
            yield Sighting(
                "outbound.blocks-request",
                trigger.operation.name,
                claim,
                cause="outbound.blocks-request",
                evidence={"hanging": trigger.destination, "seconds": round(time.monotonic() - began, 1)},
            )


def holds(scene: Scene, channel: str, usual: dict[str, int]) -> Iterator[Sighting]:
    """Hold what was sent to one receiver, and let somebody else be written to meanwhile."""
    trigger = scene.cause.trigger(channel)
    grounds = scene.grounds(SLOW_MESSAGES if not trigger.within else 1)
    mate = _mate(scene, channel)
    mark = scene.settle()
    if mate is not None:
        host, mates_grounds = mate
        scene.fail(channel, HOLDING[channel])
        scene.site.world.behave(host, WELL)
    else:
        host, mates_grounds = "", list[Ground]()
        scene.fail(channel, HOLDING[channel])
    scene.fire(grounds)
    scene.site.clock.walk(60.0, step=STEP_SECONDS, until=lambda: bool(_held(scene, channel, mark)))
    if not _held(scene, channel, mark):
        return
    began = scene.site.clock.now()
    scene.fire(mates_grounds)
    scene.site.clock.walk(
        WAITED_SECONDS,
        step=STEP_SECONDS,
        pause=STEP_PAUSE_SECONDS,
        until=lambda: _others_came(scene, channel, host, mark, usual),
    )
    others = _others_came(scene, channel, host, mark, usual)
    scene.site.clock.walk(
        HELD_SECONDS - (scene.site.clock.now() - began),
        step=STEP_SECONDS,
        pause=STEP_PAUSE_SECONDS,
        until=lambda: not _held(scene, channel, mark),
    )
    held = _held(scene, channel, mark)
    if held:
        lasted = scene.site.clock.now() - held[0].at
        claim = f"A receiver that {HOW[channel]} is held on to for {lasted:.0f} seconds and more: nothing bounds the whole call."
        yield Sighting(
            "outbound.no-timeout",
            trigger.place,
            claim,
            cause="outbound.no-timeout",
            evidence={
                "caused by": trigger.operation.name,
                "held": [as_lines(each) for each in held[:2]],
                "seconds": round(lasted),
            },
        )
    if not others and not trigger.within and _others_exist(channel, host, usual):
        yield from _proved_waiting(scene, channel, host, mark, usual, began)


def _proved_waiting(
    scene: Scene, channel: str, host: str, mark: int, usual: dict[str, int], began: float
) -> Iterator[Sighting]:
    """Let go of the slow receiver: what then comes had been waiting for it, and was not merely lost."""
    scene.site.world.calm()
    scene.site.clock.walk(120.0, step=2.0, until=lambda: _others_came(scene, channel, host, mark, usual))
    if not _others_came(scene, channel, host, mark, usual):
        return
    trigger = scene.cause.trigger(channel)
    waited = scene.site.clock.now() - began
    claim = f"While one receiver {HOW[channel]}, nobody else's messages are sent: they came {waited:.0f} seconds late, once it was let go."
    yield Sighting(
        "outbound.head-of-line",
        trigger.place,
        claim,
        cause="outbound.head-of-line",
        evidence={"caused by": trigger.operation.name, "slow": trigger.destination, "seconds": round(waited)},
    )


def _usual(scene: Scene) -> dict[str, int]:
    """How many messages one call sends over each channel when all is well."""
    grounds = scene.grounds(1)
    mark = scene.settle()
    scene.fired(scene.fire(grounds))
    scene.settle(12.0)
    return {channel: len(scene.came(channel, mark)) for channel in scene.cause.channels}


def _mate(scene: Scene, channel: str) -> tuple[str, list[Ground]] | None:
    """Another owner with a webhook of his own, and rows for one message to him."""
    if not scene.cause.trigger(channel).personal or scene.owner is None:
        return None
    with suppress(Unavailable):
        mate = scene.stage.person(scene.cause.owner_role)
        return scene.stage.host_of(mate), scene.grounds(1, mate)
    return None


def _held(scene: Scene, channel: str, mark: int) -> tuple[Arrival, ...]:
    """The calls that the slow receiver has and the target has not let go."""
    trigger = scene.cause.trigger(channel)
    connections = scene.site.world.ledger.connections(mark)
    return tuple(
        each
        for each in connections
        if each.ending == "open" and (scene.belongs(each, channel) or str(each.destination) == trigger.destination)
    )


def _others_exist(channel: str, host: str, usual: dict[str, int]) -> bool:
    return bool(host) or any(count for other, count in usual.items() if other != channel)


def _others_came(scene: Scene, channel: str, host: str, mark: int, usual: dict[str, int]) -> bool:
    """Whether everybody but the slow receiver has got what was sent since the mark."""
    if host:
        return any(each.destination.host == host for each in scene.site.world.ledger.arrivals(mark))
    sent = SLOW_MESSAGES
    return all(len(scene.came(other, mark)) >= count * sent for other, count in usual.items() if other != channel)


def _neighbour_waits(site: Site) -> float:
    """How long somebody else's harmless request takes now."""
    harmless = next((one for one in site.operations if one.method == "GET" and not one.parameters), None)
    if harmless is None:
        return 0.0
    began = time.monotonic()
    site.send(_plain(site, harmless), seconds=REQUEST_SECONDS)
    return time.monotonic() - began


def _plain(site: Site, operation: Operation) -> Request:
    return site.request(operation, site.people.anonymous)
