"""Claim: each actor can do exactly what the examples' pages say, to exactly the rows and fields they say, on both databases.

The expectation is a table written by hand (`access_tables.py`), not made from the Plan; every cell is tried on a fresh
row. What may not be seen looks like what is not there.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from access_tables import GYMBOOK, MARKETPLACE, TEAMBOARD
from backends import example, running
from databases import sqlite_url
from payments import bought

from techlead.derive.access import ActorClass
from techlead.derive.statements import Statements
from techlead.serve.settings import Settings
from techlead.store.postgres_transaction import PostgresTransaction
from techlead.store.sqlite_transaction import SqliteTransaction

pytestmark = pytest.mark.proof
ACCESS = [MARKETPLACE, TEAMBOARD, GYMBOOK]
EURO = {"amount": "12.00", "currency": "EUR"}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


class Marketplace:
    """Fresh rows of the marketplace."""

    def __init__(self, caller):
        self.caller = caller

    async def people(self):
        await self.caller.sign_up("stranger", "seller", "buyer", "boss", "bystander")

    async def row(self, kind):
        caller = self.caller
        listing = await caller.made("/listings", {"title": "Bike", "price": EURO}, "seller")
        if kind == "listing":
            return listing
        return await caller.made("/orders", {"listing": listing, "address": "1 High Street"}, "buyer")

    async def body(self, operation):
        if operation == "POST /orders":
            return {"listing": await self.row("listing"), "address": "1 High Street"}
        return {
            "POST /listings": {"title": "Chair", "price": EURO},
            "PATCH /listings/{listing}": {"title": "Chair"},
            "POST /orders/{order}/ship": {"tracking": "RR123"},
            "PATCH /me": {"phone": "123"},
        }.get(operation)


class Teamboard:
    """Fresh rows of the board."""

    def __init__(self, caller):
        self.caller = caller

    async def people(self):
        await self.caller.sign_up("stranger", "viewer", "editor", "founder", "guest")

    async def workspace(self):
        caller = self.caller
        workspace = await caller.made("/workspaces", {"name": "Team"}, "founder")
        for name in ("viewer", "editor"):
            sent = {"workspace": workspace, "person": caller.ids[name], "level": name}
            invitation = await caller.made("/invitations", sent, "founder")
            answer = await caller("POST", f"/invitations/{invitation}/accept", who=name)
            assert answer.status_code in (200, 204), answer.text
        return workspace

    async def row(self, kind):
        caller = self.caller
        workspace = await self.workspace()
        if kind == "workspace":
            return workspace
        if kind == "viewers":
            found = await caller(
                "GET", f"/memberships?workspace={workspace}&person={caller.ids['viewer']}", who="viewer"
            )
            return found.json()["items"][0]["id"]
        if kind == "invitation":
            return await caller.made("/invitations", {"workspace": workspace, "person": caller.ids["guest"]}, "founder")
        board = await caller.made("/boards", {"workspace": workspace, "title": "Plan"}, "editor")
        if kind == "board":
            return board
        card = await caller.made("/cards", {"board": board, "title": "Do it"}, "editor")
        return card if kind == "card" else await caller.made("/comments", {"card": card, "text": "Yes"}, "editor")

    async def body(self, operation):  # noqa: PLR0911 - a table with rows made on demand
        caller = self.caller
        if operation == "POST /invitations":
            return {"workspace": await self.workspace(), "person": caller.ids["guest"]}
        if operation == "POST /boards":
            return {"workspace": await self.workspace(), "title": "New"}
        if operation == "POST /cards":
            return {"board": await self.row("board"), "title": "New"}
        if operation == "POST /comments":
            return {"card": await self.row("card"), "text": "New"}
        if operation == "POST /workspaces":
            return {"name": "New"}
        if operation.startswith("PATCH"):
            return {"PATCH /workspaces/{workspace}": {"name": "N"}, "PATCH /comments/{comment}": {"text": "N"}}.get(
                operation, {"title": "N"}
            )
        return None


class Gymbook:
    """Fresh rows of the gym."""

    def __init__(self, caller):
        self.caller = caller

    async def people(self):
        caller = self.caller
        await caller.sign_up("stranger", "member", "coach", "boss")
        await caller.grant("boss", "manager")
        sent = {"name": "Hundred", "credits": 100, "price": EURO}
        await bought(caller, await caller.made("/packs", sent, "boss"), "member")

    async def row(self, kind):
        caller = self.caller
        if kind in ("pack", "purchase"):
            pack = await caller.made("/packs", {"name": "Ten", "credits": 10, "price": EURO}, "boss")
            return pack if kind == "pack" else await caller.made("/purchases", {"pack": pack}, "member")
        sent = {"title": "Yoga", "trainer": caller.ids["coach"], "starts_at": TOMORROW, "seats": 3}
        gym_class = await caller.made("/gym-classes", sent, "boss")
        if kind == "class":
            return gym_class
        if kind == "waiting":
            return await caller.made("/waiting", {"gym_class": gym_class}, "member")
        answer = await caller("POST", f"/gym-classes/{gym_class}/book", who="member")
        assert answer.status_code == 200, answer.text
        return (await caller("GET", f"/bookings?gym_class={gym_class}", who="member")).json()["items"][0]["id"]

    async def body(self, operation):
        if operation == "POST /purchases":
            return {"pack": await self.row("pack")}
        if operation == "POST /waiting":
            return {"gym_class": await self.row("class")}
        return {
            "POST /packs": {"name": "Ten", "credits": 10, "price": EURO},
            "PATCH /packs/{pack}": {"name": "N"},
            "PATCH /gym-classes/{class}": {"title": "N"},
            "POST /gym-classes": {
                "title": "Yoga", "trainer": self.caller.ids.get("coach"), "starts_at": TOMORROW, "seats": 3,
            },
        }.get(operation)  # fmt: skip


FRESH = {"marketplace": Marketplace, "teamboard": Teamboard, "gymbook": Gymbook}


async def prepared(access, caller):
    fresh = FRESH[access.name](caller)
    await fresh.people()
    for name, role in access.roles.items():
        await caller.grant(name, role)
    return fresh


async def resolved(fresh, path):
    """Put the id of a fresh row, or of a person, into a path."""
    before, brace, rest = path.partition("{")
    if not brace:
        return path
    kind, _, after = rest.partition("}")
    known = fresh.caller.ids.get(kind)
    return f"{before}{known or await fresh.row(kind)}{after}"


def actor(name):
    return None if name == "anonymous" else name


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.name)
async def test_every_actor_may_do_what_the_page_says_and_no_more(access, database_url):
    async with running(example(access.name), database_url) as caller:
        fresh = await prepared(access, caller)
        wrong = []
        for operation, name, expected in access.cells():
            method, pattern = operation.split(" ")
            path = await resolved(fresh, pattern)
            answer = await caller(method, path, await fresh.body(operation), who=actor(name))
            if answer.status_code != expected:
                wrong.append(f"{operation} as {name}: {answer.status_code}, not {expected}: {answer.text[:200]}")
        assert wrong == []


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.name)
async def test_every_actor_reads_the_fields_the_page_says_and_no_others(access, database_url):
    async with running(example(access.name), database_url) as caller:
        fresh = await prepared(access, caller)
        for pattern, by_actor in access.fields.items():
            path = await resolved(fresh, pattern)
            for name, fields in by_actor.items():
                answer = await caller("GET", path, who=actor(name))
                assert set(answer.json()) == set(fields.split()), f"{path} as {name}"


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.name)
async def test_only_the_fields_the_page_names_can_be_sent(access, database_url):
    async with running(example(access.name), database_url) as caller:
        fresh = await prepared(access, caller)
        extra = ["id", "revision", "owner", "role", "roles", "is_admin", "password_hash", "deleted_at", "created_at"]
        for method, table in (("POST", access.creatable), ("PATCH", access.changeable)):
            for pattern, fields in table.items():
                resource = next(
                    one for one in caller.plan.resources.values() if pattern.split("/")[1] in (one.path, "me")
                    and (one.is_account or pattern != "/me")
                )  # fmt: skip
                path = await resolved(fresh, pattern)
                for name in {field.name for field in resource.fields} - set(fields.split()) | set(extra):
                    answer = await caller(method, path, {name: "x"}, who=creator(access))
                    faults = {one["at"]: one["message"] for one in answer.json()["errors"]}
                    assert faults[f"/{name}"] == "is not a field that can be sent.", f"{method} {path} {name}"
                for name in fields.split():
                    answer = await caller(method, path, {name: {"no": "such"}}, who=creator(access))
                    faults = {one["at"]: one["message"] for one in answer.json()["errors"]}
                    assert "not a field" not in faults[f"/{name}"], f"{method} {path} {name}"


def creator(access):
    return {"marketplace": "seller", "teamboard": "editor", "gymbook": "member"}[access.name]


async def test_a_foreign_row_and_a_missing_one_look_the_same(database_url):
    async with running(example("marketplace"), database_url) as caller:
        fresh = await prepared(MARKETPLACE, caller)
        foreign = await fresh.row("order")
        missing = foreign[:-6] + ("aaaaaa" if not foreign.endswith("aaaaaa") else "bbbbbb")
        for method, after in (("GET", ""), ("POST", "/cancel"), ("GET", "/history"), ("HEAD", "")):
            seen = []
            for row in (foreign, missing, "order_nonsense", "listing_01h455vb4pex5vsknk084sn02q"):
                answer = await caller(method, f"/orders/{row}{after}", who="stranger")
                headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
                body = answer.json() if answer.content else {}
                body.pop("request_id", None)
                seen.append((answer.status_code, headers, body))
            assert seen[0][0] == 404
            assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize("transaction", ["sqlite", "postgresql"])
async def test_a_foreign_row_and_a_missing_one_cost_the_same_work(transaction, request, tmp_path, monkeypatch):
    url = sqlite_url(tmp_path) if transaction == "sqlite" else request.getfixturevalue("postgres_only")
    settings = Settings(login_tries_free=1_000, deliver=False)  # what is delivered beside requests reads people, too
    async with running(example("marketplace"), url, settings) as caller:
        fresh = await prepared(MARKETPLACE, caller)
        foreign = await fresh.row("order")
        missing = foreign[:-6] + ("aaaaaa" if not foreign.endswith("aaaaaa") else "bbbbbb")
        said = []
        store = caller.application.runtime.store
        kind = SqliteTransaction if transaction == "sqlite" else PostgresTransaction
        for owner, name in ((type(store), "read"), (kind, "run")):
            monkeypatch.setattr(owner, name, _noted(getattr(owner, name), said))
        for method, after in (("GET", ""), ("POST", "/cancel"), ("GET", "/history")):
            work = []
            for row in (foreign, missing):
                said.clear()
                assert (await caller(method, f"/orders/{row}{after}", who="stranger")).status_code == 404
                work.append(tuple(said))
            assert work[0] == work[1]
            assert work[0]


def _noted(run, said):
    async def noted(self, sql, values=()):
        if "techlead_" not in sql or "techlead_session" in sql:  # and not what runs beside requests
            said.append(sql)
        return await run(self, sql, values)

    return noted


async def test_a_row_of_another_tenant_cannot_be_referred_to(database_url):
    async with running(example("teamboard"), database_url) as caller:
        fresh = await prepared(TEAMBOARD, caller)
        board = await fresh.row("board")
        workspace = await caller.made("/workspaces", {"name": "Own"}, "stranger")
        own = await caller.made("/boards", {"workspace": workspace, "title": "Own"}, "stranger")
        card = await caller.made("/cards", {"board": own, "title": "Mine"}, "stranger")
        for method, path in (("POST", "/cards"), ("PATCH", f"/cards/{card}")):
            answer = await caller(method, path, {"board": board, "title": "Trojan"}, who="stranger")
            assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
                422,
                "leads to nothing that you may see.",
            )
        assert (await caller("GET", f"/cards/{card}", who="stranger")).json()["board"] == own
        for path in ("/boards", "/cards", "/memberships", "/workspaces"):
            listed = (await caller("GET", f"{path}?limit=100", who="stranger")).json()["items"]
            assert len(listed) == 1, path


async def test_tenants_see_their_own_rows_and_nothing_of_each_other(database_url):
    async with running(example("teamboard"), database_url) as caller:
        await caller.sign_up("first", "second", "third")
        own = {}
        for name in ("first", "second", "third"):
            workspace = await caller.made("/workspaces", {"name": name}, name)
            board = await caller.made("/boards", {"workspace": workspace, "title": name}, name)
            cards = [await caller.made("/cards", {"board": board, "title": name}, name) for _ in range(2)]
            comments = [await caller.made("/comments", {"card": card, "text": name}, name) for card in cards]
            own[name] = {"workspaces": [workspace], "boards": [board], "cards": cards, "comments": comments}
        for name, rows in own.items():
            for path, mine in rows.items():
                listed = (await caller("GET", f"/{path}?limit=100", who=name)).json()["items"]
                assert {one["id"] for one in listed} == set(mine), f"/{path} as {name}"
                for other in own:
                    for row in own[other][path]:
                        expected = 200 if other == name else 404
                        answer = await caller("GET", f"/{path}/{row}", who=name)
                        assert answer.status_code == expected, f"/{path} of {other} as {name}"


@pytest.mark.parametrize("access", ACCESS, ids=lambda access: access.name)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_query_inside_a_query_reads_one_table(access, dialect):
    """A table too many in an inner FROM lets some other row decide: seen once, on cards two references from their tenant."""
    statements = Statements(example(access.name), dialect)
    for resource in statements.plan.resources.values():
        for policy in (
            resource.access.read,
            resource.access.update,
            resource.access.delete,
            *(a.by for a in resource.actions),
        ):
            sql = statements.row(resource, ActorClass(signed_in=True), policy).sql
            for inner in re.findall(r"FROM ([^()]*?)\s+WHERE", sql):
                assert "," not in inner, sql


async def test_hidden_fields_are_no_oracle(database_url):
    async with running(example("gymbook"), database_url) as caller:
        await prepared(GYMBOOK, caller)
        for query in ("email=member@example.com", "sort=credits", "credits.ge=1", "password_hash=x", "roles=x"):
            answer = await caller("GET", f"/people?{query}", who="boss")
            listed = answer.json().get("items", [])
            assert answer.status_code == 422 or all(one["id"] == caller.ids["boss"] for one in listed), query


async def test_a_role_that_is_taken_away_counts_from_the_next_request_on(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await prepared(MARKETPLACE, caller)
        assert (await caller("GET", "/people", who="boss")).status_code == 200
        await caller.grant("boss", "admin", revoke=True)
        assert (await caller("GET", "/people", who="boss")).status_code == 403


async def test_a_banned_person_is_out_at_once(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await prepared(MARKETPLACE, caller)
        assert (await caller("GET", "/me", who="stranger")).status_code == 200
        assert (await caller("POST", f"/people/{caller.ids['stranger']}/ban", who="boss")).status_code == 200
        assert (await caller("GET", "/me", who="stranger")).status_code == 401
        sent = {"email": "stranger@example.com", "password": "correct horse battery staple"}
        assert (await caller("POST", "/auth/login", sent)).status_code == 401


@pytest.mark.parametrize(
    "variant", ["/orders/", "//orders", "/Orders", "/%6frders", "/orders/../people", "/orders%2f", "/orders;x"]
)
async def test_a_path_is_right_exactly_or_not_there(database_url, variant):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("stranger")
        answer = await caller("GET", variant, who="stranger")
        assert answer.status_code == (200 if variant == "/%6frders" else 403 if "people" in variant else 404)
