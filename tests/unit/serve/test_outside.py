"""What goes out after a change, and what comes in: signed, once, and each running an action in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from backends import Caller, running
from databases import sqlite_url
from dispatching import until
from loopback import SYSTEM, WORLD
from outside_page import PORT, backend
from pages import SHOP, plan_of

from techlead.deliver.desk import Desk
from techlead.deliver.receiver import Receiver
from techlead.deliver.signing import Shared, of_account, read_key, sign, verify
from techlead.primitives import ids
from techlead.primitives.clock import SECOND_US, FrozenClock, system_clock
from techlead.serve.keys import keys_from
from techlead.serve.settings import Settings
from techlead.serve.steering import desk_of

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"SMS_TOKEN": "t0ken", "PAYMENT_KEY": f"{KEY} whsec_{'A' * 32}"}
PLAN = backend.plan()


@asynccontextmanager
async def bikes(url: str, **given: Any) -> AsyncIterator[Caller]:
    given.setdefault(
        "settings", Settings(mail_folder="/nonexistent/mail", delivery='{"process": {"look_seconds": 0.05}}')
    )
    async with running(
        PLAN, url, given.pop("settings"), doors=WORLD.doors(), environment=ENVIRONMENT, **given
    ) as caller:
        await caller.sign_up("ada", phone="+43 1")
        yield caller


async def ride(caller: Caller, title: str = "Tour", **more: Any) -> str:
    return await caller.made("/rides", {"title": title, "price": {"amount": "5.00", "currency": "EUR"}, **more}, "ada")


async def texted(caller: Caller, made: str) -> Any:
    return (await caller("GET", f"/rides/{made}", who="ada")).json()["texted"]


def signed(body: Any, message: str = "msg_1", *, seconds: int | None = None, key: str = KEY) -> dict[str, Any]:
    content = json.dumps(body).encode()
    moment = system_clock() // SECOND_US if seconds is None else seconds
    headers = {"webhook-id": message, "webhook-timestamp": str(moment), "content-type": "application/json"}
    return {
        "body": content,
        "headers": headers | {"webhook-signature": sign([read_key(key)], message, moment, content)},
    }


def paid(made: str, amount: str = "5.00", currency: str = "EUR") -> dict[str, Any]:
    data = {"ride": made, "amount": {"amount": amount, "currency": currency}, "provider_reference": "pi_1"}
    return {"type": "payment.succeeded", "timestamp": "2026-05-01T12:00:00Z", "data": data}


async def tell(caller: Caller, message: dict[str, Any]) -> httpx.Response:
    return await caller("POST", "/incoming/payments", message["body"], headers=message["headers"])


async def state(caller: Caller, made: str) -> str:
    return str((await caller("GET", f"/rides/{made}", who="ada")).json()["status"])


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    async with bikes(sqlite_url(tmp_path)) as running_:
        yield running_


@pytest.fixture
async def on_each(database_url: str) -> AsyncIterator[Caller]:
    """Run on each kind of database, for what hangs on transactions."""
    async with bikes(database_url) as running_:
        yield running_


async def test_a_call_goes_out_after_its_change_and_its_answer_runs_an_action(on_each: Caller):
    caller = on_each
    made = await ride(caller)
    async with WORLD.receiver(SYSTEM, PORT) as gateway:
        await caller("POST", f"/rides/{made}/remind", who="ada")
        await until(lambda: _is(texted(caller, made), "sms_1"))
        (received,) = gateway.received
    assert received.path == "/v1/messages"
    assert json.loads(received.body) == {"to": "+43 1", "text": "Tour is open"}
    assert received.headers["authorization"] == "Bearer t0ken"
    ((delivery,),) = await caller.rows("SELECT id FROM techlead_outbox WHERE channel = 'call'")
    assert received.headers["idempotency-key"] == ids.encode("delivery", delivery)


async def test_a_call_that_fails_for_good_runs_the_action_too(caller: Caller):
    made = await ride(caller)
    async with Receiver(WORLD.tls[0], SYSTEM, PORT) as gateway:
        gateway.moods["v1"] = "refused"
        await caller("POST", f"/rides/{made}/remind", who="ada")
        await until(lambda: _is(texted(caller, made), "failed"))


async def test_a_call_that_an_operator_drops_runs_the_action_as_one_that_fails(caller: Caller):
    made = await ride(caller)
    await caller("POST", f"/rides/{made}/remind", who="ada")
    desk = desk_of(caller.application.runtime)
    assert await dropped(desk, caller) == 1
    assert await texted(caller, made) == "failed"
    assert await _state(caller, "call") == "dropped"
    ((delivery,),) = await caller.rows("SELECT id FROM techlead_outbox WHERE channel = 'call'")
    assert await desk.drop_these([delivery]) == 0, "once"


async def test_an_action_that_fails_keeps_no_call_from_being_dropped(caller: Caller):
    made = await ride(caller)
    await caller("POST", f"/rides/{made}/remind", who="ada")
    runtime, told = caller.application.runtime, []

    async def failing(_tx: Any, _waiting: Any, _outcome: Any) -> None:
        raise LookupError(made)

    desk = Desk(
        runtime.store,
        runtime.statements,
        runtime.clock,
        runtime.limits,
        lambda what, values: told.append((what, values.get("error"))),
        failing,
    )
    assert await dropped(desk, caller) == 1
    assert ("aftermath_failed", "LookupError") in told
    assert await _state(caller, "call") == "dropped"
    assert await texted(caller, made) is None


async def dropped(desk: Desk, caller: Caller) -> int:
    """Drop the one call, once nobody tries it just now."""
    ((delivery,),) = await caller.rows("SELECT id FROM techlead_outbox WHERE channel = 'call'")
    for _ in range(200):
        if await desk.drop_these([delivery]):
            return 1
        await asyncio.sleep(0.02)
    return 0


async def test_a_call_about_a_row_that_is_gone_ends_quietly(caller: Caller):
    made = await ride(caller)
    await caller("POST", f"/rides/{made}/remind", who="ada")
    assert (await caller("DELETE", f"/rides/{made}", who="ada")).status_code == 204
    async with WORLD.receiver(SYSTEM, PORT) as gateway:
        await caller.application.runtime.store.write(_due_now)
        await until(lambda: _is(_state(caller, "call"), "delivered"))
        assert len(gateway.received) == 1


async def test_a_webhook_tells_its_receiver_what_they_may_read(caller: Caller):
    async with WORLD.receiver() as receiver:
        await caller("PATCH", "/me", {"hook": receiver.url("ok")}, who="ada")
        made = await ride(caller)
        await until(lambda: _true(len(receiver.received) == 1))
        (received,) = receiver.received
    told = json.loads(received.body)
    read = (await caller("GET", f"/rides/{made}", who="ada")).json()
    assert (told["type"], told["data"]) == ("planned", read)
    (secret,) = [key for key in keys_from(PLAN, Settings(), {}).webhooks() if isinstance(key, Shared)]
    own = of_account(secret, ids.decode("person", caller.ids["ada"]))
    told_headers = received.headers
    assert verify(
        [own],
        told_headers["webhook-id"],
        told_headers["webhook-timestamp"],
        received.body,
        told_headers["webhook-signature"],
    )


async def test_a_room_is_told_once_at_the_address_in_the_row(caller: Caller):
    async with WORLD.receiver() as receiver:
        await ride(caller, "Alps", room=receiver.url("ok"))
        await until(lambda: _true(len(receiver.received) == 1))
        assert json.loads(receiver.received[0].body) == {"text": "Alps costs 5.00 EUR."}


async def test_where_there_is_no_address_nothing_waits(caller: Caller):
    await ride(caller)
    channels = await caller.rows("SELECT channel FROM techlead_outbox ORDER BY channel")
    assert channels == [("email",), ("inbox",)]


async def test_an_address_that_is_taken_away_gets_nothing_more(caller: Caller):
    await caller("PATCH", "/me", {"hook": "https://hooks.example.com:1/ok"}, who="ada")
    await ride(caller)
    await caller("PATCH", "/me", {"hook": None}, who="ada")
    await caller.application.runtime.store.write(_due_now)
    await until(lambda: _is(_state(caller, "webhook"), "withdrawn"))


async def test_a_payment_counts_once_in_whatever_order(on_each: Caller):
    caller = on_each
    first, second = await ride(caller), await ride(caller)
    for made in (second, first, second):
        assert (await tell(caller, signed(paid(made), f"msg_{made}"))).status_code == 204
    assert [await state(caller, made) for made in (first, second)] == ["paid", "paid"]
    history = await caller.rows("SELECT count(*) FROM techlead_history WHERE operation = 'incoming_payments'")
    assert history == [(2,)]


async def test_a_payment_sent_twenty_times_at_once_counts_once(on_each: Caller):
    caller = on_each
    made = await ride(caller)
    answers = await asyncio.gather(*(tell(caller, signed(paid(made))) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert (await tell(caller, signed(paid(made)))).status_code == 204
    assert await caller.rows("SELECT count(*) FROM techlead_history WHERE operation = 'incoming_payments'") == [(1,)]


CHANGES = {
    "a byte of the body": lambda sent: {**sent, "body": sent["body"].replace(b"5.00", b"5.01")},
    "the id": lambda sent: _headed(sent, "webhook-id", "msg_2"),
    "no id": lambda sent: _headed(sent, "webhook-id", ""),
    "a long id": lambda sent: _headed(sent, "webhook-id", "m" * 300),
    "the time": lambda sent: _headed(sent, "webhook-timestamp", "1"),
    "a negative time": lambda sent: _headed(sent, "webhook-timestamp", "-1"),
    "a far time": lambda sent: _headed(sent, "webhook-timestamp", "999999999999"),
    "the signature": lambda sent: _headed(sent, "webhook-signature", "v1,AAAA"),
    "no signature": lambda sent: _headed(sent, "webhook-signature", ""),
}


def _headed(sent: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    return {**sent, "headers": {**sent["headers"], name: value}}


async def test_a_payment_with_anything_changed_is_refused(caller: Caller):
    made = await ride(caller)
    for name, change in CHANGES.items():
        refused = await tell(caller, change(signed(paid(made))))
        assert refused.status_code == 403, name
        assert refused.json()["type"] == "urn:techlead:problem:signature-refused"
    assert await state(caller, made) == "open"


async def test_a_payment_signed_long_ago_or_ahead_or_by_another_is_refused(caller: Caller):
    made, now = await ride(caller), system_clock() // SECOND_US
    wrong = [
        signed(paid(made), seconds=now - 301), signed(paid(made), seconds=now + 310),
        signed(paid(made), key="whsec_" + "B" * 32),
    ]  # fmt: skip
    for sent in wrong:
        assert (await tell(caller, sent)).status_code == 403
    assert (await tell(caller, signed(paid(made), key="whsec_" + "A" * 32))).status_code == 204


async def test_a_payment_of_another_amount_or_currency_does_nothing(caller: Caller):
    made = await ride(caller)
    for amount, currency, status in (
        ("0.01", "EUR", 409),
        ("5.00", "USD", 422),
        ("5.01", "EUR", 409),
        ("-5.00", "EUR", 422),
    ):
        assert (await tell(caller, signed(paid(made, amount, currency)))).status_code == status
        assert await state(caller, made) == "open"
    assert (await tell(caller, signed(paid(made)))).status_code == 204  # what was refused left nothing behind
    assert await state(caller, made) == "paid"


MEANINGLESS = (
    ({"type": "payment.failed", "data": {}}, 204), ({"data": {}}, 400), ([], 400), ({"type": 1}, 400),
    ({"type": "payment.succeeded"}, 422), ({"type": "payment.succeeded", "data": {"ride": "ride_1"}}, 422),
    (paid("ride_01h455vb4pex5vsknk084sn02q"), 404),
)  # fmt: skip


async def test_a_signed_message_that_means_nothing_changes_nothing(caller: Caller):
    for number, (message, status) in enumerate(MEANINGLESS):
        assert (await tell(caller, signed(message, f"msg_{number}"))).status_code == status, message


VERIFIED = """
import hashlib
import hmac
from techlead.outside import Signed

