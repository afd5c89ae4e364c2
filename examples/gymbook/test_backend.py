"""What the gym promises, tested as a user would."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from backend import GymClass, a_seat_is_left, in_time

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
