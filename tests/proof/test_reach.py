"""Claim: what leaves the house holds what its reader may read and nothing else, whichever way it goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from backends import example, running
from databases import sqlite_url
from dispatching import until
from loopback import WORLD

from techlead.deliver.asking import Limits
from techlead.serve.settings import Settings

pytestmark = pytest.mark.proof
CANARIES = ("canary-phone", "AT00CANARY0000000", "canary-buyer", "canary-description", "correct horse battery staple")
FAST = '{"process": {"look_seconds": 0.05}}'


async def test_no_channel_tells_what_its_reader_may_not_read(tmp_path: Path):
    settings = Settings(mail_folder=str(tmp_path / "mail"), delivery=FAST)
    async with (
        WORLD.receiver() as receiver,
        running(example("marketplace"), sqlite_url(tmp_path), settings, doors=WORLD.doors(Limits())) as caller,
    ):
        await caller.sign_up("seller", "canary-buyer")
        personal = {"phone": "canary-phone", "payout_iban": "AT00CANARY0000000"}
        for name, address in (("canary-buyer", None), ("seller", receiver.url("ok"))):
            set_now = await caller("PATCH", "/me", {**personal, "webhook_url": address}, who=name)
            assert set_now.status_code == 200, set_now.text
        sent = {"title": "Bike", "description": "canary-description", "price": {"amount": "12.00", "currency": "EUR"}}
        listing = await caller.made("/listings", sent, "seller")
        order = await caller.made("/orders", {"listing": listing, "address": "1 High Street"}, "canary-buyer")
        await caller("POST", f"/orders/{order}/cancel", who="canary-buyer")
        await until(lambda: _arrived(tmp_path, len(receiver.received)))
        told = [b"".join([str(one.headers).encode(), one.body]) for one in receiver.received]
        told += [file.read_bytes() for file in (tmp_path / "mail").glob("*.eml")]
        rows = await caller.rows("SELECT subject || text || destination || data FROM techlead_outbox")
        told += [row[0].encode() for row in rows] + [line.encode() for line in map(str, caller.events())]
    assert sum(b"12.00" in one for one in told) >= 4
    for canary in CANARIES:
        assert not [one for one in told if canary.encode() in one], canary


async def _arrived(folder: Path, received: int) -> bool:
    await asyncio.sleep(0)
    return received == 2 and len(list((folder / "mail").glob("*.eml"))) == 2


async def test_a_canary_that_is_told_is_found(tmp_path: Path):
    """The negative control: the seller may read the address, so it is in the webhook."""
    settings = Settings(mail_folder=str(tmp_path / "mail"), delivery=FAST)
    async with (
        WORLD.receiver() as receiver,
        running(example("marketplace"), sqlite_url(tmp_path), settings, doors=WORLD.doors(Limits())) as caller,
    ):
        await caller.sign_up("seller", "buyer")
        await caller("PATCH", "/me", {"webhook_url": receiver.url("ok")}, who="seller")
        listing = await caller.made(
            "/listings", {"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}, "seller"
        )
        await caller.made("/orders", {"listing": listing, "address": "canary-address"}, "buyer")
        await until(lambda: _one(len(receiver.received)))
        assert b"canary-address" in receiver.received[0].body


async def _one(received: int) -> bool:
    await asyncio.sleep(0)
    return received == 1
