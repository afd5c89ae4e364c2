"""The desk: an operator sees what waits and why, and replays, drops, pauses and resumes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dispatching import until
from engines import HOOK, Engine, opened

from techlead.deliver.desk import LAST_ID, Desk, delivery_id
from techlead.deliver.outbox import Ask
from techlead.deliver.port import Dead, Delivered, Fault, Kind, Retry
from techlead.primitives import ids
from techlead.primitives.clock import system_clock

LANE = "webhook:hooks.example"


@pytest.fixture(params=["sqlite", "postgresql"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    async with opened(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def told() -> list[tuple[str, dict[str, object]]]:
    return []


@pytest.fixture
def desk(engine: Engine, told: list[tuple[str, dict[str, object]]]) -> Desk:
    assert engine.store is not None
    return Desk(
        engine.store,
        engine.statements,
        system_clock,
        engine.book,
        lambda what, values: told.append((what, dict(values))),
    )


async def failed(engine: Engine, count: int = 1, **changed: object) -> list[bytes]:
    """Let messages be refused for good."""
    engine.receiver.behaviour = lambda _one: Dead(Fault.REFUSED, "400")
    put = await engine.put(count, **changed)
    async with engine.running():
        await until(engine.ended)
    engine.receiver.behaviour = lambda _one: Delivered()
    return put


async def test_an_operator_sees_what_waits_and_why(engine: Engine, desk: Desk) -> None:
    await engine.put(20)
    engine.receiver.behaviour = lambda _one: Retry(Fault.SERVER, "503")

    async def is_open() -> bool:
        return bool(engine.told.changes)

    async with engine.running():
        await until(is_open)
    [shown] = await desk.destinations()
    assert (shown.destination, shown.waiting, shown.phase, shown.dead) == (LANE, 20, "open", 0)
    assert shown.why == "breaker open"
    assert shown.next_try is not None
    assert shown.failed == shown.calls >= 5


async def test_a_dead_letter_has_its_history_and_tells_no_address(engine: Engine, desk: Desk) -> None:
    [key] = await failed(engine)
    [letter] = await desk.listed("dead", LANE, LAST_ID, 10)
    assert (letter.delivery, letter.state, letter.reason) == (ids.encode("delivery", key), "dead", "refused")
    [attempt] = letter.history
    assert (attempt.number, attempt.outcome, attempt.fault, attempt.detail) == (1, "dead", "refused", "400")
    assert await desk.message(key) == letter
    assert "/in" not in repr(letter)
    assert "Hello" not in repr(letter)


async def test_what_is_replayed_is_delivered_under_its_old_id(
    engine: Engine, desk: Desk, told: list[tuple[str, dict[str, object]]]
) -> None:
    put = await failed(engine, 3)
    seen: list[int] = []
    assert await desk.replay(LANE, seen.append) == 3
    assert seen == [3]
    async with engine.running():
        await until(engine.ended)
    assert await engine.states() == dict.fromkeys(put, "delivered")
    assert told == [("outbox_replayed", {"destination": LANE, "count": 3})]


async def test_these_are_replayed_and_no_others(engine: Engine, desk: Desk) -> None:
    first, second = await failed(engine, 2)
    assert await desk.replay_these([first]) == 1
    assert await engine.states() == {first: "waiting", second: "dead"}
    assert await desk.replay_these([first]) == 0, "it waits already"


async def test_a_code_is_never_replayed_for_its_words_are_gone(engine: Engine, desk: Desk) -> None:
    [key] = await failed(engine, kind=Kind.CODE)
    assert engine.store is not None
    assert await engine.store.read("SELECT text FROM techlead_outbox") == [("",)]
    assert await desk.replay() == 0
    assert await desk.replay_these([key]) == 0


async def test_what_nobody_wants_any_more_is_no_dead_letter_and_is_not_replayed(engine: Engine, desk: Desk) -> None:
    engine.receiver.behaviour = lambda _one: Dead(Fault.WITHDRAWN, "kept for a digest")
    [key] = await engine.put()
    async with engine.running():
        await until(engine.ended)
    assert await engine.states() == {key: "withdrawn"}
    assert engine.told.ends == [], "no operator need look"
    [shown] = await desk.destinations()
    assert (shown.waiting, shown.dead, shown.expired) == (0, 0, 0)
    assert (await desk.replay(), await desk.replay_these([key]), await desk.drop_these([key])) == (0, 0, 0)
    letter = await desk.message(key)
    assert letter is not None
    assert [(one.outcome, one.detail) for one in letter.history] == [("withdrawn", "kept for a digest")]


async def test_what_is_dropped_is_not_sent_but_what_is_under_way_stays(engine: Engine, desk: Desk) -> None:
    [first] = await engine.put()
    [due] = await engine.outbox.lanes()
    await engine.outbox.turn([], [Ask(due, 1)])
    [second] = await engine.put()
    assert await desk.drop_these([first, second]) == 1
    assert await engine.states() == {first: "waiting", second: "dropped"}


async def test_what_is_dead_in_one_destination_is_dropped_and_nothing_else(engine: Engine, desk: Desk) -> None:
    first, code = await failed(engine, 1) + await failed(engine, 1, kind=Kind.CODE)
    engine.receiver.behaviour = lambda _one: Dead(Fault.REFUSED, "400")
    [elsewhere] = await engine.put(1, "https://other.example/in")
    async with engine.running():
        await until(engine.ended)
    [waits] = await engine.put()
    assert await desk.drop_some(LANE, 1) == (1, True)
    assert (await desk.drop_some(LANE, 5), await desk.drop_dead(LANE)) == ((1, False), 0)
    assert await engine.states() == {first: "dropped", code: "dropped", elsewhere: "dead", waits: "waiting"}


async def test_nothing_goes_to_a_paused_destination_until_it_is_resumed(engine: Engine, desk: Desk) -> None:
    assert not await desk.pause(LANE), "nothing ever went there"
    assert await desk.pause(LANE)
    [key] = await engine.put()
    [shown] = await desk.destinations()
    assert (shown.held, shown.why, shown.next_try) == (True, "paused by an operator", None)
    async with engine.running():
        [other] = await engine.put(1, "https://other.example/in")

        async def other_has_arrived() -> bool:
            return (await engine.states())[other] == "delivered"

        await until(other_has_arrived)
        assert (await engine.states())[key] == "waiting"
        await desk.resume(LANE)
        await until(engine.ended)
    assert await engine.states() == {key: "delivered", other: "delivered"}


async def test_a_resumed_destination_is_tried_at_once_whatever_stood_against_it(engine: Engine, desk: Desk) -> None:
    engine.receiver.behaviour = lambda _one: Dead(Fault.GONE, "410")
    [first] = await engine.put()
    async with engine.running():
        await until(engine.ended)
    engine.receiver.behaviour = lambda _one: Delivered()
    await desk.resume(LANE)
    await desk.replay_these([first])
    async with engine.running():
        await until(engine.ended)
    assert await engine.states() == {first: "delivered"}
    assert engine.receiver.sent[-1].destination == HOOK


def test_an_id_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="delivery_"):
        delivery_id("order_01h455vb4pex5vsknk084sn02q")
