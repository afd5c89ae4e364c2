"""Every engine keeps the same promises: nothing lost, nothing twice but what a crash leaves in doubt, nobody held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from dispatching import until
from engines import ENGINES, HASTY, HOOK, Engine, opened

from techlead.deliver.breaker import Phase
from techlead.deliver.limits import LimitsBook
from techlead.deliver.outbox import Ask, Finished
from techlead.deliver.port import Dead, Delivered, Fault, Outcome, Paused, Retry
from techlead.primitives.clock import SECOND_US, system_clock

OTHER = "https://other.example/in"


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    async with opened(request.param, tmp_path) as made:
        yield made


async def test_everything_is_delivered_once(engine: Engine) -> None:
    put = await engine.put(30)
    async with engine.running():
        await until(engine.ended)
    assert sorted(one.id for one in engine.receiver.sent) == sorted(put)
    assert set((await engine.states()).values()) == {"delivered"}


async def test_what_fails_is_tried_again_and_then_is_dead(engine: Engine) -> None:
    [first] = await engine.put()
    engine.receiver.behaviour = lambda _one: Retry(Fault.BUSY, "425")
    async with engine.running():
        await until(engine.ended)
    assert [(one.id, one.number) for one in engine.receiver.sent] == [(first, 1), (first, 2), (first, 3)]
    assert await engine.states() == {first: "dead"}


async def test_what_is_refused_for_good_is_dead_at_once(engine: Engine) -> None:
    [first] = await engine.put()
    engine.receiver.behaviour = lambda _one: Dead(Fault.REFUSED, "400")
    async with engine.running():
        await until(engine.ended)
    assert (len(engine.receiver.sent), await engine.states()) == (1, {first: "dead"})


async def test_what_is_too_old_is_never_sent(engine: Engine) -> None:
    [late] = await engine.put(expires_at=system_clock() - SECOND_US)
    async with engine.running():
        await until(engine.ended)
    assert (engine.receiver.sent, await engine.states()) == ([], {late: "expired"})


async def test_a_channel_that_raises_or_hangs_is_an_outcome_like_any_other(engine: Engine) -> None:
    def raises(_one: object) -> Outcome:
        raise LookupError

    engine.receiver.behaviour = raises
    [first] = await engine.put()
    async with engine.running():
        await until(engine.ended)
    assert await engine.states() == {first: "dead"}
    assert {type(error) for error in engine.told.faults} == {LookupError}


async def test_no_more_than_its_share_of_slots_is_under_way_for_one_destination(engine: Engine) -> None:
    await engine.put(30)
    engine.receiver.seconds = 0.05
    async with engine.running():
        await until(engine.ended)
    assert engine.receiver.most_under_way == 8


async def test_a_destination_that_fails_is_left_alone_and_holds_up_no_other(engine: Engine) -> None:
    await engine.put(40)
    engine.receiver.behaviour = lambda one: Retry(Fault.SERVER) if one.destination == HOOK else Delivered()

    async def is_open() -> bool:
        return any(change.after is Phase.OPEN for change in engine.told.changes)

    async with engine.running():
        await until(is_open)
        others = await engine.put(5, OTHER)

        async def others_have_arrived() -> bool:
            states = await engine.states()
            return all(states[key] == "delivered" for key in others)

        await until(others_have_arrived)
        assert sum(one.destination == HOOK for one in engine.receiver.sent) <= 12
        engine.receiver.behaviour = lambda _one: Delivered()
        await until(engine.ended)
    assert set((await engine.states()).values()) == {"delivered"}


async def test_429_pauses_the_destination_and_burns_no_try(engine: Engine) -> None:
    [first] = await engine.put(notification="once")
    asked = iter([Paused(0.01)])
    engine.receiver.behaviour = lambda _one: next(asked, Delivered())
    async with engine.running():
        began = system_clock()
        await until(engine.ended)
    assert await engine.states() == {first: "delivered"}, "though it may be tried once only"
    assert system_clock() - began >= SECOND_US, "a pause is a second at least"


async def test_a_claim_of_which_nothing_is_heard_is_tried_again_after_its_lease(engine: Engine) -> None:
    [first] = await engine.put()
    [lane] = await engine.outbox.lanes()
    [lost] = (await engine.outbox.turn([], [Ask(lane, 8)])).claimed
    async with engine.running():
        await until(engine.ended)
    assert [(one.id, one.number) for one in engine.receiver.sent] == [(first, 2)]
    assert lost.waiting.number == 1
    assert await engine.states() == {first: "delivered"}


async def test_a_claim_that_was_taken_over_has_nothing_more_to_say(engine: Engine) -> None:
    [first] = await engine.put()
    outbox = engine.outbox
    [lane] = await outbox.lanes()
    [slow] = (await outbox.turn([], [Ask(lane, 8)])).claimed
    engine.passed_us = 2 * SECOND_US  # longer than its lease
    [lane] = await outbox.lanes()
    [quick] = (await outbox.turn([], [Ask(lane, 8)])).claimed
    await outbox.turn([Finished(slow, Dead(Fault.REFUSED))], [])
    assert await engine.states() == {first: "waiting"}
    await outbox.turn([Finished(quick, Delivered())], [])
    assert await engine.states() == {first: "delivered"}


async def test_that_it_was_delivered_counts_whoever_says_so(engine: Engine) -> None:
    [first] = await engine.put()
    outbox = engine.outbox
    [lane] = await outbox.lanes()
    [slow] = (await outbox.turn([], [Ask(lane, 8)])).claimed
    engine.passed_us = 2 * SECOND_US  # longer than its lease
    [lane] = await outbox.lanes()
    [quick] = (await outbox.turn([], [Ask(lane, 8)])).claimed
    await outbox.turn([Finished(slow, Delivered())], [])
    await outbox.turn([Finished(quick, Dead(Fault.REFUSED))], [])
    assert await engine.states() == {first: "delivered"}


async def test_an_address_that_has_changed_goes_by_its_new_lane(engine: Engine) -> None:
    engine.moved = {HOOK: OTHER}
    [first] = await engine.put()
    async with engine.running():
        await until(engine.ended)
    assert [one.destination for one in engine.receiver.sent] == [OTHER]
    assert await engine.states() == {first: "delivered"}


async def test_nothing_more_goes_to_an_address_that_is_gone(engine: Engine) -> None:
    engine.receiver.behaviour = lambda _one: Dead(Fault.GONE, "410")
    await engine.put()
    async with engine.running():
        await until(engine.ended)
        await engine.put(3)
        await engine.put(1, OTHER)
        await until(engine.ended)
    assert [one.destination for one in engine.receiver.sent] == [HOOK, OTHER]
    assert set((await engine.states()).values()) == {"dead"}


async def test_what_comes_while_its_lane_is_finishing_is_found(engine: Engine) -> None:
    """The hole of a queue with one job for a lane: nobody may add a second one in the moment the first ends."""
    async with engine.running():
        for _ in range(12):
            await engine.put()
            await until(engine.ended, 5)
    assert len(engine.receiver.sent) == 12


async def test_a_restart_forgets_nothing(engine: Engine) -> None:
    if engine.kind == "memory":
        return  # ends with its process; what it decides is the same
    await engine.put(20)
    engine.receiver.behaviour = lambda _one: Retry(Fault.SERVER)
    engine.book = replace_open(engine.book)

    async def is_open() -> bool:
        return bool(engine.told.changes)

    async with engine.running():
        await until(is_open)
    tried = len(engine.receiver.sent)
    await engine.close()
    await engine.open(fresh=False)
    engine.receiver.behaviour = lambda _one: Delivered()
    async with engine.running():
        await asyncio.sleep(0.5)
    assert len(engine.receiver.sent) == tried, "the breaker is still open"


def replace_open(book: object) -> object:
    """Make the breaker stay open for as long as the test."""
    from engines import EAGER, HASTY

    from techlead.deliver.limits import LimitsBook

    longer = {**EAGER["webhook"], "breaker_open_seconds": 60, "breaker_open_seconds_max": 60}
    return LimitsBook({"webhook": longer}, HASTY)


async def test_a_stop_lets_what_is_under_way_end_and_notes_it(engine: Engine) -> None:
    put = await engine.put(5)
    engine.receiver.seconds = 0.3

    async def begun() -> bool:
        return len(engine.receiver.sent) == 5

    async with engine.running():
        await until(begun)
    assert await engine.states() == dict.fromkeys(put, "delivered")
    assert replace(engine.receiver.sent[0], number=1) == engine.receiver.sent[0]


SLOW = {
    "webhook": {
        "rate_per_second": 10_000, "wait_seconds_first": 50, "wait_factor": 1, "wait_seconds_partial_max": 50, "tries_max": 3,
        "breaker_failures_in_a_row": 1_000, "breaker_failures_margin": 1_000, "budget_retries_max": 1_000,
    }
}  # fmt: skip
"""Whatever fails waits for most of a minute, and longer than these tests; its breaker stays closed."""


async def test_what_waits_because_its_destination_failed_goes_at_once_when_it_has_mended(engine: Engine) -> None:
    engine.bind(LimitsBook(SLOW, {**HASTY, "slots_max": 200}))
    engine.receiver.behaviour = lambda _one: Retry(Fault.SERVER, "503")
    await engine.put(10)
    async with engine.running():
        await until(lambda: asyncio.sleep(0, len(engine.receiver.sent) == 10))
        engine.receiver.behaviour = lambda _one: Delivered()
        await engine.put(100)  # so many that fewer than a tenth of all have failed
        await until(engine.ended)
    assert len(engine.receiver.sent) == 120


async def test_what_waits_because_of_itself_waits_on(engine: Engine) -> None:
    engine.bind(LimitsBook(SLOW, {**HASTY, "slots_max": 200}))
    engine.receiver.behaviour = lambda _one: Retry(Fault.SERVER if len(engine.receiver.sent) <= 10 else Fault.BUSY, "")
    await engine.put(11)
    async with engine.running():
        await until(lambda: asyncio.sleep(0, len(engine.receiver.sent) == 11))
        engine.receiver.behaviour = lambda _one: Delivered()
        await engine.put(100)
        await until(lambda: asyncio.sleep(0, len(engine.receiver.sent) >= 121))
        await asyncio.sleep(0.3)
        states = list((await engine.states()).values())
    assert (states.count("delivered"), states.count("waiting")) == (110, 1)
