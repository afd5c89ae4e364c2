"""The outbox in the application's own database: a message is there if and only if its change is.

All that is known of a destination is read, decided upon and written back in the transaction that claims: so a restart
forgets nothing, and several processes that turn the same lane obey one breaker, one rate and one retry budget.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from os import urandom
from typing import Any, Final, TypeVar

import msgspec

from techlead.deliver import sql_statements as statements_of
from techlead.deliver.breaker import Phase
from techlead.deliver.given import Given, Many
from techlead.deliver.lane import FAR_US, Lane, admit, mends
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Ask, Claimed, Ended, Finished, LaneDue, Moved, Released, Turn
from techlead.deliver.port import Aftermath, Dead, Delivered, Fault, Kind, Paused, Waiting
from techlead.deliver.step import LIFE, Happening, State, Step
from techlead.deliver.turn import Chance, Row, change_of, choose, learn, limits_of
from techlead.derive.statements import Statement, Statements
from techlead.errors import WorldError
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, Clock
from techlead.store.port import Store, Transaction

T = TypeVar("T")
Known = tuple[Lane, bool, bool]
"""A lane as it was read: what is known, whether an operator holds it, whether any address of it is gone."""
NOTED: Final = {State.WAITING: "again", State.DELIVERED: "ended"}
"""By which statement it is noted how a try ended; any other end counts only for the claim that holds the message."""
CLAIM_BYTES: Final = 12
BUSY_US: Final = 50_000
"""When a lane is looked at again whose due messages another transaction holds."""
DISABLED: Final = Step(LIFE[State.WAITING, Happening.REFUSED], 0, burned=False, reason="disabled")
DETAIL_CHARACTERS_MAX: Final = 200
REASON_CHARACTERS_MAX: Final = 80
GONE_SUBJECT: Final = "Messages to one of your addresses have stopped"
GONE_TEXT: Final = "It answered that nobody is there any more, so nothing is sent there. Set a new address to go on."
_write = msgspec.json.encode
_read = msgspec.json.Decoder(Lane).decode


class AftermathFailed(Exception):
    """The action that a call's answer should run went wrong; the call itself is noted without it."""

    def __init__(self, message: bytes, cause: Exception) -> None:
        """Name the message."""
        super().__init__()
        self.message = message
        self.cause = cause


