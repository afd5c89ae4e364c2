"""What the gym promises, tested as a user would."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from backend import GymClass, Payment, Purchase, a_seat_is_left, in_time, pay, texted, to_be_paid
from standardwebhooks import Webhook
from techlead import Money

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("taken", "free"), [(0, True), (11, True), (12, False), (13, False)])
def test_a_class_takes_as_many_as_it_has_seats(taken: int, free: bool) -> None:
    assert a_seat_is_left(GymClass(title="Yoga", trainer=None, starts_at=NOON, seats=12), taken) == free


@pytest.mark.parametrize(("hours", "kept"), [(13, True), (12, True), (11.99, False), (-1, False)])
def test_a_seat_is_given_back_until_twelve_hours_before(hours: float, kept: bool) -> None:
    gym_class = GymClass(title="Yoga", trainer=None, starts_at=NOON, seats=12)
    assert in_time(gym_class, NOON - timedelta(hours=hours)) == kept


async def test_without_a_credit_no_seat(client: httpx.AsyncClient) -> None:
    sent = {"email": "ada@example.com", "password": "correct horse battery staple"}
    await client.post("/auth/register", json={**sent, "name": "Ada"})
    me = await client.post("/auth/login", json=sent)
    client.headers["authorization"] = f"Bearer {me.json()['token']}"
    assert (await client.get("/me")).json()["credits"] == 0
    assert (await client.get("/bookings")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(("paid", "counts"), [("90.00", True), ("89.99", False), ("90.01", False)])
def test_a_pack_is_paid_with_its_price_and_nothing_else(paid: str, counts: bool) -> None:
    purchase = Purchase(pack=None, price=Money("90.00", "EUR"), paid_at=None)
    assert to_be_paid(purchase, Payment(purchase=None, amount=Money(paid, "EUR"))) == counts


def test_what_was_paid_for_counts_and_the_buyer_is_texted() -> None:
    buyer = type("Buyer", (), {"credits": 1, "phone": "+43 1"})()
    purchase = Purchase(pack=None, credits=10, paid_at=None)
    (message,) = pay(purchase, buyer, NOON)
    assert (purchase.paid_at, buyer.credits) == (NOON, 11)
    assert (message.system.name, message.body["to"]) == ("sms_gateway", "+43 1")
    texted(purchase, delivered=True)
    assert purchase.receipt_sent


async def test_nobody_tells_us_of_a_payment_but_who_has_the_key(client: httpx.AsyncClient) -> None:
    message = json.dumps({"type": "payment.failed", "data": {}})
    now = datetime.now(UTC)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign("msg_1", now, message)
    assert (await client.post("/incoming/payments", content=message, headers=headers)).status_code == 204
    forged = await client.post("/incoming/payments", content=message.replace("failed", "succeeded"), headers=headers)
    assert forged.status_code == 403
