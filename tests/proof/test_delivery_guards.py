"""Each guard of delivery is taken out once, and what it guards is seen to break: eight of eight."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import engines
import pytest
from bench.outage import ours
from bench.outage.virtual_time import VirtualLoop, run_virtually
from bench.outage.world import Load, Outage, World, result
from databases import sqlite_url
from dispatching import Told
from engines import Engine, row_of, waiting_of
from sqlalchemy import bindparam, insert

from techlead.deliver import lane as lanes
from techlead.deliver import sql_statements, step, turn
from techlead.deliver.dispatcher import Dispatcher
from techlead.deliver.limits import Limits, LimitsBook
from techlead.deliver.memory_outbox import MemoryOutbox
from techlead.deliver.outbox import Ask, lane_of
from techlead.deliver.port import Delivery, Fault, Outcome, Retry, Waiting
from techlead.deliver.recheck import delivery_of
from techlead.primitives.clock import system_clock

pytestmark = [pytest.mark.proof, pytest.mark.volume]
HOST = "https://failing.example/in"
ALONE = {"breaker_failures_in_a_row": 1_000, "breaker_calls_min": 10_000}
"""One message can open no breaker: what is looked at is its own schedule."""


@dataclass
class Log:
    """When what was sent, in virtual seconds, and how everything ended."""

    starts: dict[bytes, list[float]] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)


def lived(count: int, behaviour: Callable[[Delivery], Outcome], seconds: float = 400_000) -> Log:
    """Put some messages into an outbox at once, and watch them live in virtual time."""

    async def live(loop: VirtualLoop) -> Log:
        book, log = LimitsBook({"webhook": ALONE}, ours.PROCESS), Log()
        outbox = MemoryOutbox(loop.clock, book, random.Random(1).random)
        for number in range(count):
            waiting = ours.waiting_of(loop.clock(), number, 0, HOST, book)
            outbox.put(waiting, lane_of("webhook", HOST))

        class Watched:
            async def send(self, delivery: Delivery, deadline: float) -> Outcome:
                log.starts.setdefault(delivery.id, []).append(loop.time())
                return behaviour(delivery)

        async def compose(waiting: Waiting) -> Delivery:
            return delivery_of(waiting, waiting.destination)

        task = asyncio.create_task(Dispatcher(outbox, {"webhook": Watched()}, compose, book, loop.clock, Told()).run())
        await asyncio.sleep(seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        log.states = [one.state.value for one in outbox.messages.values()]
        return log

    return run_virtually(live)


def failing(_delivery: Delivery) -> Outcome:
    return Retry(Fault.BUSY)


def the_cap() -> None:
    """No wait is longer than its cap, 6 h for a webhook."""
    [starts] = lived(1, failing).starts.values()
    assert len(starts) > 5
    assert max(later - earlier for earlier, later in pairwise(starts)) <= 6 * 3_600 + 60


def the_jitter() -> None:
    """Messages that failed together are not tried again together."""
    log = lived(20, failing, 100)
    waits = {round(starts[1] - starts[0], 1) for starts in log.starts.values() if len(starts) > 1}
    assert len(waits) > 8, waits


def the_time_to_live() -> None:
    """Nothing is sent after 72 h, and nothing waits for ever."""
    log = lived(1, lambda _one: Retry(Fault.BUSY, after_seconds=3_600), 100 * 3_600)
    assert all(start < 72 * 3_600 for starts in log.starts.values() for start in starts)
    assert log.states in (["dead"], ["expired"])


def the_breaker() -> None:
    """A destination that is down is tried 0.01 times a notification at most."""
    assert outage(Outage.DOWN, Load(200, 300, 10)).per_notification <= 0.03


def the_budget() -> None:
    """Where 40 % fail, there are 1.30 tries a notification at most."""
    assert outage(Outage.PARTIAL, Load(1_000, 120, 50)).per_notification <= 1.30


def the_bulkhead() -> None:
    """A destination that hangs holds up no other."""
    late = outage(Outage.HANGS, Load(200, 300, 10)).healthy_p99_seconds
    assert late is not None
    assert late <= 0.5


def outage(kind: Outage, load: Load) -> Any:
    world = World(load, kind)
    run_virtually(lambda loop: ours.deliver(loop, world, {}))
    return result("ours", world)


def in_engine(folder: Path, work: Callable[[Engine], Coroutine[Any, Any, None]]) -> None:
    """Do something with a fresh outbox in SQLite."""

    async def main() -> None:
        engine = Engine("sqlite", sqlite_url(folder))
        await engine.open()
        try:
            await work(engine)
        finally:
            await engine.close()

    asyncio.run(main())


def the_lease(folder: Path) -> None:
    """While one process tries a message, no other does; once it is heard of no more, another does."""

    async def work(engine: Engine) -> None:
        await engine.put()
        [due] = await engine.outbox.lanes()
        assert len((await engine.outbox.turn([], [Ask(due, 8)])).claimed) == 1
        assert (await engine.outbox.turn([], [Ask(replace(due, tried_at=due.at), 8)])).claimed == ()
        await asyncio.sleep(1.6)
        [due] = await engine.outbox.lanes()
        assert len((await engine.outbox.turn([], [Ask(due, 8)])).claimed) == 1

    in_engine(folder, work)


def the_dedupe(folder: Path) -> None:
    """Of two messages with the same key there is one."""

    async def work(engine: Engine) -> None:
        put = engine.statements.made("outbox: put", sql_statements.put)
        rows = [put.values(row_of(waiting_of(system_clock(), HOST)) | {"dedupe": b"once"}) for _ in range(2)]

        async def write(tx: Any) -> None:
            await tx.run_many(put.sql, rows)

        assert engine.store is not None
        await engine.store.write(write)
        assert len(await engine.states()) == 1

    in_engine(folder, work)


def without_cap(patch: pytest.MonkeyPatch) -> None:
    given = step.wait_seconds
    patch.setattr(
        step, "wait_seconds", lambda tries, limits, chance: given(tries, _with(limits, "wait_seconds_max"), chance)
    )


def without_jitter(patch: pytest.MonkeyPatch) -> None:
    given = step.wait_seconds
    patch.setattr(step, "wait_seconds", lambda tries, limits, _chance: given(tries, limits, 1.0))


def without_time_to_live(patch: pytest.MonkeyPatch) -> None:
    def later(happening: step.Happening, at: int, _expires_at: int, reason: str) -> step.Step:
        return step._step(happening, at, burned=False, reason=reason)

    async def sweep(_self: MemoryOutbox) -> list[Any]:
        return []

    patch.setattr(step, "_later", later)
    patch.setattr(turn, "unclaimable", lambda *_given: None)
    patch.setattr(MemoryOutbox, "sweep", sweep)


def without_breaker(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("techlead.deliver.breaker._is_too_much", lambda *_given: False)


def without_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lanes, "budget_binds", lambda *_given: False)


def without_bulkhead(patch: pytest.MonkeyPatch) -> None:
    given = LimitsBook.of_lane
    patch.setattr(LimitsBook, "of_lane", lambda *named: _with(given(*named), "slots_of_destination_max"))


def without_lease(patch: pytest.MonkeyPatch) -> None:
    given = sql_statements.claim
    claim = lambda tables, values: given(tables, values).values(next_at=values["lease"] - 10**9)  # noqa: E731 - a patch
    patch.setattr(sql_statements, "claim", claim)


def without_dedupe(patch: pytest.MonkeyPatch) -> None:
    def put(tables: Any) -> Any:
        table = tables["techlead_outbox"]
        names = [name for name in sql_statements.MESSAGE if name != "dedupe"]
        return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})

    patch.setattr(sql_statements, "put", put)


def _with(limits: Limits, name: str) -> Limits:
    return replace(limits, **{name: 10**9})  # type: ignore[arg-type]


GUARDS = {
    "cap": (the_cap, without_cap),
    "jitter": (the_jitter, without_jitter),
    "time to live": (the_time_to_live, without_time_to_live),
    "breaker": (the_breaker, without_breaker),
    "budget": (the_budget, without_budget),
    "bulkhead": (the_bulkhead, without_bulkhead),
    "lease": (the_lease, without_lease),
    "dedupe": (the_dedupe, without_dedupe),
}


def proved(guard: str, folder: Path) -> None:
    prove: Callable[..., None] = GUARDS[guard][0]
    if guard in ("lease", "dedupe"):
        prove(folder)
    else:
        prove()


@pytest.mark.parametrize("guard", GUARDS)
def test_what_the_guard_guards_holds(guard: str, tmp_path: Path) -> None:
    proved(guard, tmp_path)


@pytest.mark.parametrize("guard", GUARDS)
def test_without_the_guard_it_does_not(guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    GUARDS[guard][1](monkeypatch)
    monkeypatch.setattr(engines, "statements_of", engines.statements_of.__wrapped__)  # compiled anew, without the guard
    with pytest.raises(AssertionError):
        proved(guard, tmp_path)
