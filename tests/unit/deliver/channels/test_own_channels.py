"""A project's own channel is one small class; the suite tells whether it keeps the promise, and names what it breaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import apprise
import pytest
from backends import running
from databases import sqlite_url
from dispatching import until
from pages import SHOP, assert_refused, load

from techlead.deliver.asking import Asking, Unreached
from techlead.deliver.channels.apprise import Apprise
from techlead.deliver.conformance import DELIVERY, findings
from techlead.deliver.outbound import Outbound
from techlead.deliver.port import Dead, Delivered, Delivery, Fault, Outcome, Retry
from techlead.deliver.receiver import Receiver
from techlead.derive.compile import derive
from techlead.serve.settings import Settings

FAST = Settings(delivery='{"process": {"look_seconds": 0.05}}')


class Careless:
    """What is often written: every exception out, every status taken, tried again at once, no id."""

    def __init__(self, door: Outbound) -> None:
        self.door = door

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        for _ in range(2):
            answer = await self.door.send(Asking("POST", delivery.destination, {}, delivery.text.encode()))
            if answer.status < 500:
                return Delivered(f"{answer.status} for {delivery.text}")
        return Dead(Fault.SERVER)


async def test_the_suite_names_every_promise_that_a_careless_channel_breaks():
    from ipaddress import ip_network

    door = Outbound(opened=[ip_network("127.0.0.0/8")], resolve=lambda _host, _port: ["127.0.0.1"])
    receiver = Receiver(host="receiver.example.com")
    found = "\n".join(await findings(lambda listening, mood: (Careless(door), listening.url(mood)), receiver))
    await door.close()
    for sentence in (
        "failing: it said Dead, expected Retry with a fault that counts",
        "failing: one try made 2 requests",
        "limited: it said Delivered, expected Paused for 7 seconds",
        "gone: it said Delivered, expected Dead: GONE",
        "ok: what it tells the operator holds data of the message or its address",
        "reset: it raised Unreached instead of an outcome",
        "ok: what was sent does not hold the delivery's public id on every try",
    ):
        assert sentence in found, found
    assert "hang:" not in found  # the engine cancels it, which it takes


async def test_a_channel_that_does_not_let_itself_be_cancelled_is_found():
    class Stubborn:
        async def send(self, delivery: Delivery, deadline: float) -> Outcome:
            if "/hang" in delivery.destination:
                for _ in range(25):
                    try:
                        await asyncio.sleep(0.1)
                    except asyncio.CancelledError:
                        continue
            return Delivered()

    found = await findings(lambda listening, mood: (Stubborn(), listening.url(mood)))
    assert "hang: it said Delivered, expected Retry with a fault that counts" in found


class Pager:
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []

    async def send(self, delivery: Delivery, deadline: float) -> Outcome:
        self.sent.append(delivery)
        return Delivered()


PAGE = """
class Pager:
    async def send(self, delivery, deadline):
        ...
pager = backend.channel("pager", Pager())
told = notification(Listing, to="seller", via=[inbox, pager.at("title")], text="{title} was listed.")
@action(Listing, on=create)
def list_it(listing: Listing) -> Effects:
    yield told.send(listing)
"""


async def test_a_channel_of_ones_own_is_used_like_any_other(tmp_path: Path):
    page = load(tmp_path, SHOP + PAGE)
    pager = page.backend.outside.channels["pager"] = Pager()
    async with running(derive(page.backend), sqlite_url(tmp_path), FAST) as caller:
        await caller.sign_up("ada")
        await caller.made("/listings", {"title": "ops", "price": {"amount": "5.00", "currency": "EUR"}}, "ada")
        await until(lambda: _sent(pager))
    (sent,) = pager.sent
    assert (sent.channel, sent.destination, sent.text, sent.recipient) == ("pager", "ops", "ops was listed.", None)


async def _sent(pager: Pager) -> bool:
    await asyncio.sleep(0)
    return bool(pager.sent)


REFUSED = {
    "no address": ("via=[pager]", "pager has no address", "pager.at("),
    "an address that is none": ('via=[pager.at("price")]', "Listing.price, which is no text", "a field of text"),
}


@pytest.mark.parametrize(("via", "reason", "mend"), REFUSED.values(), ids=REFUSED)
def test_a_channel_without_an_address_is_refused(tmp_path: Path, via: str, reason: str, mend: str):
    page = SHOP + PAGE.partition("told =")[0] + f'told = notification(Listing, to="seller", {via})  # HERE\n'
    assert_refused(tmp_path, page, reason, mend)


@pytest.mark.parametrize("name", ["email", "call", "Pager", "p" * 21])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str):
    with pytest.raises(Exception, match="is no name for a channel"):
        derive(load(tmp_path, SHOP + PAGE.partition("told =")[0].replace('"pager"', f'"{name}"')).backend)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:apprise")
@pytest.mark.filterwarnings("ignore:.*imghdr.*:DeprecationWarning")
async def test_apprise_sends_to_a_service_by_its_name_and_to_no_address():
    async with Receiver() as receiver:
        channel = Apprise({"ops": f"json://127.0.0.1:{receiver.port}/ok"}, apprise.Apprise)
        assert await channel.send(replace(DELIVERY, destination="ops"), 0) == Delivered()
        (received,) = receiver.received
        assert DELIVERY.text.encode() in received.body
        for name in ("other", f"json://127.0.0.1:{receiver.port}/ok"):
            assert await channel.send(replace(DELIVERY, destination=name), 0) == Dead(
                Fault.UNSENDABLE, "there is no service of that name"
            )
        failing = Apprise({"ops": f"json://127.0.0.1:{receiver.port}/failing", "odd": "nothing://"}, apprise.Apprise)
        assert await failing.send(replace(DELIVERY, destination="ops"), 0) == Retry(Fault.SERVER, "Apprise says no")
        assert isinstance(await failing.send(replace(DELIVERY, destination="odd"), 0), Dead)
        assert len(receiver.received) == 2
    assert repr(failing) == "Apprise(odd, ops)"


def test_unreached_says_why():
    assert str(Unreached(Fault.DNS, "the name leads nowhere")) == "the name leads nowhere"
