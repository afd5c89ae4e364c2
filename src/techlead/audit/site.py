"""`Site` of the attack contract: one running instance, with people, rows and requests by what is understood of the target."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Outcome, Sighting
from techlead.audit.finding import Spent
from techlead.audit.target.builder import Builder
from techlead.audit.target.client import Client
from techlead.audit.target.database import SqliteDatabase
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.instance import Instance
from techlead.audit.target.operation import Operation, Resource, Role
from techlead.audit.target.people import Identities
from techlead.audit.target.postgres import PostgresDatabase
from techlead.audit.target.remote import Remote
from techlead.audit.target.things import Thing
from techlead.audit.target.understanding import Understanding
from techlead.audit.target.values import Values

CONNECT_SECONDS: Final = 5.0
HEALING_SECONDS_MIN: Final = 5.0


class Budget:
    """How much is left of the whole audit: seconds and requests."""

    def __init__(self, seconds: float, requests: int) -> None:
        """Start the clock."""
        self.seconds = seconds
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.requests_max = requests
        self.requests = 0
        self.diary = Diary(self.started)

    def spend(self, count: int) -> bool:
        """Take from the requests; False when they are used up."""
        self.requests += count
        return self.requests <= self.requests_max

    def left(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()

    def hold(self, seconds: float) -> None:
        """Keep so many seconds for later."""
        self.deadline -= seconds

    def end(self) -> None:
        """Nothing more is to be spent."""
        self.deadline = self.started
        self.requests_max = 0


class Diary:
    """Writes down where the seconds of an audit go; used from several threads."""

    def __init__(self, began: float) -> None:
        """Count from there."""
        self._began = began
        self._lock = threading.Lock()
        self._stretches: list[Spent] = []

    def wrote(self, what: str, began: float, found: int = 0) -> None:
        """Add what began then (by `time.monotonic`) and ends now."""
        with self._lock:
            self._stretches.append(Spent(what, began - self._began, time.monotonic() - began, found))

    @contextlib.contextmanager
    def stretch(self, what: str) -> Iterator[None]:
        """Add what is done within."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.wrote(what, began)

    def timeline(self) -> tuple[Spent, ...]:
        """Give all of it, in the order of beginning."""
        with self._lock:
            return tuple(sorted(self._stretches, key=lambda stretch: stretch.began))


