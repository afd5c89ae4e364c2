"""The desk: what an operator sees of the outbox and does with it; by `techlead outbox` and by the admin API alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import maxsize
from typing import Any, Final

import msgspec

from techlead.deliver import breaker as breakers
from techlead.deliver import desk_statements, sql_statements
from techlead.deliver.breaker import Phase
from techlead.deliver.given import Many
from techlead.deliver.lane import Lane, admit, rate_of, resume
from techlead.deliver.limits import LimitsBook
from techlead.deliver.port import Aftermath, Dead, Fault, Kind
from techlead.deliver.sql_outbox import read_row
from techlead.derive.statements import Statements
from techlead.errors import WorldError
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, Clock, to_datetime
from techlead.store.port import Store, Transaction

REPLAY_AT_ONCE: Final = 500
LISTED_MAX: Final = 500
ONE: Final = Many(at_once=False)
FIRST_ID: Final = bytes(16)
KIND: Final = desk_statements.MESSAGE.index("kind")
LAST_ID: Final = b"\xff" * 16
_read = msgspec.json.Decoder(Lane).decode
Progress = Callable[[int], None]
"""Told how many messages have been done so far."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination: what waits for it, how it is, and why."""

    destination: str
    waiting: int
    next_try: str | None
    dead: int
    expired: int
    phase: str
    why: str
    calls: int
    failed: int
    rate_per_second: float
    held: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a message."""

    number: int
    at: str
    seconds: float | None
    outcome: str
    fault: str
    detail: str
    probe: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One message, without its address and its words."""

    delivery: str
    notification: str
    kind: str
    destination: str
    state: str
    reason: str
    tries: int
    created_at: str
    expires_at: str | None
    next_try: str | None
    history: tuple[Attempt, ...] = ()


