"""What every operation shares: the plan, the store, the clock, the log, and the one way in which anything is changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from techlead.declare.access import Nobody, Policy
from techlead.deliver.limits import DEFAULT_LIMITS, LimitsBook
from techlead.derive.access import ActorClass, residual
from techlead.derive.plan import Plan, ResourcePlan
from techlead.derive.statements import Statements
from techlead.derive.views import View, view
from techlead.errors import NotAllowed, NotSignedIn, RequestInFlight
from techlead.primitives.clock import Clock
from techlead.primitives.secret import SecretText
from techlead.serve.actor import Actor, Authenticator
from techlead.serve.answer import Answer, Stream
from techlead.serve.change.unit import Unit
from techlead.serve.doors import Doors, doors_from
from techlead.serve.events import EventLog
from techlead.serve.idempotency import Work, fingerprint_of, key_of, once
from techlead.serve.keys import Keys
from techlead.serve.request import Request
from techlead.serve.settings import Settings
from techlead.serve.streams import Streams
from techlead.store.port import Store, Transaction

Handler = Callable[[Request], Awaitable[Answer | Stream]]


@dataclass(slots=True)
class Runtime:
    """A running backend; `told` is called with the accounts that have new messages after each commit."""

    plan: Plan
    store: Store
    statements: Statements
    settings: Settings
    clock: Clock
    random: Callable[[int], bytes]
    log: EventLog
    authenticator: Authenticator
    streams: Streams
    told: Callable[[set[bytes]], None] = lambda _accounts: None
    limits: LimitsBook = DEFAULT_LIMITS
    """Those of delivery."""
    keys: Keys = field(default_factory=Keys)
    """Derived from our own secret."""
    secrets: Mapping[str, SecretText] = field(default_factory=dict)
    """Those of other systems, by the variable that holds each."""
    mail_url: SecretText | None = None
    """Where mail is handed in."""
    doors: Doors = field(default_factory=lambda: doors_from(Settings()))
    """The ways to the network."""
    draining: bool = False
    """Whether stopping has begun: what is under way is finished, nothing new should come."""
    _in_flight: set[bytes] = field(default_factory=set)
    _closed: dict[tuple[int, ActorClass], bool] = field(default_factory=dict)
    """Which policies are closed to which actors; a policy of the Plan lives as long as the runtime, so its id is a key."""
    _views: dict[tuple[str, ActorClass], View] = field(default_factory=dict)

    def view(self, resource: ResourcePlan, actor: ActorClass) -> View:
        """Give what a class of actors sees of a resource, worked out once."""
        key = (resource.name, actor)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = view(self.statements, resource, actor)
        return found

    def is_closed(self, policy: Policy, kind: ActorClass) -> bool:
        """Tell whether a policy of the Plan refuses a class of actors whatever the row."""
        key = (id(policy), kind)
        closed = self._closed.get(key)
        if closed is None:
            closed = self._closed[key] = isinstance(residual(policy, kind), Nobody)
        return closed

    async def actor(self, request: Request, policy: Policy) -> Actor:
        """Authenticate, and refuse whom the operation is closed to whatever the row: NotSignedIn or NotAllowed."""
        actor = await self.authenticator.actor(request.headers)
        request.actor = actor.account
        if self.is_closed(policy, actor.kind):
            if actor.account is None:
                raise NotSignedIn
            self.log.event("authz_fail", request=request.id, method=request.method)
            raise NotAllowed
        return actor

    async def presumed_actor(self, request: Request, policy: Policy) -> Actor:
        """Give who asks from memory, for an operation that ends in `change`, which looks in its transaction whether that holds.

        What is not remembered, or would be refused, is looked up as `actor` does it.
        """
        actor = self.authenticator.remembered(request.headers.get(b"authorization"))
        if actor is None or self.is_closed(policy, actor.kind):
            return await self.actor(request, policy)
        request.actor, request.presumed = actor.account, True
        return actor

    async def change(self, request: Request, actor: Actor, operation: str, work: Work) -> Answer:
        """Do unsafe work in one transaction, once per `Idempotency-Key`."""
        key = key_of(request, actor)
        if key is None:
            return await self._transaction(request, actor, operation, work)
        if key in self._in_flight:
            raise RequestInFlight
        self._in_flight.add(key)
        fingerprint = fingerprint_of(request)
        keep = self.settings.idempotency_seconds
        try:
            return await self._transaction(
                request, actor, operation, lambda unit: once(unit, key, fingerprint, keep, work)
            )
        finally:
            self._in_flight.discard(key)

    async def _transaction(self, request: Request, actor: Actor, operation: str, work: Work) -> Answer:
        told: set[bytes] = set()

        async def transaction(tx: Transaction) -> Answer:
            if actor.session:
                request.presumed = True
                await self.authenticator.confirm(tx, actor)
                request.presumed = False
            unit = Unit(tx, self.statements, actor, self.clock(), self.random, operation, request.id, self.limits)
            answer = await work(unit)
            told.clear()
            told.update(unit.told)
            return answer

        answer = await self.store.write(transaction)
        if told:
            self.told(told)
        return answer
