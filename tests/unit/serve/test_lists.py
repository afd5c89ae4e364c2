"""Lists: keyset pages that miss and repeat nothing, typed filters, and every fault of an address named at once."""

import pytest
from backends import example, running
from databases import sqlite_url

PRICES = ["12.00", "3.50", "99.00", "12.00", "1.00", "45.00", "12.00"]


async def goods(caller):
    """List goods at several prices, some equal."""
    await caller.sign_up("seller")
    ids = []
    for number, price in enumerate(PRICES):
        sent = {"title": f"Thing {number}", "price": {"amount": price, "currency": "EUR"}}
        ids.append(await caller.made("/listings", sent, "seller"))
    return ids


async def pages(caller, query):
    """Follow a list to its end, two rows at a time."""
    found, after = [], ""
    while True:
        answer = await caller("GET", f"/listings?limit=2&{query}{after}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        after = f"&after={answer.json()['next']}"


@pytest.mark.parametrize("sort", ["id", "-id", "price", "-price", "status"])
async def test_following_a_list_to_its_end_shows_every_row_once_in_order(sort, database_url):
    async with running(example("marketplace"), database_url) as caller:
        ids = await goods(caller)
        found = await pages(caller, f"sort={sort}")
        assert sorted(one["id"] for one in found) == sorted(ids)
        if "price" in sort:
            amounts = [float(one["price"]["amount"]) for one in found]
            assert amounts == sorted(amounts, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("price=12.00", 3),
        ("price.ne=12.00", 4),
        ("price.gt=12.00", 2),
        ("price.ge=12.00", 5),
        ("price.lt=12.00", 2),
        ("price.le=12.00&status=open", 5),
        ("price.ge=3.00&price.lt=50.00", 5),
        ("status=sold", 0),
    ],
)
async def test_filters_compare_as_their_fields_do(query, count, database_url):
    async with running(example("marketplace"), database_url) as caller:
        await goods(caller)
        assert len((await caller("GET", f"/listings?{query}")).json()["items"]) == count


async def test_empty_fields_can_be_asked_for(database_url):
    async with running(example("teamboard"), database_url) as caller:
        await caller.sign_up("ada")
        workspace = await caller.made("/workspaces", {"name": "Team"}, "ada")
        board = await caller.made("/boards", {"workspace": workspace, "title": "Plan"}, "ada")
        for due in (None, "2026-05-01"):
            await caller.made("/cards", {"board": board, "title": "Do", "due": due}, "ada")
        found = (await caller("GET", "/cards?due.null=true", who="ada")).json()["items"]
        assert [one["due"] for one in found] == [None]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("sort=title", "sort"),
        ("colour=red", "colour"),
        ("price.in=1", "price.in"),
        ("price=cheap", "price"),
        ("price.null=true", "price.null"),
        ("after=x", "after"),
        ("after=" + "A" * 3000, "after"),
    ],
)
async def test_a_fault_of_an_address_is_named(query, at, tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        answer = await caller("GET", f"/listings?{query}&status=purple")
        assert answer.status_code == 422
        assert {one["at"] for one in answer.json()["errors"]} == {at, "status"}


async def test_a_cursor_belongs_to_its_order(tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        await goods(caller)
        cursor = (await caller("GET", "/listings?limit=2&sort=price")).json()["next"]
        assert (await caller("GET", f"/listings?sort=price&after={cursor}")).status_code == 200
        for other in ("sort=-price", "sort=status", ""):
            assert (await caller("GET", f"/listings?{other}&after={cursor}".replace("?&", "?"))).status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "%ff=1", "a", "&&", "x=%ed%a0%80", "&".join(f"a{n}=1" for n in range(30))]
)
async def test_a_broken_query_is_malformed(query, tmp_path):
    async with running(example("marketplace"), sqlite_url(tmp_path)) as caller:
        assert (await caller("GET", f"/listings?{query}")).status_code == 400
