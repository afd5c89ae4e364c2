"""Whose a session is may be remembered; whether it still holds is seen in the database, with every row and every change."""

from backends import example, running
from databases import sqlite_url

from techlead.serve import actor
from techlead.serve.actor import Authenticator

BIKE = {"title": "Bike", "price": {"amount": "12.00", "currency": "EUR"}}
WRONG = {"title": 7}


async def end_sessions(caller):
    """End every session behind the running backend's back, as another process may."""

    async def work(tx):
        await tx.run("DELETE FROM techlead_session")

    await caller.application.runtime.store.write(work)


async def change_roles(caller, roles):
    """Change everybody's roles behind the running backend's back."""

    async def work(tx):
        await tx.run(f"UPDATE person SET roles = '{roles}'")

    await caller.application.runtime.store.write(work)


async def test_a_remembered_session_that_ended_changes_nothing_and_is_told_nothing(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada")
        listing = await caller.made("/listings", BIKE, "ada")
        await end_sessions(caller)
        asked = [
            ("POST", "/listings", BIKE),
            ("POST", "/listings", WRONG),
            ("PATCH", f"/listings/{listing}", {"title": "Car"}),
            ("DELETE", f"/listings/{listing}", None),
            ("POST", f"/orders/{'order_' + listing.partition('_')[2]}/cancel", None),
        ]
        before = len(caller.events())
        answers = [await caller(method, path, body, who="ada") for method, path, body in asked]
        assert [answer.status_code for answer in answers] == [401] * len(asked)
        assert await caller.rows("SELECT title FROM listing") == [("Bike",)]
        assert {one["actor"] for one in caller.events()[before:] if one["event"] == "request"} == {None}


async def test_without_the_look_in_the_transaction_an_ended_session_would_still_change_rows(tmp_path, monkeypatch):
    async def trust(*_):
        """Believe the memory."""

    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        await caller.made("/listings", BIKE, "ada")
        await end_sessions(caller)
        monkeypatch.setattr(Authenticator, "confirm", trust)
        assert (await caller("POST", "/listings", BIKE, who="ada")).status_code == 201


async def test_a_session_that_ends_between_the_memory_and_the_transaction_counts_as_ended(tmp_path, monkeypatch):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await caller.sign_up("ada")
        confirm, seen = Authenticator.confirm, []

        async def ended_by_then(self, tx, who):
            seen.append(who.account)
            await tx.run("DELETE FROM techlead_session")
            await confirm(self, tx, who)

        monkeypatch.setattr(Authenticator, "confirm", ended_by_then)
        assert (await caller("POST", "/listings", BIKE, who="ada")).status_code == 401
        assert seen
        assert await caller.rows("SELECT title FROM listing") == []


async def test_roles_that_changed_count_for_the_next_change(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada", "dan")
        listing = await caller.made("/listings", BIKE, "ada")
        await caller.made("/listings", BIKE, "dan")
        assert (await caller("DELETE", f"/listings/{listing}", who="dan")).status_code == 403
        await change_roles(caller, "admin")
        assert (await caller("POST", "/listings", BIKE, who="ada")).status_code == 201
        assert (await caller("POST", "/listings", WRONG, who="ada")).status_code == 422
        await change_roles(caller, "")
        assert (await caller("DELETE", f"/listings/{listing}", who="dan")).status_code == 403
        await change_roles(caller, "admin")
        assert (await caller("DELETE", f"/listings/{listing}", who="dan")).status_code == 204


async def test_a_change_is_made_once_whatever_was_remembered(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("ada")
        await caller.made("/listings", BIKE, "ada")
        await change_roles(caller, "admin")
        sent = {"idempotency-key": "once"}
        answers = [await caller("POST", "/listings", BIKE, who="ada", headers=sent) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert "idempotency-replayed" in answers[1].headers
        assert len(await caller.rows("SELECT id FROM listing")) == 2


async def test_so_many_sessions_are_remembered_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(actor, "REMEMBERED_MAX", 2)
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        people = ("ada", "bea", "cleo", "dan")
        await caller.sign_up(*people)
        for _ in range(2):
            for name in people:
                listing = await caller.made("/listings", BIKE, name)
                assert (await caller("GET", f"/listings/{listing}", who=name)).status_code == 200
        assert len(caller.application.runtime.authenticator._remembered) == 2
