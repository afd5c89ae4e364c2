"""The contract between the audit and its attacks: what an attack says of itself, what it may use, what it yields.

An attack is a value, `Attack(...)`, with a generator `strike(site)`. The engine runs it on a fresh instance of the target
(a copy of its folder and database, started for it alone or shared with other attacks of the same `Harm`), and when it
yields sightings runs it **again on another fresh instance** with `site.focus` set to what was sighted; only what both
runs show becomes a finding. So a strike has no memory of its own, makes its own identities and rows through the site,
looks for the *effect* (log in as the victim, read the row, look at the neighbour), and never judges by a status alone.

Attack families run side by side against separate instances; a strike is plain synchronous code and may use threads.
Everything raised inside a strike becomes `not_tested` with the exception's text: there is no need to catch.

A family file ends with `ATTACKS: Final = (Attack(...), ...)`, and `attacks/__init__.py` lists the families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, Protocol

from techlead.audit.finding import Exchange, Note, Severity
from techlead.audit.finding import NotTested as NotTested  # noqa: PLC0414 - yielded by attacks
from techlead.audit.finding import Question as Question  # noqa: PLC0414 - yielded by attacks
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.exchange import Unavailable as Unavailable  # noqa: PLC0414 - attacks raise and catch it from here
from techlead.audit.target.operation import Operation, Resource
from techlead.audit.target.things import Thing as Thing  # noqa: PLC0414 - as above


class Need(StrEnum):
    """What an attack cannot do without; the value is how `not_tested` says that it is missing."""

    PEOPLE = "no way to sign up and log in was found: say how in techlead-audit.toml under [people]"
    ADMIN = "no administrator could be had: name one in techlead-audit.toml under [people.admin]"
    PROCESS = "the target was given as a URL: give module:app or --start so that it can be run in a hostile world"
    LOG = "the target was given as a URL: its log cannot be read; give module:app or --start"
    CLOCK = "the target was given as a URL: its clock cannot be moved; give module:app or --start"
    DATABASE = "the target's database was not found: it is neither a SQLite file in its folder nor PostgreSQL by URL"
    SOURCE = "the target's source is not at hand: give --app-dir"
    MESSAGES = "the target was never seen to send a message to anybody"


class Harm(IntEnum):
    """What an attack leaves behind; the worst run last, and QUIET ones run while nothing else does."""

    NONE = 0
    """Reads, or writes rows of its own only: shares an instance with others."""
    WRITES = 1
    """Fills tables, uses up throttles, moves the clock: an instance to itself."""
    BREAKS = 2
    """Crashes, hangs or starves the target: an instance to itself, last."""
    QUIET = 3
    """Measures time: an instance to itself, and no other attack runs meanwhile."""


class Compare(Enum):
    """How a reproducer knows that the hole is there, from the answer to the last of its steps."""

    STATUS = "the status is one of `values`"
    CONTAINS = "the body contains each of `values`"
    SLOWER = "it takes more than `values[0]` seconds"
    FASTER = "it takes less than `values[0]` seconds"
    TOGETHER = "of `values[0]` copies of the last step, sent at once, more than `values[1]` are done (2xx), in one of `values[2]` rounds"
    DIFFERS = "the last two steps are done (2xx), and their answers are not the same JSON"
    UNLIKE = "the last two steps are answered differently: their status, or their text beyond numbers and what was sent"
    FIELD = "the answer is JSON in which a field called `values[0]` is `values[1]`"
    GIVES = "the answer is JSON with a text at the place `values`, such as a token"
    COUNTED = "the numbers at the place `values` in the answers to the last two steps go up by one to three"
    TAKEN = "a body of `values[0]`, `values[2]` times `values[1]`, and `values[3]` is read to its end: neither 413 nor a word about its size"
    LACKS = "the status is 2xx and the body contains none of `values`"
    LOGGED = "the target's log has come to hold one of `values`, however it is spelt"
    LOGGED_AS_SENT = "the target's log has come to hold one of `values`, character by character"
    LOGGED_OF_REFUSED = "the same, after its messages were refused by whoever they go to"
    RECEIVED = "whoever it writes to or calls is sent one of `values`"
    HELD = "it takes more than `values[0]` seconds while whoever it writes to or calls says nothing"
    STORED = "a row of the target's SQLite files gives the password `values[1]` of the account `values[0]` away"
    REPLAY = "only a whole audit can show it: techlead audit --replay ID"


@dataclass(frozen=True, slots=True)
class Shows:
    """What the last step's answer looks like while the hole is there; `{alice.email}` stands for an actor's field.

    The reproducer replays the steps with people and rows of its own: what earlier answers gave (ids, tokens) and what was
    unique in earlier requests is found again in later steps and in `values`, so recorded values can stand there as they are.
    """

    compare: Compare = Compare.REPLAY
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """One hole, seen once at one place."""

    kind: str
    operation: str
    """`operation.name`, or a component such as `worker: webhook delivery`."""
    claim: str
    """One sentence for a tired person: what the backend lets happen, with the number that was seen."""
    cause: str = ""
    """Sightings of the same kind and cause become one finding with many places; '' groups by operation alone."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Exchange, ...] = ()
    """`answer.exchange` of each request that shows it, in order."""
    shows: Shows = Shows()
    severity: Severity | None = None
    """None takes the kind's own from `kinds`; give one where the consequence here is worse or milder."""


