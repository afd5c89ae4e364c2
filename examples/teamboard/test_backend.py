"""What the team board promises, tested as a user would."""

import httpx
from backend import CardStatus, Level, Membership, Card, an_admin_stays, take


def test_the_last_admin_stays() -> None:
    last = Membership(workspace=None, person=None, level=Level.ADMIN)
    assert not an_admin_stays(last, admins=1)
    assert an_admin_stays(last, admins=2)


def test_taking_a_card_begins_it() -> None:
    card = Card(board=None, title="Do it")
    actor = type("Actor", (), {"id": "ada"})()
    list(take(card, actor))
    assert (card.assignee, card.status) == ("ada", CardStatus.DOING)


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
