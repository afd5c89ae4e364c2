"""How a message is caused: which operation makes the target call somebody, over which channel, and whose address it is.

Found out by doing: everybody is given a webhook of his own wherever a field takes a URL, then the operations are used one after
the other while the neighbours watch. Nothing is read from the source.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.attacks.outbound.pace import until_silent, walk
from techlead.audit.attacks.outbound.stage import PERSONAL_HOSTS, Stage, needs_rows, subscriptions
from techlead.audit.target.exchange import Actor, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.world.arrival import Arrival

KNOWN: Final = "outbound.triggers"
"""Where the notebook keeps them."""
RESERVE_SECONDS: Final = 5.0
NOTICE_SECONDS: Final = 8.0
"""Of the target's clock: within it a worker that polls has usually looked."""
PATIENT_SECONDS: Final = 120.0
LATER_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 5.0
STRANGERS_MAX: Final = 4
TRIED_MAX: Final = 30
TOGETHER: Final = 6
"""Operations whose rows are made together, before one wait for what that causes."""
UNTOUCHED: Final = frozenset({Role.LOG_OUT, Role.DELETE, Role.PASSWORD, Role.RESET, Role.DOCUMENTS, Role.LOG_IN})
FIRST_TRIED: Final = (Role.CREATE, Role.ACT, Role.SIGN_UP, Role.FORGOT, Role.OTHER, Role.CHANGE, Role.CHANGE_ME)

Pair = tuple[Actor | None, Actor]
"""Who owns the row, where one is needed, and who calls."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One way to make the target send, seen once: who owned the row, who called, what then came where."""

    operation: Operation
    channel: str
    """`http` or `smtp`."""
    destination: str
    """Where it went: `host:port`, as it was seen."""
    owner_role: str
    """The role of whoever owned the rows it needs; '' when it needs none."""
    caller_role: str
    alone: bool
    """Whether the owner himself called."""
    personal: bool
    """Whether the destination is a URL that the owner or the caller had set."""
    within: bool
    """Whether it had come before the answer was given: the request itself sends."""
    delay: float
    """Seconds of the target's clock until it came."""

    @property
    def place(self) -> str:
        """How findings speak of it."""
        kind = "webhook" if self.channel == "http" else "e-mail"
        return self.operation.name if self.within else f"worker: {kind} delivery"


def find(site: Site) -> tuple[Trigger, ...]:
    """Use the operations until messages have been seen, once for all strikes of an audit.

    Raises:
        Unavailable: The time ended before any was seen, which says nothing about the target.
    """
    lock = site.notebook.setdefault("outbound.lock", threading.Lock())
    with lock:
        if KNOWN not in site.notebook:
            found, ended = _search(site)
            if not found and not ended:
                raise Unavailable("no time was left to find out what sends messages: give more with --seconds")
            site.notebook[KNOWN] = found
        site.renew()
    known: tuple[Trigger, ...] = site.notebook[KNOWN]
    return known


def _search(site: Site) -> tuple[tuple[Trigger, ...], bool]:
    """What sends messages, and whether all was tried."""
    stage = Stage(site, "first")
    people = tuple(_people(stage, (*site.people.roles[:1], *site.people.roles)))
    tried = candidates(site)[:TRIED_MAX]
    found: dict[tuple[str, str, str], Trigger] = {}
    for seconds in (NOTICE_SECONDS, PATIENT_SECONDS):
        mark = site.world.ledger.mark()
        for trigger in _tried(stage, tried, people, seconds):
            found.setdefault((trigger.channel, trigger.operation.name, trigger.caller_role), trigger)
        if found or not listen(site, mark, PATIENT_SECONDS, step=10.0):
            break
    known = sorted(found.values(), key=lambda one: (not one.personal, one.within, bool(not one.owner_role)))
    return tuple(known), site.left() >= RESERVE_SECONDS


def candidates(site: Site) -> list[Operation]:
    """Operations that may cause a message, the likeliest first; last those that never succeeded."""
    fit = [
        one for one in site.operations if one.unsafe and one.role not in UNTOUCHED and one not in subscriptions(site)
    ]
    late = len(FIRST_TRIED)
    return sorted(
        fit,
        key=lambda one: (
            one.role is not Role.SIGN_UP and not site.role_of(one),
            FIRST_TRIED.index(one.role) if one.role in FIRST_TRIED else late,
        ),
    )


