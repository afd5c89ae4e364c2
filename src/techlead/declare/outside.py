"""Other systems: those that a backend calls after a change has committed, and those that call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from techlead.declare.effect import Call, Effect
from techlead.declare.origin import Origin
from techlead.declare.resource import Resource

WINDOW_SECONDS: Final = 300
CALL_SECONDS_MAX: Final = 15.0
CALLS_PER_SECOND: Final = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Another system with an HTTP API: what an action asks of it goes out after its change has committed."""

    base_url: str
    credentials: str | None
    """The environment variable that holds the bearer token; never the token itself."""
    idempotency_header: str
    seconds_max: float
    calls_per_second: float
    origin: Origin

    def call(self, path: str, body: Mapping[str, Any], *, about: Resource) -> Effect:
        """Ask for `POST base_url/path` with a JSON body; the action with `on=` this system gets what became of it."""
        return Call(self, path, dict(body), about)

    @property
    def name(self) -> str:
        """The name of the variable it was assigned to."""
        return named(self.origin, self)


class Signed(NamedTuple):
    """What a verifier found to be right: the id of the message, the same on every try, and when it was signed."""

    id: str
    at: datetime


Verify = Callable[[Mapping[str, str], bytes, str], Signed | None]
"""A pure function of the headers (by lower-case name), the body and the secret; None refuses."""


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A signed endpoint, `POST /incoming/{name}`: each message counts once, in whatever order they come."""

    key: str
    """The environment variable that holds the key or keys; never the key itself."""
    verify: Verify | None
    window_seconds: int
    origin: Origin

    def event(self, kind: str) -> Event:
        """Name one type of its messages: `@action(Purchase, on=payments.event("payment.succeeded"))`."""
        return Event(self, kind)

    @property
    def name(self) -> str:
        """The name of the variable it was assigned to."""
        return named(self.origin, self)


@dataclass(frozen=True, slots=True)
class Event:
    """One type of message of an incoming endpoint."""

    incoming: Incoming
    kind: str


class Sends(Protocol):
    """What a channel of a project's own must be; `techlead.deliver.port` says what it takes and gives."""

    async def send(self, delivery: Any, deadline: float) -> Any:
        """Send one delivery, and say how it ended."""


@dataclass(slots=True)
class Outside:
    """The other systems of one backend, filled while the user's modules are imported."""

    systems: list[System] = field(default_factory=list)
    incoming: list[Incoming] = field(default_factory=list)
    channels: dict[str, Sends] = field(default_factory=dict)


def named(origin: Origin, thing: object) -> str:
    """Find the name under which a module of the user's holds a declaration; empty when it has none."""
    return next((name for name, value in origin.names.items() if value is thing), "")
