"""Old news after new: a message about a row that is tried again, and comes after what has happened to the row since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.outbound.attempts import message_key
from techlead.audit.attacks.outbound.pace import until_quiet
from techlead.audit.attacks.outbound.scene import Cause, Scene, causes
from techlead.audit.attacks.outbound.stage import Stage
from techlead.audit.attacks.outbound.triggers import Trigger, find
from techlead.audit.attacks.sight import values_of
from techlead.audit.target.exchange import Actor
from techlead.audit.target.operation import Operation, Resource
from techlead.audit.target.things import id_in
from techlead.audit.world.arrival import as_lines
from techlead.audit.world.manner import BUSY_MAIL, DOWN

TRIES_BEFORE: Final = 3
SEQUELS_MAX: Final = 3
KIND: Final = "outbound.no-ttl"


def old_news(site: Site) -> Iterator[Outcome]:
    """Let a message about a row fail, cause a newer one about the same row, and see which comes last."""
    stage = Stage(site)
    tried = False
    for cause, resource, act in islice(_sequels(site), SEQUELS_MAX):
        tried = True
        found: list[Sighting] = []
        with suppress(Unavailable), Scene(stage, cause) as scene:
            found = list(_told(scene, resource, act))
        yield from found
        if found:
            return
    if not tried:
        raise Unavailable("nothing can be done to a row whose making sends a message")


def _sequels(site: Site) -> Iterator[tuple[Cause, Resource, Operation]]:
    """What makes a row and sends a message later, and what can be done to that row then."""
    late = [trigger for trigger in find(site) if not trigger.within]
    for cause in causes(site, [trigger for trigger in late if _acts(site, trigger.operation)]):
        for resource, act in _acts(site, cause.operation):
            yield cause, resource, act


def _acts(site: Site, create: Operation) -> list[tuple[Resource, Operation]]:
    """What needs no more than the row, those first that somebody was seen to succeed at."""
    resource = site.resource(create.resource)
    if resource is None or resource.create is None or resource.create.name != create.name:
        return []
    fit = [act for act in resource.acts if act.parameters and not any(one.required for one in act.body)]
    return [(resource, act) for act in sorted(fit, key=lambda act: not site.role_of(act))]


def overtaken(old: Sequence[bool]) -> bool:
    """Whether, of what came in this order, something old is after something new."""
    return False in old and True in old[old.index(False) :]


def _told(scene: Scene, resource: Resource, act: Operation) -> Iterator[Sighting]:
    """Make the row while receivers are down, do something to it once they are back, and compare what comes."""
    site, cause = scene.site, scene.cause
    requests = scene.requests(1)
    mark = scene.settle()
    for channel in cause.channels:
        scene.fail(channel, DOWN if channel == "http" else BUSY_MAIL)
    made = scene.fired(scene.fire(requests))
    _wait(scene, mark, quiet=300.0, count=TRIES_BEFORE)
    old = {channel: {message_key(each) for each in scene.came(channel, mark)} for channel in cause.channels}
    number = id_in(made[0].answer, resource.name, resource.parameter) if made else None
    site.world.calm()
    second = site.world.ledger.mark()
    path = {**values_of(cause.operation, requests[0]), act.parameters[-1].name: number}
    if number is None or not any(site.call(act, who, path=path).ok for who in _actors(scene, act)):
        return
    _wait(scene, second, quiet=3600.0, count=2)
    for channel in cause.channels:
        came = scene.came(channel, second)
        if old[channel] and overtaken([message_key(each) in old[channel] for each in came]):
            yield _sighting(cause.trigger(channel), act, {"order": [as_lines(each) for each in came[:4]]})


def _wait(scene: Scene, mark: int, *, quiet: float, count: int) -> None:
    """Let time go by until so many have come over each channel, or nothing does."""
    until_quiet(
        scene.site,
        lambda: [each for channel in scene.cause.channels for each in scene.came(channel, mark)],
        quiet=quiet,
        real=3.0,
        enough=lambda _: all(len(scene.came(channel, mark)) >= count for channel in scene.cause.channels),
    )


def _actors(scene: Scene, act: Operation) -> Iterator[Actor]:
    """Who may do it: whoever made the row, whoever owns what it needed, or somebody of the role that was seen to."""
    yield scene.caller
    if scene.owner is not None and scene.owner is not scene.caller:
        yield scene.owner
    role = scene.site.role_of(act)
    if role not in {"", "anonymous", scene.caller.role}:
        yield scene.site.people.of(role)


def _sighting(trigger: Trigger, act: Operation, evidence: Mapping[str, Any]) -> Sighting:
    claim = f"A retried message about a row was delivered after the newer one that {act.name} caused: the last thing the receiver hears is wrong."
    return Sighting(KIND, trigger.place, claim, cause=KIND, evidence=evidence)