def _people(stage: Stage, roles: tuple[str, ...]) -> Iterator[Actor]:
    for role in roles:
        with suppress(Unavailable):
            yield stage.person(role)


def _tried(
    stage: Stage, operations: Sequence[Operation], people: tuple[Actor, ...], seconds: float
) -> Iterator[Trigger]:
    """Try some operations at a time, since their rows can be made together; until it is enough."""
    seen: list[Trigger] = []
    for begin in range(0, len(operations), TOGETHER):
        some = [(one, _pairs(stage, one, people)) for one in operations[begin : begin + TOGETHER]]
        ready = [(one, pairs, next(_prepared(stage, one, pairs), None)) for one, pairs in some]
        until_silent(stage.site, DRAIN_SECONDS)  # what the making of rows has caused
        for operation, pairs, first in ready:
            if stage.site.left() < RESERVE_SECONDS:
                return
            new = list(_try(stage, operation, first, pairs, seconds))
            yield from new
            seen += new
            if _enough(seen, personal=bool(subscriptions(stage.site))):
                return


def _enough(found: Iterable[Trigger], *, personal: bool) -> bool:
    """Whether a worker sends both mail and webhooks (to addresses of people's own, where they can give one): it then sends what the other operations cause, too."""
    late = [one for one in found if not one.within]
    hooks = any(one.channel == "http" and (one.personal or not personal) for one in late)
    return hooks and any(one.channel == "smtp" for one in late)


def _prepared(stage: Stage, operation: Operation, pairs: Iterator[Pair]) -> Iterator[tuple[Pair, Request]]:
    """The request of each pair, with its rows made."""
    for owner, caller in pairs:
        with suppress(Unavailable):
            yield (owner, caller), stage.request(operation, caller, stage.ground(operation, owner))


def _try(
    stage: Stage,
    operation: Operation,
    first: tuple[Pair, Request] | None,
    pairs: Iterator[Pair],
    seconds: float,
) -> Iterator[Trigger]:
    """Do it as those who may; what the making of further rows had caused is let arrive first."""
    before = stage.site.world.ledger.mark()
    for (owner, caller), request in itertools.chain([first] if first else [], _prepared(stage, operation, pairs)):
        if first is None or request is not first[1]:
            until_silent(stage.site, DRAIN_SECONDS, since=before)
        fired = stage.send(request)
        before = fired.mark
        if not fired.answer.ok:
            continue
        answered = stage.site.world.ledger.mark()
        for arrival in listen(stage.site, fired.mark, seconds):
            yield Trigger(
                operation=operation,
                channel=arrival.channel,
                destination=str(arrival.destination),
                owner_role=owner.role if owner else "",
                caller_role=caller.role,
                alone=owner is caller,
                personal=arrival.destination.host.endswith(PERSONAL_HOSTS[1:]),
                within=arrival.number < answered,
                delay=max(0.0, arrival.at - fired.at),
            )
        return


def _pairs(stage: Stage, operation: Operation, people: tuple[Actor, ...]) -> Iterator[Pair]:
    """Whose row, and who calls: strangers first, since who acts is seldom who is told; those who were seen to succeed.

    Only who may make the rows owns them: for others a stand-in does, and it is the stand-in who would be told.
    """
    if operation.role in {Role.SIGN_UP, Role.FORGOT}:
        yield None, stage.site.people.anonymous
        return
    able = stage.site.role_of(operation)
    callers = [one for one in people if one.role == able] or list(people[:1])
    if not needs_rows(operation):
        for caller in callers[:1]:
            yield None, caller
        return
    makers = stage.makers(operation)
    owners = people if "user" in makers else [one for one in people if one.role in makers] or people
    strangers = [(owner, caller) for owner, caller in itertools.product(owners, callers) if owner is not caller]
    yield from strangers[:STRANGERS_MAX]
    for owner in callers[:1]:
        yield owner, owner


def listen(site: Site, mark: int, seconds: float, step: float = 1.0) -> tuple[Arrival, ...]:
    """Let the target's time go by until messages have come, and a little longer: mail and webhook leave one after the other."""
    ledger = site.world.ledger
    if walk(site, seconds, step=step, until=lambda: bool(ledger.arrivals(mark))):
        until_silent(site, LATER_SECONDS)
    came: tuple[Arrival, ...] = ledger.arrivals(mark)
    return came
