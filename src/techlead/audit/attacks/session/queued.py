"""Messages that were waiting when their recipient was locked out: are they delivered all the same?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from techlead.audit.attacks.attack import Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.session.banning import Way, account_id, ways
from techlead.audit.attacks.standing import again, refused
from techlead.audit.detect.canaries import spellings
from techlead.audit.finding import Severity
from techlead.audit.target.exchange import Actor
from techlead.audit.target.operation import Operation, Role
from techlead.audit.world.arrival import Arrival, as_lines
from techlead.audit.world.manner import BUSY_MAIL, DOWN

EVERYWHERE: Final = "*"
POLLING_SECONDS, POLLING_STEP_SECONDS = 120.0, 5.0
"""How far the clock is walked for a worker to look for what waits."""
TARGET_SECONDS, STEP_SECONDS = 2 * 3600.0, 120.0
"""How far the clock is walked for the waiting messages to be tried again."""
CAUSES_MAX = 12
CAUSING: Final = (Role.CREATE, Role.ACT, Role.CHANGE)


def delivered_after_ban(site: Site) -> Iterator[Outcome]:
    """Turn the world away, have messages queued for a user, lock him out, let the world answer again, and see what he gets."""
    admin = again(site, site.people.admin) if site.people.admin is not None else None
    chosen = [way for way in ways(site) if way.undo is not None]
    if admin is None or not chosen:
        message = "no way was found to lock somebody out"
        raise Unavailable(message)
    for role in sorted(site.people.roles, key=lambda role: role == "user"):
        recipient = None if role == "admin" else _recipient(site, admin, role, chosen)
        if recipient is None:
            continue
        actor, way, id_ = recipient
        waiting = _queue(site, actor)
        if waiting and way.lock(site, admin, id_).ok and refused(site, actor):
            yield from _delivered(site, actor, way)
            return
        site.world.calm()
    message = "no message was seen that waits for somebody who can be locked out"
    raise Unavailable(message)


def _recipient(site: Site, admin: Actor, role: str, chosen: list[Way]) -> tuple[Actor, Way, object] | None:
    """Find somebody of a role and the way that locks him out, tried on somebody else of that role."""
    try:
        trial, actor = site.people.new(role), site.people.new(role)
        for way in chosen:
            if way.lock(site, admin, account_id(site, trial)).ok and refused(site, trial):
                return actor, way, account_id(site, actor)
    except Unavailable:
        return None
    return None


def _meant_for(arrival: Arrival, actor: Actor) -> bool:
    """Tell whether a message is addressed to somebody, or goes to an address that carries his name."""
    if actor.login.lower() in {address.lower() for address in arrival.recipients}:
        return True
    target = f"{arrival.destination}{arrival.path}".lower()
    return arrival.channel == "http" and any(way in target for way in spellings(_mark(actor)))


def _reached(site: Site, actor: Actor, mark: int) -> tuple[Arrival, ...]:
    """Give the messages to somebody that were taken since the mark."""
    arrived = site.world.ledger.arrivals(mark)
    return tuple(one for one in arrived if _meant_for(one, actor) and one.status // 100 == 2)  # noqa: PLR2004 - any yes


def _mark(actor: Actor) -> str:
    """Give the word by which his webhook is known again."""
    return "hook-" + "".join(letter for letter in actor.login if letter.isalnum()).lower()[:24]


def _queue(site: Site, actor: Actor) -> bool:
    """Cause messages while nobody takes them; whether one was tried for this actor."""
    _set_webhook(site, actor)
    other = site.people.new()
    site.world.behave(EVERYWHERE, DOWN)
    site.world.behave("*:25", BUSY_MAIL)
    site.world.behave("*:587", BUSY_MAIL)
    mark = site.world.ledger.mark()
    causing = [op for op in site.operations if op.role in CAUSING]
    for operation in sorted(causing, key=lambda op: (CAUSING.index(op.role), bool(op.parameters)))[:CAUSES_MAX]:
        _cause(site, operation, actor, other)
        if any(_meant_for(arrival, actor) for arrival in site.world.ledger.connections(mark)):
            return True
    return site.clock.walk(
        POLLING_SECONDS,
        POLLING_STEP_SECONDS,
        until=lambda: any(_meant_for(arrival, actor) for arrival in site.world.ledger.connections(mark)),
    )


def _cause(site: Site, operation: Operation, actor: Actor, other: Actor) -> None:
    """Do something that may send the actor a message: do it as him, and as somebody else to what is his."""
    with suppress(Unavailable):
        site.call(operation, actor)
    with suppress(Unavailable):
        path = site.make(operation.resource, actor).path if operation.parameters and operation.resource else {}
        body = {field.name: site.make(field.refers_to, actor).id for field in operation.body if field.refers_to}
        if path or body:
            site.call(operation, other, path=path, body=body)


def _set_webhook(site: Site, actor: Actor) -> None:
    """Give the actor a webhook of his own where the target has one."""
    for operation in site.operations:
        urls = [field.name for field in operation.body if field.meaning.value == "url"]
        if operation.unsafe and urls and not operation.parameters:
            try:
                site.call(
                    operation, actor, body=dict.fromkeys(urls, f"https://{_mark(actor)}.example.net/{_mark(actor)}")
                )
            except Unavailable:
                continue


def _delivered(site: Site, actor: Actor, way: Way) -> Iterator[Outcome]:
    """Let the world answer again and walk the clock on: what reaches the locked-out user is the sighting."""
    mark = site.world.ledger.mark()
    site.world.calm()

    site.clock.walk(TARGET_SECONDS, STEP_SECONDS, until=lambda: bool(_reached(site, actor, mark)))
    arrived = _reached(site, actor, mark)
    if arrived:
        yield Sighting(
            "session.deleted-or-banned-user",
            "worker: notification delivery",
            f"A message that waited for a user was delivered to him after {way.operation.name} had locked him out.",
            cause="queued messages",
            evidence={"message": dict(as_lines(arrived[0]))},
            severity=Severity.LOW,
        )
