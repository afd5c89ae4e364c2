"""Claim: no number of parallel requests sells a seat twice, spends a credit twice, or sells one thing to two people.

Twenty at once, 50 rounds each in the long form (35 rounds show a double spend of one round in five with 99.9 %
certainty); the invariant is read from the rows after every round.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from backends import example, running
from payments import bought

from techlead.derive.statements import Statements

pytestmark = pytest.mark.proof
ROUNDS = 50 if os.environ.get("TECHLEAD_PROOF") == "long" else 6
PARALLEL = 20
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def gym(caller, people, packs=1):
    """Sign people up, let each buy credits, and give the pack's id."""
    await caller.sign_up("manager", *people)
    await caller.grant("manager", "manager")
    pack = {"name": "Ten", "credits": 10, "price": {"amount": "90.00", "currency": "EUR"}}
    pack_id = await caller.made("/packs", pack, "manager")
    for name in people:
        for _ in range(packs):
            await bought(caller, pack_id, name)
    return pack_id


async def new_class(caller, seats):
    sent = {"title": "Yoga", "trainer": caller.ids["manager"], "starts_at": TOMORROW, "seats": seats}
    return await caller.made("/gym-classes", sent, "manager")


async def credits_add_up(caller):
    """Check the books: what was paid for less what is booked is what everybody has."""
    bought = await caller.rows("SELECT coalesce(sum(credits), 0) FROM purchase WHERE paid_at IS NOT NULL")
    booked = await caller.rows("SELECT count(*) FROM booking WHERE status = 'booked'")
    left = await caller.rows("SELECT sum(credits), min(credits) FROM person")
    return int(bought[0][0]) - int(booked[0][0]) == int(left[0][0]) and left[0][1] >= 0


async def race_for_the_last_seat(caller, rounds):
    people = [f"p{number}" for number in range(PARALLEL)]
    await gym(caller, people, packs=max(1, rounds // 8))
    violations = 0
    for _ in range(rounds):
        class_id = await new_class(caller, seats=1)
        answers = await asyncio.gather(*(caller("POST", f"/gym-classes/{class_id}/book", who=name) for name in people))
        codes = sorted(answer.status_code for answer in answers)
        assert all(code in (200, 409) for code in codes), codes
        violations += codes.count(200) != 1
    return violations


async def test_the_last_seat_goes_to_one_person(database_url):
    async with running(example("gymbook"), database_url) as caller:
        assert await race_for_the_last_seat(caller, ROUNDS) == 0
        assert await credits_add_up(caller)


async def test_without_its_locks_the_race_for_the_last_seat_is_lost(postgres_only, monkeypatch):
    plain = Statements._once

    def unlocked(self, key, build):
        return plain(self, key, lambda: _without_lock(build()))

    monkeypatch.setattr(Statements, "_once", unlocked)
    async with running(example("gymbook"), postgres_only) as caller:
        assert await race_for_the_last_seat(caller, 12) > 0


async def test_the_last_credit_is_spent_once(database_url):
    async with running(example("gymbook"), database_url) as caller:
        await gym(caller, ["alice"], packs=0)
        single = {"name": "One", "credits": 1, "price": {"amount": "10.00", "currency": "EUR"}}
        pack_id = await caller.made("/packs", single, "manager")
        classes = [await new_class(caller, seats=200) for _ in range(PARALLEL)]
        for _ in range(ROUNDS):
            await bought(caller, pack_id, "alice")
            answers = await asyncio.gather(
                *(caller("POST", f"/gym-classes/{class_id}/book", who="alice") for class_id in classes)
            )
            booked = [answer.status_code for answer in answers].count(200)
            assert booked == 1, [answer.text for answer in answers if answer.status_code not in (200, 409)]
            assert await credits_add_up(caller)
            held = (await caller("GET", "/bookings?status=booked", who="alice")).json()["items"]
            again = await asyncio.gather(
                *(caller("POST", f"/bookings/{held[0]['id']}/cancel", who="alice") for _ in range(PARALLEL))
            )
            assert [answer.status_code for answer in again].count(200) == 1
            assert await credits_add_up(caller)
            await spend(caller, await new_class(caller, seats=1))


async def spend(caller, class_id):
    """Spend the credit that came back."""
    answer = await caller("POST", f"/gym-classes/{class_id}/book", who="alice")
    assert answer.status_code == 200, answer.text


async def test_one_listing_goes_to_one_of_many_buyers(database_url):
    async with running(example("marketplace"), database_url) as caller:
        buyers = [f"b{number}" for number in range(PARALLEL)]
        await caller.sign_up("seller", *buyers)
        for _ in range(ROUNDS):
            price = {"amount": "12.00", "currency": "EUR"}
            listing = await caller.made("/listings", {"title": "Bike", "price": price}, "seller")
            sent = {"listing": listing, "address": "1 High Street"}
            answers = await asyncio.gather(*(caller("POST", "/orders", sent, who=name) for name in buyers))
            codes = sorted(answer.status_code for answer in answers)
            assert codes == [201] + [409] * (PARALLEL - 1)
        assert await caller.rows('SELECT count(*) FROM "order" GROUP BY listing HAVING count(*) > 1') == []


async def test_a_request_sent_twenty_times_with_one_key_is_done_once(database_url):
    async with running(example("gymbook"), database_url) as caller:
        pack_id = await gym(caller, ["alice"], packs=0)
        for number in range(ROUNDS):
            key = {"idempotency-key": f"purchase-{number}"}
            answers = await asyncio.gather(
                *(caller("POST", "/purchases", {"pack": pack_id}, who="alice", headers=key) for _ in range(PARALLEL))
            )
            made = {answer.text for answer in answers if answer.status_code == 201}
            assert len(made) == 1
            assert {answer.status_code for answer in answers} <= {201, 409}
            later = await caller("POST", "/purchases", {"pack": pack_id}, who="alice", headers=key)
            assert {later.text} == made
            assert later.headers["idempotency-replayed"] == "true"
        assert (await caller.rows("SELECT count(*) FROM purchase")) == [(ROUNDS,)]
        assert await credits_add_up(caller)


async def test_a_place_that_is_unique_is_taken_once_without_any_key(database_url):
    async with running(example("gymbook"), database_url) as caller:
        await gym(caller, ["alice"], packs=0)
        for _ in range(ROUNDS):
            class_id = await new_class(caller, seats=1)
            answers = await asyncio.gather(
                *(caller("POST", "/waiting", {"gym_class": class_id}, who="alice") for _ in range(PARALLEL))
            )
            assert sorted(answer.status_code for answer in answers) == [201] + [409] * (PARALLEL - 1)


def _without_lock(element):
    if getattr(element, "_for_update_arg", None) is not None:
        element._for_update_arg = None
    return element