@dataclass(slots=True)
class Done:
    """What one transaction has done so far; begun anew when it runs again."""

    claimed: list[Claimed] = field(default_factory=list)
    closed: list[tuple[str, int, str]] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Rows to be written, by statement: of all lanes together, for each statement costs a round trip."""

    def note(self, key: str, row: dict[str, Any]) -> None:
        """Gather a row to be written."""
        self.notes.setdefault(key, []).append(row)

    def turn(self) -> Turn:
        """Give it as it is told to the dispatcher."""
        return Turn(tuple(self.claimed), tuple(self.closed), tuple(self.changes), tuple(self.ended))


class SqlOutbox:
    """Messages that wait in SQLite or PostgreSQL."""

    def __init__(
        self,
        store: Store,
        statements: Statements,
        clock: Clock,
        book: LimitsBook,
        *,
        aftermath: Mapping[Kind, Aftermath] | None = None,
        failed: Callable[[bytes, Exception], None] = lambda _message, _error: None,
        chance: Chance = random.random,
        random_bytes: Callable[[int], bytes] = urandom,
    ) -> None:
        """Use this store; `aftermath` runs when a message of its kind has ended, `failed` is told when that fails."""
        self._store = store
        self._statements = Prepared(statements)
        self._clock = clock
        self._book = book
        self._aftermath = aftermath or {}
        self._failed = failed
        self._without: set[bytes] = set()
        self._chance = chance
        self._random = random_bytes

    async def lanes(self) -> Sequence[LaneDue]:
        """Give every lane in which messages wait."""
        made = self._statements
        fresh: dict[str, int] = dict(await self._store.read(*made("lanes fresh", {})))
        tried: dict[str, int] = dict(await self._store.read(*made("lanes tried", {})))
        return [LaneDue(name, fresh.get(name), tried.get(name)) for name in sorted({*fresh, *tried})]

    async def turn(self, finished: Sequence[Finished], asks: Sequence[Ask]) -> Turn:
        """Note what ended and claim what may start."""
        by_lane = {name: list(group) for name, group in groupby(sorted(finished, key=_lane), key=_lane)}
        asked = {ask.lane.name: ask for ask in sorted(asks, key=lambda ask: ask.lane.name)}
        names = sorted({*by_lane, *asked})  # always in the same order, or two processes would wait for each other
        if not names:
            return Turn()

        async def work(tx: Transaction) -> Turn:
            done = Done()
            left = self._book.process.claim_messages_max
            known = await self._known(tx, names)
            lanes = {}
            for name, (lane, _, _) in known.items():  # what ended is noted before anything is looked for
                lanes[name] = await self._learn(tx, name, lane, by_lane.get(name, ()), self._clock(), done)
                lanes[name] = await self._mended(tx, name, lanes[name])
            await self._note(tx, done)
            for name, ask in asked.items():
                lanes[name], count = await self._asked(tx, lanes[name], known[name], ask, left, done)
                left -= count
            await self._note(tx, done)
            await self._keep(tx, {name: lane for name, (lane, _, _) in known.items()}, lanes, done)
            return done.turn()

        return await self._written(work)

    async def sweep(self) -> Sequence[Ended]:
        """End messages whose time to live is over."""

        async def work(tx: Transaction) -> list[Ended]:
            now, done = self._clock(), Done()
            limit = self._book.process.sweep_messages_max
            rows = await tx.run(*self._statements("expired", {"now": now, "limit": limit}))
            steps = [
                (read_row(row), row[-1], Step(State.EXPIRED, 0, burned=False, reason="time to live")) for row in rows
            ]
            await self._end(tx, steps, now, done)
            return done.ended

        return await self._written(work)

    async def is_gone(self, channel: str, destination: str) -> bool:
        """Tell whether an address answered once that nobody is there any more."""
        values = {"hash": destination_hash(channel, destination)}
        return bool(await self._store.read(*self._statements("is gone", values)))

    async def _written(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        while True:
            spared = set(self._without)
            try:
                made = await self._store.write(work)
            except AftermathFailed as failure:
                self._without.add(failure.message)
                self._failed(failure.message, failure.cause)
            else:
                self._without -= spared  # their calls have ended with this
                return made

    async def _asked(
        self, tx: Transaction, lane: Lane, known: Known, ask: Ask, left: int, done: Done
    ) -> tuple[Lane, int]:
        """Claim in a lane what its policy admits, unless an operator holds it."""
        now, (_, held, some_gone) = self._clock(), known
        if held:
            done.closed.append((ask.lane.name, now + FAR_US, "paused by an operator"))
        elif left > 0:
            return await self._claim(tx, lane, ask, min(ask.room, left), now, done, some_gone=some_gone)
        return lane, 0

    async def _keep(self, tx: Transaction, before: Mapping[str, Lane], after: Mapping[str, Lane], done: Done) -> None:
        """Keep what was learnt of the destinations."""
        now, rows = self._clock(), []
        for name, lane in after.items():
            if lane != before[name]:
                rows.append(
                    {"lane": name, "state": _write(lane).decode(), "phase": lane.breaker.phase.value, "changed_at": now}
                )
                change = change_of(name, before[name], lane, now)
                done.changes += [change] if change else []
        await self._many(tx, "keep lane", rows)

    async def _note(self, tx: Transaction, done: Done) -> None:
        """Write down what the lanes have gathered, of all of them together."""
        for key, rows in done.notes.items():
            await self._many(tx, key, rows)
        done.notes.clear()

    async def _known(self, tx: Transaction, names: Sequence[str]) -> dict[str, Known]:
        """Read what is known of these destinations, and hold it; one that is new begins now."""
        known = await self._read_lanes(tx, names)
        if fresh := [name for name in names if name not in known]:
            new = {"state": _write(Lane()).decode(), "phase": Lane().breaker.phase.value, "changed_at": self._clock()}
            for name in fresh:
                await tx.run(*self._statements("new lane", {"name": name, **new}))
            known |= await self._read_lanes(tx, fresh)
        return known

    async def _read_lanes(self, tx: Transaction, names: Sequence[str]) -> dict[str, Known]:
        given = self._statements.many.rows(self._statements.made("lane"), [{"name": name} for name in names])
        rows = [row for values in given for row in await tx.run(self._statements.made("lane").sql, values)]
        return {name: (_read(state), held_at is not None, bool(gone)) for name, state, held_at, gone in rows}

    async def _learn(
        self, tx: Transaction, name: str, lane: Lane, finished: Sequence[Finished], now: int, done: Done
    ) -> Lane:
        for one in finished:
            limits = limits_of(self._book, one.claimed.waiting, name)
            lane, step = learn(lane, one, limits, now, self._chance)
            values = _after(one, step, name, now)
            done.note(NOTED.get(step.state, "ended held"), values)
            done.note("attempted", _attempted(one, step, now))
            if step.state is not State.WAITING:
                await self._follow(tx, one, step, now, done)
        return lane

    async def _mended(self, tx: Transaction, name: str, lane: Lane) -> Lane:
        """Let what waits for the sake of a destination go at once when that takes again what it is sent."""
        now = self._clock()
        if not mends(lane, now, self._book.of_lane(name.partition(":")[0], name)):
            return lane
        values = {"lane": name, "now": now, "limit": self._book.process.sweep_messages_max}
        await tx.run(*self._statements("hasten", values))
        return replace(lane, ailing=False)

    async def _claim(
        self, tx: Transaction, lane: Lane, ask: Ask, room: int, now: int, done: Done, *, some_gone: bool
    ) -> tuple[Lane, int]:
        name = ask.lane.name
        limits = self._book.of_lane(name.partition(":")[0], name)
        admission = admit(lane, now, limits, room)
        if admission.lane.breaker.phase is Phase.DISABLED:
            await self._disabled(tx, ask, now, done)
            return admission.lane, 0
        fresh = await self._due(tx, name, "fresh", admission.tries, ask.lane.fresh_at, now)
        tried = await self._due(tx, name, "tried", admission.retries, ask.lane.tried_at, now)
        chosen = choose(admission, fresh, tried, self._book, name, now)
        await self._end(tx, [(row, name, step) for row, step in chosen.ended], now, done)
        if not chosen.claimed and not chosen.ended:
            done.closed.append((name, admission.until or now + BUSY_US, admission.reason))
        claim = self._random(CLAIM_BYTES)
        lease = now + round(self._book.process.lease_seconds * SECOND_US)
        claims = [
            Claimed(row.waiting, name, row.tries + (not admission.probe), admission.probe, claim, some_gone)
            for row in chosen.claimed
        ]
        for one in claims:
            done.note("claim", _claiming(one, lease))
            done.note("attempt", _attempt(one, now))
        done.claimed += claims
        return chosen.lane, len(claims)

    async def _disabled(self, tx: Transaction, ask: Ask, now: int, done: Done) -> None:
        """End what waits for a destination that is given up; an operator can replay it."""
        name, limit = ask.lane.name, self._book.process.claim_messages_max
        rows = await self._due(tx, name, "fresh", limit, ask.lane.fresh_at, now)
        rows += await self._due(tx, name, "tried", limit, ask.lane.tried_at, now)
        await self._end(tx, [(row, name, DISABLED) for row in rows], now, done)

    async def _due(self, tx: Transaction, name: str, which: str, limit: int, since: int | None, now: int) -> list[Row]:
        if limit <= 0 or since is None or since > now:
            return []
        rows = await tx.run(*self._statements(f"due {which}", {"lane": name, "now": now, "limit": limit}))
        return [read_row(row) for row in rows]

    async def _end(self, tx: Transaction, steps: Iterable[tuple[Row, str, Step]], now: int, done: Done) -> None:
        """End messages that nobody tries any more."""
        values = []
        for row, lane, step in steps:
            values.append({"message": row.waiting.id, "state": step.state.value, "reason": step.reason, "now": now})
            await self._after(tx, row.waiting, Dead(Fault.TIMEOUT, step.reason))
            done.ended.append(Ended(row.waiting.id, lane, step.state.value, step.reason))
        await self._many(tx, "ended", values)

    async def _follow(self, tx: Transaction, one: Finished, step: Step, now: int, done: Done) -> None:
        """Do what follows when a try was the last one."""
        waiting, outcome = one.claimed.waiting, one.outcome
        if isinstance(outcome, Delivered):
            await self._after(tx, waiting, outcome)
            return
        fault = getattr(outcome, "fault", Fault.LIMITED)
        if step.state is not State.WITHDRAWN:  # nobody misses it: a wish was kept, and no operator need look
            done.ended.append(Ended(waiting.id, one.claimed.lane, step.state.value, step.reason))
        await self._after(tx, waiting, Dead(fault, getattr(outcome, "detail", "")))
        if fault is Fault.GONE and one.destination:
            await self._gone(tx, one, now)

    async def _after(self, tx: Transaction, waiting: Waiting, final: Delivered | Dead) -> None:
        then = self._aftermath.get(waiting.kind)
        if then is None or waiting.id in self._without:
            return
        try:
            await then(tx, waiting, final)
        except WorldError:
            raise
        except Exception as error:
            raise AftermathFailed(waiting.id, error) from error

    async def _gone(self, tx: Transaction, one: Finished, now: int) -> None:
        """Remember that nobody is there, and tell the owner of the address: once."""
        waiting = one.claimed.waiting
        key = destination_hash(waiting.channel, one.destination)
        values = {"destination_hash": key, "lane": one.claimed.lane, "since": now}
        if await tx.run(*self._statements("gone", values)) and waiting.account is not None:
            message = {
                "id": ids.uuid7(now // 1000, self._random),
                "account": waiting.account,
                "notification": waiting.notification,
                "channel": "inbox",
                "resource": waiting.resource,
                "row": waiting.row,
                "subject": GONE_SUBJECT,
                "text": GONE_TEXT,
                "created_at": now,
            }
            await tx.run(*self._statements("notice", message))

    async def _many(self, tx: Transaction, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            statement = self._statements.made(key)
            given = self._statements.many.rows(statement, rows)
            await (tx.run(statement.sql, given[0]) if len(given) == 1 else tx.run_many(statement.sql, given))


class Prepared:
    """The outbox's statements by name, compiled once."""

    def __init__(self, statements: Statements) -> None:
        """Compile for this Plan and database."""
        of = statements_of
        builds: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "lanes fresh": lambda tables: of.lanes(tables, tried=False),
            "lanes tried": lambda tables: of.lanes(tables, tried=True),
            "due fresh": lambda tables: of.due(tables, tried=False),
            "due tried": lambda tables: of.due(tables, tried=True),
            "expired": of.expired, "hasten": of.hasten, "new lane": of.new_lane,
            "gone": of.gone, "is gone": of.is_gone, "notice": of.notice,
        }  # fmt: skip
        self.many = Many(at_once=statements.dialect == "postgresql")
        many: dict[str, Callable[[Mapping[str, Any], Given], Any]] = {
            "lane": of.lane, "ended": of.ended, "ended held": of.ended, "again": of.again, "claim": of.claim,
            "attempt": of.attempt,
            "attempted": of.attempted, "keep lane": of.keep_lane,
        }  # fmt: skip
        builds |= {key: self._of_many(key, build) for key, build in many.items()}
        self._made = {key: statements.made(f"outbox: {key}", build) for key, build in builds.items()}

    def _of_many(
        self, key: str, build: Callable[[Mapping[str, Any], Given], Any]
    ) -> Callable[[Mapping[str, Any]], Any]:
        return lambda tables: build(tables, self.many.given(key))

    def made(self, key: str) -> Statement:
        """Give a statement."""
        return self._made[key]

    def __call__(self, key: str, values: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        """Give a statement's text and its values in their order."""
        statement = self._made[key]
        return statement.sql, statement.values(values)


def destination_hash(channel: str, destination: str) -> bytes:
    """Hash an address with its channel: the table of those where nobody is any more shows none of them."""
    return hashlib.sha256(b"%b\0%b" % (channel.encode(), destination.encode())).digest()


def _lane(one: Finished) -> str:
    return one.claimed.lane


def read_row(row: Sequence[Any]) -> Row:
    """Read a message as `sql_statements.ROW` lays it out; what follows its columns is left."""
    (
        message, kind, channel, account, notification, resource, about, destination, subject, text, data,
        created_at, expires_at, tries, attempts, next_at, *_,
    ) = row  # fmt: skip
    waiting = Waiting(
        message, Kind(kind), channel, account, notification, resource, about, destination, subject, text,
        msgspec.json.decode(data) if data else {}, created_at, expires_at, attempts + 1,
    )  # fmt: skip
    return Row(waiting, tries, attempts, next_at)


def _claiming(one: Claimed, lease: int) -> dict[str, Any]:
    waiting = one.waiting
    return {
        "message": waiting.id, "claim": one.claim, "lease": lease, "tries": one.tries, "attempts": waiting.number,
    }  # fmt: skip


def _attempt(one: Claimed, now: int) -> dict[str, Any]:
    return {"message": one.waiting.id, "number": one.waiting.number, "started_at": now, "probe": one.probe}


def _after(one: Finished, step: Step, lane: str, now: int) -> dict[str, Any]:
    claimed, outcome = one.claimed, one.outcome
    tries = claimed.tries if step.burned or claimed.probe else claimed.tries - 1
    return {
        "message": claimed.waiting.id,
        "claimed": claimed.claim,
        "state": step.state.value,
        "at": step.at,
        "tries": tries + (claimed.probe and step.burned),
        "lane": outcome.lane if isinstance(outcome, Moved) else lane,
        "reason": step.reason[:REASON_CHARACTERS_MAX],
        "now": now,
    }


def _attempted(one: Finished, step: Step, now: int) -> dict[str, Any]:
    outcome = one.outcome
    detail = step.reason if isinstance(outcome, Moved | Released) else outcome.detail
    fault = Fault.LIMITED if isinstance(outcome, Paused) else getattr(outcome, "fault", None)
    said = step.state.value if step.state is State.WITHDRAWN else type(outcome).__name__.lower()
    return {
        "of": one.claimed.waiting.id,
        "which": one.claimed.waiting.number,
        "ended_at": now,
        "outcome": said,
        "fault": fault.value if fault else "",
        "detail": detail[:DETAIL_CHARACTERS_MAX],
    }
