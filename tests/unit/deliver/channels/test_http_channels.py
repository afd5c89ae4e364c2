"""Webhook, chat and push keep the promise of a channel, whatever their receiver does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from loopback import WORLD

from techlead.deliver.asking import Limits
from techlead.deliver.channels.chat import Chat, plain
from techlead.deliver.channels.push import Push
from techlead.deliver.channels.webhook import Webhook
from techlead.deliver.conformance import DELIVERY, findings
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Channel, Dead, Delivered, Delivery, Fault, Outcome, Retry
from techlead.deliver.push_encryption import Vapid, encode
from techlead.deliver.signing import Private, Shared, of_account, verify
from techlead.primitives.clock import FrozenClock

CLOCK = FrozenClock(1_800_000_000_000_000)
KEYS = (Shared(b"n" * 32), Shared(b"o" * 32), Private(bytes(range(32))))
BROWSER = ec.derive_private_key(7, ec.SECP256R1())
POINT = BROWSER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
SUBSCRIPTION = {"p256dh": encode(POINT), "auth": encode(bytes(16))}


def soon(seconds: float = 15) -> float:
    """Give a deadline as the engine sets it."""
    return asyncio.get_running_loop().time() + seconds


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    door = WORLD.outbound()
    yield door
    await door.close()


class Subscribed:
    """A push channel whose deliveries know their browser, as the outbox gives them."""

    def __init__(self, push: Push) -> None:
        self._push = push

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        return await self._push.send(replace(delivery, data=SUBSCRIPTION), deadline)


def channels(outbound: Outbound) -> dict[str, Channel]:
    return {
        "webhook": Webhook(outbound, KEYS, CLOCK),
        "chat": Chat(outbound, CLOCK),
    }


@pytest.mark.parametrize("name", ["webhook", "chat"])
async def test_a_channel_over_http_keeps_every_promise(name: str, outbound: Outbound):
    channel = channels(outbound)[name]
    assert await findings(lambda receiver, mood: (channel, receiver.url(mood)), WORLD.receiver()) == []


async def test_a_webhook_is_signed_with_every_key_for_its_account(outbound: Outbound):
    async with WORLD.receiver() as receiver:
        delivery = replace(DELIVERY, destination=receiver.url("ok"), data={"type": "order_placed", "é": "ü"})
        assert isinstance(await Webhook(outbound, KEYS, CLOCK).send(delivery, soon()), Delivered)
        (received,) = receiver.received
    assert json.loads(received.body) == {"type": "order_placed", "é": "ü"}
    told = received.headers
    assert (told["webhook-id"], told["webhook-timestamp"]) == (delivery.name, "1800000000")
    for key in (*(of_account(key, bytes(16)) for key in KEYS[:2]), Private(bytes(range(32))).public):
        assert verify([key], told["webhook-id"], told["webhook-timestamp"], received.body, told["webhook-signature"])
    assert not verify(KEYS[:2], told["webhook-id"], told["webhook-timestamp"], received.body, told["webhook-signature"])


@pytest.mark.parametrize("status", ["refused", "away", "to_metadata"])
async def test_a_webhook_follows_the_schedule_where_a_room_is_done(status: str, outbound: Outbound):
    async with WORLD.receiver() as receiver:
        delivery = replace(DELIVERY, destination=receiver.url(status))
        patient = await Webhook(outbound, KEYS, CLOCK).send(delivery, soon())
        done = await Chat(outbound, CLOCK).send(delivery, soon())
    assert isinstance(patient, Retry)
    assert isinstance(done, Dead)


@pytest.mark.parametrize("name", ["webhook", "chat"])
@pytest.mark.parametrize(
    "address", ["", "http://hooks.example.com/", "https://user:word@hooks.example.com/", "mailto:a@b.c"]
)
async def test_an_address_that_is_none_makes_this_message_dead(name: str, address: str, outbound: Outbound):
    outcome = await channels(outbound)[name].send(replace(DELIVERY, destination=address), soon())
    assert isinstance(outcome, Dead)
    assert outcome.fault is Fault.UNSENDABLE
    assert not address or address not in outcome.detail


@pytest.mark.parametrize("name", ["webhook", "chat"])
async def test_an_address_that_leads_inside_is_dead_with_the_reason(name: str):
    door = WORLD.outbound(opened=False)
    async with WORLD.receiver() as receiver:
        outcome = await channels(door)[name].send(replace(DELIVERY, destination=receiver.url("ok")), soon())
    assert outcome == Dead(Fault.GUARDED, "the address must not lead to this machine")
    await door.close()


async def test_what_a_room_reads_mentions_nobody_and_links_nowhere(outbound: Outbound):
    async with WORLD.receiver() as receiver:
        delivery = replace(DELIVERY, destination=receiver.url("ok"), text="<!channel> <https://x|y> @here & \x1b[2J")
        await Chat(outbound, CLOCK).send(delivery, soon())
        (received,) = receiver.received
    assert json.loads(received.body) == {"text": plain(delivery.text)}
    assert plain(delivery.text) == "&lt;!channel&gt; &lt;https://x|y&gt; @\u200bhere &amp;  [2J"


async def test_a_push_is_encrypted_signed_and_lives_as_long_as_its_message(outbound: Outbound):
    vapid = Vapid((7).to_bytes(32), "mailto:ops@example.com")
    push = Push(outbound, vapid, CLOCK, lambda count: bytes(range(1, count + 1)))
    async with WORLD.receiver() as receiver:
        for mood, expected in (("ok", Delivered), ("failing", Retry), ("gone", Dead), ("not_there", Dead)):
            outcome = await Subscribed(push).send(replace(DELIVERY, destination=receiver.url(mood)), soon())
            assert isinstance(outcome, expected)
        received = receiver.received[0]
    assert received.headers["ttl"] == "3600"
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["authorization"].startswith("vapid t=")
    assert b"canary" not in received.body


@pytest.mark.parametrize(
    "data", [{}, {"p256dh": "!", "auth": "!"}, {"p256dh": encode(bytes(65)), "auth": encode(bytes(16))}]
)
async def test_a_subscription_that_is_none_makes_this_message_dead(data: dict[str, str], outbound: Outbound):
    push = Push(outbound, Vapid(bytes(31) + b"\7", "mailto:ops@example.com"), CLOCK, bytes)
    outcome = await push.send(replace(DELIVERY, destination="https://push.example.com/x", data=data), soon())
    assert isinstance(outcome, Dead)
    assert outcome.fault is Fault.UNSENDABLE


@pytest.mark.parametrize(("mood", "taken"), [("drip_body", True), ("drip_head", False)])
async def test_whoever_said_200_in_time_took_it_though_the_body_never_ends(mood: str, *, taken: bool):
    door = WORLD.outbound(limits=Limits())  # 15 s in all, as in production: more than is left of this try
    async with WORLD.receiver() as receiver, asyncio.timeout(8):
        outcome = await Webhook(door, KEYS, CLOCK).send(replace(DELIVERY, destination=receiver.url(mood)), soon(0.9))
    await door.close()
    assert isinstance(outcome, Delivered if taken else Retry)
