"""Claim: several servers on one PostgreSQL are one backend, and a new version takes over without a failed request."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import httpx
import pytest
from backends import EXAMPLES, PASSWORD, free_port
from served import Server

pytestmark = [pytest.mark.proof, pytest.mark.volume]
ROUNDS = 50 if os.environ.get("TECHLEAD_PROOF") == "long" else 4
BUYERS = 10
BIKE = {"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}


async def signed_in(client, name):
    sent = {"email": f"{name}@example.com", "password": PASSWORD}
    assert (await client.post("/auth/register", json=sent)).status_code == 201
    return {"authorization": f"Bearer {(await client.post('/auth/login', json=sent)).json()['token']}"}


async def two_clients(stack, folder, url):
    """Start two servers on one database and give a client of each."""
    servers = [Server(folder, url, free_port()) for _ in range(2)]
    for server in servers:
        await server.start()
        stack.callback(server.end, signal.SIGKILL)
    return [await stack.enter_async_context(httpx.AsyncClient(base_url=one.address, timeout=30)) for one in servers]


async def test_one_listing_goes_to_one_buyer_whichever_server_they_ask(postgres_only, tmp_path):
    async with AsyncExitStack() as stack:
        clients = await two_clients(stack, tmp_path, postgres_only)
        seller = await signed_in(clients[0], "seller")
        buyers = [await signed_in(clients[number % 2], f"buyer{number}") for number in range(BUYERS)]
        for _ in range(ROUNDS):
            listing = (await clients[0].post("/listings", json=BIKE, headers=seller)).json()["id"]
            order = {"listing": listing, "address": "Main Street 1"}
            asked = (clients[n % 2].post("/orders", json=order, headers=buyer) for n, buyer in enumerate(buyers))
            codes = sorted(answer.status_code for answer in await asyncio.gather(*asked))
            assert codes == [201, *[409] * (BUYERS - 1)]


async def test_a_key_sent_to_two_servers_at_once_is_done_once(postgres_only, tmp_path):
    async with AsyncExitStack() as stack:
        clients = await two_clients(stack, tmp_path, postgres_only)
        seller = await signed_in(clients[0], "seller")
        for number in range(ROUNDS):
            headers = seller | {"idempotency-key": f"key-{number}"}
            sent = (clients[n % 2].post("/listings", json=BIKE, headers=headers) for n in range(8))
            answers = await asyncio.gather(*sent)
            assert {answer.status_code for answer in answers} <= {201, 409}
            made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
            again = await clients[1].post("/listings", json=BIKE, headers=headers)
            assert made == {again.json()["id"]}


async def test_a_session_that_ends_on_one_server_has_ended_on_the_other(postgres_only, tmp_path):
    async with AsyncExitStack() as stack:
        one, other = await two_clients(stack, tmp_path, postgres_only)
        headers = await signed_in(one, "ada")
        assert (await other.get("/me", headers=headers)).status_code == 200
        assert (await one.post("/auth/logout", headers=headers)).status_code == 204
        assert (await other.get("/me", headers=headers)).status_code == 401


async def keep_asking(number, addresses, asked, headers, until):
    """Read and write at whichever server is to be asked now, until told to stop; give the statuses."""
    statuses = []
    while not until.is_set():
        asked[number] = addresses[-1]
        async with httpx.AsyncClient(base_url=addresses[-1], headers=headers, timeout=30) as client:
            statuses.append((await client.post("/listings", json=BIKE)).status_code)
            statuses.append((await client.get("/listings?limit=5")).status_code)
    return statuses


async def test_a_new_version_takes_over_under_traffic_without_a_failed_request(postgres_only, tmp_path):
    newer = tmp_path / "newer"
    newer.mkdir()
    page = (EXAMPLES / "marketplace" / "backend.py").read_text()
    field = "    status: Mapped[ListingStatus]"
    (newer / "backend.py").write_text(
        page.replace(field, f"    condition: Mapped[str | None] = field(max_length=40)\n{field}", 1)
    )
    old = Server(tmp_path, postgres_only, free_port())
    new = Server(tmp_path, postgres_only, free_port(), name=str(newer))
    until = asyncio.Event()
    async with AsyncExitStack() as stack:
        await old.start()
        stack.callback(old.end, signal.SIGKILL)
        async with httpx.AsyncClient(base_url=old.address, timeout=30) as client:
            headers = await signed_in(client, "seller")
        addresses = [old.address]
        asked = {}
        asking = [asyncio.create_task(keep_asking(one, addresses, asked, headers, until)) for one in range(3)]
        await new.start()  # it adds its column while the old one serves
        stack.callback(new.end, signal.SIGKILL)
        await asyncio.sleep(1)  # both serve: old code on the new schema
        addresses.append(new.address)
        async with asyncio.timeout(30):
            # As a load balancer drains: nobody asks the old one any more.
            while set(asked.values()) != {new.address}:  # noqa: ASYNC110 - a look at what other tasks note
                await asyncio.sleep(0.05)
        await asyncio.to_thread(old.end, signal.SIGTERM)
        await asyncio.sleep(0.5)
        until.set()
        statuses = [status for some in await asyncio.gather(*asking) for status in some]
        assert set(statuses) == {200, 201}
        async with httpx.AsyncClient(base_url=new.address, headers=headers) as client:
            made = await client.post("/listings", json=BIKE | {"condition": "used"})
            assert made.json()["condition"] == "used"