class Desk:
    """Looks into the outbox of one backend, and steers it."""

    def __init__(
        self,
        store: Store,
        statements: Statements,
        clock: Clock,
        book: LimitsBook,
        changed: Callable[[str, Mapping[str, Any]], None] = lambda _what, _values: None,
        called: Aftermath | None = None,
    ) -> None:
        """Work on this store; `changed` is told what was done, for the log; `called` runs when a call has been dropped."""
        self._store = store
        self._clock = clock
        self._book = book
        self._changed = changed
        self._called = called
        of = desk_statements
        builds: dict[str, Callable[[Any], Any]] = {
            "queues": of.queues, "failures": of.failures, "lanes": of.lanes, "message": of.message,
            "attempts": of.attempts, "ended": of.ended, "replayable": of.replayable, "replay": of.replay,
            "drop": of.drop, "call": of.call, "hold": of.hold, "forget gone": of.forget_gone,
            "lane": lambda tables: sql_statements.lane(tables, ONE.given("lane")), "new lane": sql_statements.new_lane,
            "keep lane": lambda tables: sql_statements.keep_lane(tables, ONE.given("keep lane")),
        }  # fmt: skip
        self._made = {key: statements.made(f"desk: {key}", build) for key, build in builds.items()}

    async def destinations(self) -> list[Destination]:
        """List every destination of which anything is known or for which anything waits."""
        now = self._clock()
        queues = {name: (count, at) for name, count, at in await self._look("queues")}
        failures = {(name, state): count for name, state, count in await self._look("failures")}
        known = {name: (_read(state), held) for name, state, held in await self._look("lanes")}
        names = sorted({*queues, *known, *(name for name, _ in failures)})
        return [
            self._shown(name, queues.get(name, (0, None)), failures, *known.get(name, (Lane(), None)), now)
            for name in names
        ]

    async def message(self, delivery: bytes) -> Shown | None:
        """Show one message with its history."""
        rows = await self._look("message", id=delivery)
        return _message(rows[0], await self._look("attempts", id=delivery)) if rows else None

    async def listed(self, state: str, destination: str, before: bytes, limit: int) -> list[Shown]:
        """List messages of one state with their histories, the newest first; an empty destination means all."""
        limit = min(limit, LISTED_MAX)
        rows = await self._look("ended", state=state, lane=destination, before=before, limit=limit)
        return [_message(row, await self._look("attempts", id=row[0])) for row in rows]

    async def replay(self, destination: str = "", progress: Progress = lambda _done: None) -> int:
        """Let all that ended undelivered begin anew, in one destination or in all; give how many."""
        after, done = FIRST_ID, 0
        while rows := await self._look("replayable", lane=destination, after=after, limit=REPLAY_AT_ONCE):
            done += await self._replay(rows)
            after = rows[-1][0]
            progress(done)
        self._changed("outbox_replayed", {"destination": destination, "count": done})
        return done

    async def replay_some(self, destination: str, most: int) -> tuple[int, bool]:
        """Let so many of them begin anew at most; give how many did, and whether some may be left."""
        done, looked = 0, 0
        after = FIRST_ID
        while looked < most:
            limit = min(REPLAY_AT_ONCE, most - looked)
            rows = await self._look("replayable", lane=destination, after=after, limit=limit)
            if not rows:
                break
            done += await self._replay(rows)
            looked += len(rows)
            after = rows[-1][0]
        self._changed("outbox_replayed", {"destination": destination, "count": done})
        return done, looked >= most

    async def replay_these(self, deliveries: Sequence[bytes]) -> int:
        """Let these messages begin anew; give how many did."""
        rows = [row for one in deliveries for row in await self._look("message", id=one)]
        done = await self._replay([(row[0], row[3], row[4], row[2], row[5]) for row in rows])
        self._changed("outbox_replayed", {"count": done})
        return done

    async def drop_these(self, deliveries: Iterable[bytes]) -> int:
        """End these messages, unless they are being tried just now; give how many were.

        Of a call that waited its action is told, as after a last try; one that fails keeps nothing from being dropped.
        """
        calls: list[bytes] = []
        others: list[bytes] = []
        for one in deliveries:
            (calls if self._called and await self._is_call(one) else others).append(one)
        done = await self._each("drop", [{"message": one, "now": self._clock()} for one in others])
        for one in calls:
            done += await self._drop_call(one)
        self._changed("outbox_dropped", {"count": done})
        return done

    async def drop_dead(self, destination: str, progress: Progress = lambda _done: None) -> int:
        """End all that ended undelivered in a destination, codes as well; what waits there stays. Give how many."""
        return (await self.drop_some(destination, maxsize, progress))[0]

    async def drop_some(self, destination: str, most: int, progress: Progress = lambda _done: None) -> tuple[int, bool]:
        """End so many of those at most; give how many ended, and whether some may be left."""
        done, looked = 0, 0
        for state in desk_statements.REPLAYABLE:
            before = LAST_ID
            while limit := min(REPLAY_AT_ONCE, most - looked):
                rows = await self._look("ended", state=state, lane=destination, before=before, limit=limit)
                if not rows:
                    break
                done += await self._each("drop", [{"message": row[0], "now": self._clock()} for row in rows])
                looked += len(rows)
                before = rows[-1][0]
                progress(done)
        self._changed("outbox_dropped", {"destination": destination, "count": done})
        return done, looked >= most

    async def _is_call(self, message: bytes) -> bool:
        rows = await self._look("message", id=message)
        return bool(rows) and rows[0][KIND] == Kind.CALL.value

    async def _drop_call(self, message: bytes) -> int:
        """Drop one call, and tell its action in the same transaction; without it where the action fails."""
        told, dropping = self._called, {"message": message, "now": self._clock()}

        async def work(tx: Transaction) -> int:
            waits = await self._run(tx, "call", id=message)
            dropped = len(await self._run(tx, "drop", **dropping))
            if dropped and waits and told:
                await told(tx, read_row(waits[0]).waiting, Dead(Fault.WITHDRAWN, "dropped"))
            return dropped

        try:
            return await self._store.write(work)
        except WorldError:
            raise
        except Exception as error:  # noqa: BLE001 - the action's own mistake
            failed = {"delivery": ids.encode("delivery", message), "error": type(error).__name__}
            self._changed("aftermath_failed", failed)
            return await self._each("drop", [dropping])

    async def pause(self, destination: str) -> bool:
        """Let nothing go to a destination until it is resumed; what is under way ends. Tell whether anything went there."""
        known = await self._steer(destination, held=True)
        self._changed("outbox_paused", {"destination": destination})
        return known

    async def resume(self, destination: str) -> None:
        """Let things go to a destination again, whatever stands against it: breaker, pause, addresses that were gone."""
        await self._steer(destination, held=False)
        self._changed("outbox_resumed", {"destination": destination})

    async def _steer(self, name: str, *, held: bool) -> bool:
        now = self._clock()
        fresh = {"name": name, "state": _written(Lane()), "phase": Phase.CLOSED.value, "changed_at": now}

        async def work(tx: Transaction) -> bool:
            known = bool(await self._run(tx, "lane", name=name))
            await self._run(tx, "new lane", **fresh)
            [(_, state, *_)] = await self._run(tx, "lane", name=name)
            await self._run(tx, "hold", lane=name, held=now if held else None)
            if not held:
                lane = resume(_read(state), now)
                values = {"lane": name, "state": _written(lane), "phase": lane.breaker.phase.value}
                await self._run(tx, "keep lane", **values, changed_at=now)
                await self._run(tx, "forget gone", lane=name)
            return known

        return await self._store.write(work)

    async def _replay(self, rows: Sequence[Sequence[Any]]) -> int:
        now = self._clock()
        values = []
        for key, kind, channel, notification, lane in rows:
            live = self._book.of(Kind(kind), channel, notification, lane).live_seconds_max
            values.append({"message": key, "now": now, "expires": now + round(live * SECOND_US)})
        return await self._each("replay", values)

    async def _each(self, key: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each of these in one transaction; give how many rows it changed."""

        async def work(tx: Transaction) -> int:
            return sum([len(await self._run(tx, key, **row)) for row in rows])

        return await self._store.write(work) if rows else 0

    async def _look(self, key: str, **values: Any) -> list[tuple[Any, ...]]:
        statement = self._made[key]
        return await self._store.read(statement.sql, statement.values(values))

    async def _run(self, tx: Transaction, key: str, **values: Any) -> list[tuple[Any, ...]]:
        statement = self._made[key]
        return await tx.run(statement.sql, statement.values(values))

    def _shown(
        self,
        name: str,
        queue: tuple[int, int | None],
        failures: Mapping[tuple[str, str], int],
        lane: Lane,
        held: int | None,
        now: int,
    ) -> Destination:
        limits = self._book.of_lane(name.partition(":")[0], name)
        admission = admit(lane, now, limits, limits.slots_of_destination_max)
        seen = breakers.counts(lane.breaker, now, limits)
        shut = held is not None or not admission.tries
        why = "paused by an operator" if held is not None else admission.reason
        next_at = queue[1] if queue[1] is None or not shut else max(queue[1], admission.until)
        return Destination(
            name,
            queue[0],
            None if held is not None else _at(next_at),
            failures.get((name, "dead"), 0),
            failures.get((name, "expired"), 0),
            admission.lane.breaker.phase.value,
            why,
            seen.calls,
            seen.failed,
            round(rate_of(lane, now, limits), 3),
            held is not None,
        )


def delivery_id(text: str) -> bytes:
    """Read the id of a delivery as it is shown; ValueError says what it must be."""
    return ids.decode("delivery", text)


def _written(lane: Lane) -> str:
    return msgspec.json.encode(lane).decode()


def _message(row: Sequence[Any], attempts: Sequence[Sequence[Any]]) -> Shown:
    key, _account, notification, kind, _channel, lane, state, reason, tries, created, expires, next_at, _ended = row
    history = tuple(_attempt(one) for one in attempts)
    return Shown(
        ids.encode("delivery", key), notification, kind, lane, state, reason, tries, _at(created) or "",
        _at(expires), _at(next_at), history,
    )  # fmt: skip


def _attempt(row: Sequence[Any]) -> Attempt:
    number, started, ended, outcome, fault, detail, probe = row
    seconds = None if ended is None else round((ended - started) / SECOND_US, 3)
    return Attempt(number, _at(started) or "", seconds, outcome or "in doubt", fault, detail, bool(probe))


def _at(moment: int | None) -> str | None:
    return None if moment is None else to_datetime(moment).isoformat(timespec="seconds")
