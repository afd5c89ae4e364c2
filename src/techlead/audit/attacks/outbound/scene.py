"""One cause of messages, played with neighbours that behave as the scene wants: rows first, while all is well, then the messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from techlead.audit.attacks.attack import Site, Unavailable
from techlead.audit.attacks.outbound.pace import until_silent
from techlead.audit.attacks.outbound.stage import PERSONAL_HOSTS, Fired, Ground, Stage, needs_rows
from techlead.audit.attacks.outbound.triggers import Trigger, listen
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import Actor, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.world.arrival import Arrival
from techlead.audit.world.manner import Manner

CALM_SECONDS: Final = 6.0
THREADS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Cause:
    """An operation as played by two roles, with all that it was seen to send."""

    operation: Operation
    owner_role: str
    caller_role: str
    alone: bool
    triggers: tuple[Trigger, ...]

    @property
    def channels(self) -> frozenset[str]:
        """Over which channels it sends."""
        return frozenset(trigger.channel for trigger in self.triggers)

    def trigger(self, channel: str) -> Trigger:
        """What it sends over this channel."""
        return next(trigger for trigger in self.triggers if trigger.channel == channel)


def causes(site: Site, triggers: Iterable[Trigger]) -> tuple[Cause, ...]:
    """The fewest operations that together send from every place (those in focus on the second run), the richest first."""
    grouped: dict[tuple[str, str, str, bool], list[Trigger]] = {}
    every = tuple(triggers)
    in_focus = tuple(one for one in every if {one.place, one.operation.name} & site.focus)
    for trigger in in_focus or every:
        key = (trigger.operation.name, trigger.owner_role, trigger.caller_role, trigger.alone)
        grouped.setdefault(key, []).append(trigger)
    rich = sorted(
        (Cause(each[0].operation, *key[1:], tuple(each)) for key, each in grouped.items()),
        key=_worth,
    )
    chosen: list[Cause] = []
    covered: set[str] = set()
    for cause in rich:
        places = {trigger.place for trigger in cause.triggers}
        if places - covered:
            chosen.append(cause)
            covered |= places
    return tuple(chosen)


def _worth(cause: Cause) -> tuple[int, bool, bool, bool]:
    personal = any(trigger.personal for trigger in cause.triggers)
    role = cause.operation.role
    return -len(cause.channels), not personal, role is Role.SIGN_UP, role is not Role.CREATE


class Scene:
    """A cause with its people; calls run in threads, since a failing neighbour may hold a request."""

    def __init__(self, stage: Stage, cause: Cause) -> None:
        """Make the people. Raises Unavailable."""
        self.stage = stage
        self.site = stage.site
        self.cause = cause
        self.owner = stage.person(cause.owner_role) if cause.owner_role else None
        self.caller = self.owner if self.owner and cause.alone else stage.person(cause.caller_role)
        self._threads = ThreadPoolExecutor(THREADS_MAX)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let everybody go: behave well again and wait for the calls."""
        self.site.world.calm()
        self._threads.shutdown(wait=True)

    def grounds(self, number: int, owner: Actor | None = None) -> list[Ground]:
        """Rows for so many messages, made while all is well."""
        if not needs_rows(self.cause.operation):
            return [Ground()] * number
        return [self.stage.ground(self.cause.operation, owner or self.owner) for _ in range(number)]

    def requests(self, number: int, owner: Actor | None = None) -> list[Request]:
        """Requests for so many messages, each on rows of its own. Raises Unavailable."""
        make = self.stage.request
        return [make(self.cause.operation, self.caller, ground) for ground in self.grounds(number, owner)]

    def settle(self, seconds: float = CALM_SECONDS) -> int:
        """Let what is under way arrive; the place in the book from which on everything is new."""
        until_silent(self.site, seconds)
        mark: int = self.site.world.ledger.mark()
        return mark

    def fail(self, channel: str, *manners: Manner, host: str = "") -> None:
        """Behave so towards what this cause sends over a channel."""
        self.site.world.behave(host or pattern(self.cause.trigger(channel)), *manners)

    def fire(self, requests: Sequence[Request]) -> list[Future[Fired]]:
        """Send the requests, all at about the same time."""
        return [self._threads.submit(self.stage.send, request) for request in requests]

    def fired(self, calls: Sequence[Future[Fired]], seconds: float = 5.0) -> list[Fired]:
        """Those calls that were answered with 2xx by now."""
        done = []
        for call in calls:
            with suppress(TimeoutError, Unavailable):
                done.append(call.result(seconds))
        return [one for one in done if one.answer.ok]

    def steps(self, fired: Fired) -> tuple[Exchange, ...]:
        """Give the requests that caused one message."""
        return self.stage.steps(fired.answer, self.owner, self.caller)

    def came(self, channel: str, mark: int) -> tuple[Arrival, ...]:
        """What has come over a channel from this cause since the mark."""
        return tuple(arrival for arrival in self.site.world.ledger.arrivals(mark) if self.belongs(arrival, channel))

    def belongs(self, arrival: Arrival, channel: str) -> bool:
        """Whether an arrival is one that this cause sends."""
        trigger = self.cause.trigger(channel)
        if arrival.channel != channel:
            return False
        if trigger.personal:
            return arrival.destination.host.endswith(PERSONAL_HOSTS[1:])
        return str(arrival.destination) == trigger.destination


def pattern(trigger: Trigger) -> str:
    """The destinations of a trigger, for `World.behave`."""
    return PERSONAL_HOSTS if trigger.personal else trigger.destination


def scenes(site: Site, triggers: Iterable[Trigger]) -> Iterator[Scene]:
    """Play each cause; those whose people cannot be had are passed over."""
    stage = Stage(site)
    for cause in causes(site, triggers):
        with suppress(Unavailable), Scene(stage, cause) as scene:
            yield scene


__all__ = ["Cause", "Scene", "causes", "listen", "pattern", "scenes"]
