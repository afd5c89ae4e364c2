"""Claim: kill -9 at any moment loses no acknowledged write, leaves none half done, and the backend is back within 5 s.

A real server under write load over loopback, 25 kills in the long form. Every write has its key, so what was not
acknowledged is sent again afterwards, and exists once.
"""

import asyncio
import json
import os
import random
import signal

import httpx
import pytest
from backends import PASSWORD, example, free_port
from served import Server

from techlead.store.open import open_store

pytestmark = [pytest.mark.proof, pytest.mark.volume]
LONG = os.environ.get("TECHLEAD_PROOF") == "long"
KILLS = 25 if LONG else 3
WRITERS = 8
BACK_SECONDS_MAX = 5
SLOWER_MAX = 3
"""How much longer than its first start a server may take to be back where a start alone takes seconds: on a busy machine."""


async def signed_in(address):
    async with httpx.AsyncClient(base_url=address) as client:
        sent = {"email": "writer@example.com", "password": PASSWORD}
        await client.post("/auth/register", json=sent)
        return {"authorization": f"Bearer {(await client.post('/auth/login', json=sent)).json()['token']}"}


async def write(address, headers, keys, acknowledged, until):
    """Create listings until told to stop or the server dies; note what was acknowledged."""
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=10) as client:
        while not until.is_set():
            key = f"key-{len(keys)}"
            keys.append(key)
            try:
                answer = await client.post("/listings", json=listing(key), headers={"idempotency-key": key})
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            acknowledged[key] = answer.json()["id"]


def listing(key):
    return {"title": key, "price": {"amount": "12.00", "currency": "EUR"}}


async def half_done(url):
    """Count rows without their history and histories without their row."""
    store = open_store(url)
    await store.open()
    try:
        lonely = await store.read(
            "SELECT count(*) FROM listing l WHERE NOT EXISTS (SELECT 1 FROM techlead_history h WHERE h.row = l.id)"
        )
        strays = await store.read(
            "SELECT count(*) FROM techlead_history h WHERE h.resource = 'Listing' "
            "AND NOT EXISTS (SELECT 1 FROM listing l WHERE l.id = h.row)"
        )
        kept = await store.read("SELECT count(*) FROM techlead_idempotency WHERE status = 201")
        made = await store.read("SELECT count(*), count(DISTINCT title) FROM listing")
        return lonely[0][0], strays[0][0], made[0][0] - made[0][1], kept[0][0] - made[0][0]
    finally:
        await store.close()


async def test_no_acknowledged_write_is_lost_and_none_is_half_done(database_url, tmp_path):
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    with Server(tmp_path, database_url, free_port()) as server:
        acknowledged = await killed_again_and_again(server, dice, seed)
    assert len(acknowledged) > KILLS
    assert await half_done(database_url) == (0, 0, 0, 0), f"seed {seed}"


async def killed_again_and_again(server, dice, seed):
    """Kill the server under load, hold what it knows afterwards against what it acknowledged, and give that."""
    back_seconds_max = max(BACK_SECONDS_MAX, SLOWER_MAX * await server.start())
    headers = await signed_in(server.address)
    keys: list[str] = []
    acknowledged: dict[str, str] = {}
    for _ in range(KILLS):
        stop = asyncio.Event()
        load = [asyncio.create_task(write(server.address, headers, keys, acknowledged, stop)) for _ in range(WRITERS)]
        await asyncio.sleep(dice.uniform(0.05, 0.6))
        server.end(signal.SIGKILL)
        await asyncio.gather(*load)
        assert await server.start() < back_seconds_max, f"seed {seed}"
        async with httpx.AsyncClient(base_url=server.address, headers=headers) as client:
            for key in keys:
                answer = await client.post("/listings", json=listing(key), headers={"idempotency-key": key})
                assert answer.status_code == 201, answer.text
                assert acknowledged.setdefault(key, answer.json()["id"]) == answer.json()["id"], f"seed {seed}"
            if len(keys) > 400:
                keys = keys[-200:]
    server.end(signal.SIGTERM)
    return acknowledged


async def test_a_graceful_stop_answers_every_request_under_way(tmp_path):
    server = Server(tmp_path, f"sqlite:///{tmp_path}/data.db", free_port())
    await server.start()
    headers = await signed_in(server.address)
    lost = []

    async def client_that_reconnects(number):
        """A request that was written and then cut off is lost; a connection refused before it was sent is not."""
        count = 0
        while True:
            try:
                async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=10) as client:
                    key = {"idempotency-key": f"{number}-{count}"}
                    answer = await client.post("/listings", json=listing(f"{number}-{count}"), headers=key)
                    if answer.status_code != 201:
                        lost.append(answer.text)
                    count += 1
            except httpx.ConnectError:
                return count
            except httpx.TransportError as error:
                lost.append(repr(error))
                return count

    load = [asyncio.create_task(client_that_reconnects(number)) for number in range(WRITERS)]
    await asyncio.sleep(0.5)
    code = await asyncio.to_thread(server.end, signal.SIGTERM)
    answered = sum(await asyncio.gather(*load))
    assert lost == []
    assert code in (0, -signal.SIGTERM)
    store = open_store(f"sqlite:///{tmp_path}/data.db")
    await store.open()
    assert (await store.read("SELECT count(*) FROM listing")) == [(answered,)]
    await store.close()
    assert answered > 0


def test_the_load_is_what_the_example_takes():
    listed = example("marketplace").resources["Listing"]
    assert {field.name for field in listed.fields if field.required} == set(json.loads(json.dumps(listing("x"))))