def github(headers, body, secret):
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(headers["x-hub-signature-256"], f"sha256={made}"):
        return None
    return Signed(headers["x-github-delivery"], datetime.fromtimestamp(int(headers["x-at"]), UTC))

pushes = backend.incoming(key="GITHUB_KEY", verify=github)

class Push(Body):
    listing: Mapped[Ref[Listing]]

@action(Listing, on=pushes.event("push"))
def pushed(listing: Listing, body: Push) -> None:
    listing.stock = listing.stock + 1
"""


async def test_a_verifier_of_ones_own_decides_and_may_fail(tmp_path: Path):
    plan = plan_of(tmp_path, SHOP + VERIFIED)
    async with running(plan, sqlite_url(tmp_path), environment={"GITHUB_KEY": "a secret"}) as caller:
        await caller.sign_up("ada")
        made = await caller.made("/listings", {"title": "Bike", "price": {"amount": "5.00", "currency": "EUR"}}, "ada")
        body = json.dumps({"type": "push", "data": {"listing": made}}).encode()
        right = f"sha256={hmac.new(b'a secret', body, hashlib.sha256).hexdigest()}"
        headers = {"x-hub-signature-256": right, "x-github-delivery": "d1", "x-at": str(system_clock() // SECOND_US)}
        wrong = ({}, {**headers, "x-hub-signature-256": "sha256=0"}, {**headers, "x-at": "1"}, {**headers, "x-at": "x"})
        for sent in wrong:
            assert (await caller("POST", "/incoming/pushes", body, headers=sent)).status_code == 403
        for _ in range(2):
            assert (await caller("POST", "/incoming/pushes", body, headers=headers)).status_code == 204
        assert (await caller("GET", f"/listings/{made}")).json()["stock"] == 2


async def test_a_message_outside_its_window_is_refused_by_our_clock(tmp_path: Path):
    clock = FrozenClock(1_800_000_000_000_000)
    async with bikes(sqlite_url(tmp_path), clock=clock) as caller:
        made = await ride(caller)
        sent = signed(paid(made), seconds=1_800_000_000)
        clock.advance(301)
        assert (await tell(caller, sent)).status_code == 403
        clock.now_us -= 2 * SECOND_US
        assert (await tell(caller, sent)).status_code == 204


async def _is(found: Any, expected: Any) -> bool:
    return bool(await found == expected)


async def _true(value: bool) -> bool:
    await asyncio.sleep(0)
    return value


async def _state(caller: Caller, channel: str) -> str:
    rows = await caller.rows(f"SELECT state FROM techlead_outbox WHERE channel = '{channel}'")
    return str(rows[0][0]) if rows else ""


async def _due_now(tx: Any) -> None:
    await tx.run("UPDATE techlead_outbox SET next_at = created_at WHERE next_at IS NOT NULL AND claim IS NULL", [])