class RunningSite:
    """One instance and what an attack may do with it."""

    def __init__(
        self, instance: Instance | Remote, known: Understanding, seed: int, budget: Budget, notebook: dict[str, Any]
    ) -> None:
        """The instance has been started."""
        self._instance = instance
        self._known = known
        self._budget = budget
        self._deadline = budget.deadline
        self._allowed = budget.left(), 1.0
        self.framework = known.framework
        self.operations = known.operations
        self.resources = known.resources
        self.clock = instance.clock
        self.log = instance.log
        self.state = instance
        self.world = instance.world
        self.notebook = notebook
        self.focus: frozenset[str] = frozenset()
        self.before: tuple[Sighting, ...] = ()
        self.seed = seed
        self.values = Values(seed + 2, instance.clock.now)  # 0, 1 and 4 are those of others: see `understand.SETTLERS`
        self.people = Identities(
            known.ways,
            self.send,
            self.values,
            lambda: instance.database,
            known.settled,
            instance.clock.advance,
            self._heal,
        )
        self._healed = False
        self.builder = Builder(
            known.operations, known.resources, self.people, self.values, dict(known.recipes), self.send
        )
        self._answers: list[Answer] = []

    def learn(self, known: Understanding) -> None:
        """Begin anew with an instance that others have used: the same people, and what is known of the operations by now."""
        self._known = known
        self.operations, self.resources = known.operations, known.resources
        self.focus, self.before = frozenset(), ()
        self.builder = Builder(
            known.operations, known.resources, self.people, self.values, dict(known.recipes), self.send
        )

    def strike(self, attack: Attack) -> Iterable[Outcome]:
        """Let an attack at the target, where passwords cost what it needs them to cost."""
        self._instance.pay_for_hashing(attack.hashing)
        return attack.strike(self)

    def _heal(self) -> bool:
        """Start the target again, once: an attack before this one may have left it broken."""
        again, self._healed = not self._healed and self._budget.left() > HEALING_SECONDS_MIN, True
        if again:
            self._instance.restart()
        return again

    @property
    def database(self) -> SqliteDatabase | PostgresDatabase | None:
        """The instance's own database, where it was found."""
        return self._instance.database

    @property
    def _client(self) -> Client:
        if self._instance.client is None:
            raise ConnectionError("the target does not run")
        return self._instance.client

    @property
    def url(self) -> str:
        """Where the instance listens now, '' when it does not run."""
        client = self._instance.client
        return f"http://{client.host}:{client.port}{client.prefix}" if client else ""

    def places(self, *roles: Any, unsafe: bool | None = None) -> tuple[Operation, ...]:
        """The operations to attack, within `focus`; never what documents the target."""
        return tuple(
            operation
            for operation in self.operations
            if (not roles or operation.role in roles)
            and (unsafe is None or operation.unsafe == unsafe)
            and (not self.focus or operation.name in self.focus)
            and (operation.role is not Role.DOCUMENTS or Role.DOCUMENTS in roles)
        )

    def resource(self, name: str | None) -> Resource | None:
        """The resource by name."""
        return next((resource for resource in self.resources if resource.name == name), None)

    def role_of(self, operation: Operation) -> str:
        """The role of whoever was seen to succeed at it; '' when nobody was."""
        recipe = self._known.recipes.get(operation.name)
        return recipe.role if recipe else ""

    def request(
        self,
        operation: Operation,
        actor: Actor,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        without: Sequence[str] = (),
    ) -> Request:
        """A request that should succeed for this actor."""
        if operation.role is Role.SIGN_UP and not path:
            made = self.people.sign_up_request(**dict(body or {}))
            return (
                made.but(body={k: v for k, v in (made.body or {}).items() if k not in without}) if made.body else made
            )
        if operation.role is Role.LOG_IN and not path:
            made = self.people.log_in_request(actor)
            if made.body is not None:
                return made.but(body={k: v for k, v in {**made.body, **dict(body or {})}.items() if k not in without})
            return made
        return self.builder.request(operation, actor, path=path, query=query, body=body, without=without)

    def call(self, operation: Operation, actor: Actor, **given: Any) -> Answer:
        """Make the request and send it."""
        return self.send(self.request(operation, actor, **given))

    def send(self, request: Request, seconds: float = 10.0) -> Answer:
        """Send one request; never raises."""
        if not self._budget.spend(1):
            return Answer(request, 0, error="the audit's budget of requests is used up")
        with contextlib.suppress(ConnectionError):
            answer = self._client.send(request, seconds)
            self._answers.append(answer)
            return answer
        return Answer(request, 0, error="refused")

    def answers(self) -> tuple[Answer, ...]:
        """Every answer so far, in order: what reproducers are cut out of."""
        return tuple(self._answers)

    def together(self, requests: Sequence[Request], seconds: float = 30.0) -> tuple[Answer, ...]:
        """Send them all at once."""
        if not self._budget.spend(len(requests)):
            return tuple(Answer(request, 0, error="the audit's budget of requests is used up") for request in requests)
        answers = self._client.together(requests, seconds)
        self._answers += answers
        return answers

    def many(
        self, requests: Sequence[Request], seconds: float = 10.0, *, at_once: int | None = None
    ) -> tuple[Answer, ...]:
        """Send them as fast as the target takes them."""
        if not self._budget.spend(len(requests)):
            return tuple(Answer(request, 0, error="the audit's budget of requests is used up") for request in requests)
        answers = self._client.many(requests, seconds, at_once=at_once)
        self._answers += answers
        return answers

    def make(self, resource: str, actor: Actor, **fields: Any) -> Thing:
        """A new row of the resource that belongs to the actor."""
        return self.builder.make(resource, actor, fields)

    def connect(self) -> socket.socket:
        """A bare connected socket to the target."""
        return socket.create_connection((self._client.host, self._client.port), CONNECT_SECONDS)

    def allow(self, seconds: float, share: float = 1.0) -> None:
        """Set the deadline of the next strike: so many seconds, or a share of what is left of the budget."""
        self._allowed = seconds, share
        self.renew()

    def renew(self) -> None:
        """Begin the time of this strike anew."""
        seconds, share = self._allowed
        self._deadline = time.monotonic() + min(seconds, self._budget.left() * share)

    def left(self) -> float:
        """Real seconds until the deadline of this strike."""
        return min(self._deadline, self._budget.deadline) - time.monotonic()
