"""What the team board promises, tested as a user would."""

from datetime import UTC, date, datetime

import httpx
import pytest
from backend import Card, CardStatus, Level, Membership, an_admin_stays, chase, is_overdue, take


def test_the_last_admin_stays() -> None:
    last = Membership(workspace=None, person=None, level=Level.ADMIN)
    assert not an_admin_stays(last, admins=1)
    assert an_admin_stays(last, admins=2)


def test_taking_a_card_begins_it() -> None:
    card = Card(board=None, title="Do it")
    actor = type("Actor", (), {"id": "ada"})()
    (message,) = take(card, actor)
    assert (card.assignee, card.status) == ("ada", CardStatus.DOING)
    assert [str(getattr(way, "channel", way)) for way in message.notification.via] == ["Channel.INBOX", "Channel.CHAT"]


@pytest.mark.parametrize(("due", "late"), [(date(2026, 5, 1), True), (date(2026, 5, 2), False), (None, False)])
def test_a_card_is_overdue_from_the_day_after(due: date | None, late: bool) -> None:
    card = Card(board=None, title="Do it", due=due, status=CardStatus.DOING)
    assert is_overdue(card, datetime(2026, 5, 2, 0, 1, tzinfo=UTC)) == late
    (message,) = chase(card)
    assert message.notification.name == "card_overdue"


async def test_whoever_founds_a_workspace_is_its_first_admin(client: httpx.AsyncClient) -> None:
    sent = {"email": "ada@example.com", "password": "correct horse battery staple"}
    await client.post("/auth/register", json={**sent, "name": "Ada"})
    token = (await client.post("/auth/login", json=sent)).json()["token"]
    client.headers["authorization"] = f"Bearer {token}"
    await client.post("/workspaces", json={"name": "Team"})
    (membership,) = (await client.get("/memberships")).json()["items"]
    assert membership["level"] == "admin"
    refused = await client.post(f"/memberships/{membership['id']}/leave")
    assert (refused.status_code, refused.json()["rule"]) == (409, "an_admin_stays")