Outcome = Sighting | Question | NotTested | Note


class People(Protocol):
    """Identities at the target; each call that says "new" signs somebody up who has done nothing yet."""

    anonymous: Actor

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that can be had: ('user',), ('user', 'admin'), ('user', 'instructor', 'admin')."""
        ...

    @property
    def first(self) -> Actor:
        """An ordinary user, the same one each time; shared with other attacks on this instance."""
        ...

    @property
    def second(self) -> Actor:
        """Another ordinary user, likewise."""
        ...

    @property
    def admin(self) -> Actor | None:
        """An administrator, where one can be had."""
        ...

    def of(self, role: str, number: int = 1) -> Actor:
        """Somebody of a role, the same one each time (`first` is the first ordinary user). Raises Unavailable when refused."""
        ...

    def new(self, role: str = "user", **fields: Any) -> Actor:
        """Sign up (and log in) somebody new; `fields` set fields of the sign-up body. Raises Unavailable when refused."""
        ...

    def log_in(self, actor: Actor, password: str | None = None) -> Actor | None:
        """A new session of the same person, or None when the target refuses."""
        ...

    def sign_up_request(self, **fields: Any) -> Request:
        """The request that signs somebody new up, not sent."""
        ...

    def log_in_request(self, actor: Actor, password: str | None = None) -> Request:
        """The request that logs in, not sent."""
        ...


class Clock(Protocol):
    """The target's clock: every process of it, its sleeps, timers, waits and socket time-outs."""

    def now(self) -> float:
        """The target's time, in seconds since 1970."""
        ...

    def advance(self, seconds: float) -> None:
        """Jump: whoever sleeps until then wakes within about 20 ms of real time."""
        ...

    def walk(
        self, seconds: float, step: float = 1.0, pause: float = 0.03, until: Callable[[], bool] | None = None
    ) -> bool:
        """Jump in steps with a real pause after each, until `until()` holds (True) or the way is walked (False)."""
        ...


class Log(Protocol):
    """What the target's processes wrote: stdout, stderr and log files in its folder."""

    def mark(self) -> int:
        """A place in the log: give it to `since`."""
        ...

    def since(self, mark: int = 0) -> str:
        """Everything written after the mark."""
        ...

    def find(self, text: str, since: int = 0) -> tuple[str, ...]:
        """The lines that contain the text."""
        ...


class Database(Protocol):
    """The target's own database (this instance's copy): to look at effects, or to bring a state about as a last resort."""

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    def tables(self) -> tuple[str, ...]:
        """Names of its tables."""
        ...

    def rows(self, table: str) -> tuple[Mapping[str, Any], ...]:
        """All rows of a table (at most 10,000)."""
        ...

    def change(self, statement: str, *values: Any) -> int:
        """Run one statement (`?` stands for a value in both kinds); the number of rows changed."""
        ...


class State(Protocol):
    """Processes and folder of this instance."""

    def kill(self) -> None:
        """Kill -9 every process of the target."""
        ...

    def restart(self) -> None:
        """Start again after `kill`, or stop and start; the same data, clock and neighbours."""
        ...

    def alive(self) -> bool:
        """Whether all its processes still run."""
        ...

    def memory_bytes(self) -> int:
        """Resident memory of all its processes."""
        ...

    @property
    def folder(self) -> Path | None:
        """This instance's own copy of the target's folder."""
        ...


class Site(Protocol):
    """One fresh instance of the target and all that an attack may do with it."""

    framework: str
    """`fastapi`, `starlette`, `flask`, `django`, `unknown`."""
    operations: tuple[Operation, ...]
    """Everything found, documented or not; DOCUMENTS included."""
    resources: tuple[Resource, ...]

    @property
    def people(self) -> People:
        """Identities."""
        ...

    @property
    def clock(self) -> Clock:
        """The target's clock."""
        ...

    @property
    def log(self) -> Log:
        """What it wrote."""
        ...

    @property
    def state(self) -> State:
        """Its processes and folder."""
        ...

    @property
    def database(self) -> Database | None:
        """This instance's copy, where it was found."""
        ...

    world: Any
    """The neighbours: `audit.world.neighbours.World`."""
    notebook: dict[str, Any]
    """One dictionary for all instances of an audit (a key for each family): what was *understood* of the target and takes time
    to find out again, such as which operation sends mail; never what was sighted. Whatever is in it must still hold on a fresh instance."""
    focus: frozenset[str]
    """On the second run the operations that were sighted; empty on the first. `site.places(...)` respects it."""
    before: tuple[Sighting, ...]
    """On the second run what was sighted on the first: a hint where to look again, never a proof; empty on the first."""
    seed: int

    def places(self, *roles: Any, unsafe: bool | None = None) -> tuple[Operation, ...]:
        """The operations to attack (with one of the roles, when given), within `focus`."""
        ...

    def resource(self, name: str | None) -> Resource | None:
        """The resource by name."""
        ...

    def role_of(self, operation: Operation) -> str:
        """The role of whoever was seen to succeed at it; '' when nobody was."""
        ...

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
        """A request that should succeed for this actor: path ids and references are filled with rows made for it (by whoever may make them), the body with valid values, unique where they are texts; the mappings override. Raises Unavailable."""
        ...

    def call(self, operation: Operation, actor: Actor, **given: Any) -> Answer:
        """`send(request(...))`."""
        ...

    def send(self, request: Request, seconds: float = 10.0) -> Answer:
        """Send one request; never raises: status 0 says that nothing came back."""
        ...

    def together(self, requests: Sequence[Request], seconds: float = 30.0) -> tuple[Answer, ...]:
        """Send them all at once, each on a connection of its own, the last bytes released together."""
        ...

    def many(
        self, requests: Sequence[Request], seconds: float = 10.0, *, at_once: int | None = None
    ) -> tuple[Answer, ...]:
        """Send them as fast as the target takes them, `at_once` at a time; answers in the order of the requests (`target.client.Client`)."""
        ...

    def make(self, resource: str, actor: Actor, **fields: Any) -> Thing:
        """A new row of the resource that belongs to the actor, with what it needs made first. Raises Unavailable."""
        ...

    def connect(self) -> Any:
        """A bare connected `socket.socket` to the target, for slow or broken requests; the attack closes it."""
        ...

    def left(self) -> float:
        """Real seconds until the deadline of this strike; stop well before 0."""
        ...

    def renew(self) -> None:
        """Begin the time of this strike anew: what it did, or waited for, on behalf of all strikes is not its own."""
        ...


@dataclass(frozen=True, slots=True)
class Attack:
    """One way in; `name` is unique and starts with its family."""

    name: str
    kinds: tuple[str, ...]
    """The kinds of `audit.kinds` that it can yield."""
    claim: str
    """What it tries to show, in one sentence."""
    effect: str
    """What must be seen for it to count, in one sentence."""
    strike: Callable[[Site], Iterator[Outcome] | Iterable[Outcome]]
    needs: frozenset[Need] = frozenset()
    harm: Harm = Harm.NONE
    seconds: float = 10.0
    """The most it may take on one instance; `site.left()` counts it down."""
    hashing: bool = False
    """It judges what hashing a password costs: for others it costs next to nothing (`hashing.py` of what runs in the target)."""

    @property
    def family(self) -> str:
        """The part before the dot."""
        return self.name.partition(".")[0]
