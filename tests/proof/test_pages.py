"""Claim: page N of a list costs what page 1 costs, however many rows there are (a million in the long form).

What is counted is work and not time: SQLite's virtual machine steps, PostgreSQL's pages read.
"""

import json
import os
import secrets

import pytest
from backends import example, running
from pages import plan_of

from techlead.derive.tables import tables
from techlead.primitives.ids import encode
from techlead.serve.query import page_of

pytestmark = [pytest.mark.proof, pytest.mark.volume]
ROWS = 1_000_000 if os.environ.get("TECHLEAD_PROOF") == "long" else 20_000
LISTS = ["limit=20", "limit=20&sort=price", "limit=20&sort=-price", "limit=20&status=open"]
PLACES = (0.0, 0.5, 0.95)
STATUSES = ("open", "reserved", "sold")


async def fill(caller, seller, count=ROWS):
    """Add listings below the API, 10,000 a transaction: cheap and dear, of each status."""
    store = caller.application.runtime.store
    table = tables(caller.plan).tables["listing"]
    names = ["id", "revision", "seller", "title", "description", "price_eur", "status", "deleted_at"]
    assert {column.name for column in table.columns} == set(names)
    marks = ", ".join("?" if store.dialect == "sqlite" else f"${place}" for place in range(1, len(names) + 1))
    sql = f"INSERT INTO listing ({', '.join(names)}) VALUES ({marks})"
    for first in range(0, count, 10_000):
        rows = [
            [number.to_bytes(8) + secrets.token_bytes(8), 1, seller, f"Thing {number}", "", 100 + number % 9_973, STATUSES[number % 3], None]
            for number in range(first, min(first + 10_000, count))
        ]  # fmt: skip
        await store.write(lambda tx, rows=rows: tx.run_many(sql, rows))


async def cost_of(caller, query, path="/listings", who=None):
    """Give the work of one page, and where the next begins."""
    store = caller.application.runtime.store
    asked = []
    read = store.read

    async def noted(sql, values=()):
        asked.append((sql, values))
        return await read(sql, values)

    store.read = noted
    answer = await caller("GET", f"{path}?{query}", who=who)
    store.read = read
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 20
    sql, values = asked[-1]
    return await (_steps if store.dialect == "sqlite" else _buffers)(store, sql, values), answer.json()["next"]


async def _steps(store, sql, values):
    steps = [0]

    def step():
        steps[0] += 1
        return False

    raw = store._running.reader.raw
    raw.set_progress_handler(step, 10)
    try:
        raw.execute(sql, values).fetchall()
    finally:
        raw.set_progress_handler(store._running.reader.budget.is_spent, 20_000)
    return steps[0]


async def _buffers(store, sql, values):
    told = await store.read(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", values)
    plan = told[0][0] if isinstance(told[0][0], list) else json.loads(told[0][0])
    return plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]


async def cursor_at(caller, query, place):
    """Give the cursor of a page that lies so far down the list, made from the row that stands there."""
    store = caller.application.runtime.store
    by = "price_eur" if "price" in query else "id"
    order = "ASC" if "sort=price" in query else "DESC"
    where = "WHERE status = 'open'" if "status=open" in query else ""
    skipped = int(ROWS * place / (3 if where else 1))
    rows = await store.read(
        f"SELECT id FROM listing {where} ORDER BY {by} {order}, id {order} LIMIT 1 OFFSET {skipped}"
    )
    return rows[0][0]


@pytest.mark.parametrize("query", LISTS)
async def test_a_page_far_down_a_list_costs_what_the_first_one_costs(query, database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("seller")
        seller = (await caller.rows("SELECT id FROM person"))[0][0]
        await fill(caller, seller)
        if caller.application.runtime.store.dialect == "postgresql":
            await caller.application.runtime.store.write(lambda tx: tx.run("ANALYZE listing"))
        first, following = await cost_of(caller, query)
        costs = [first]
        for _ in range(3):
            cost, following = await cost_of(caller, f"{query}&after={following}")
            costs.append(cost)
        for place in PLACES[1:]:
            after = await _cursor(caller, query, await cursor_at(caller, query, place))
            cost, _ = await cost_of(caller, f"{query}&after={after}")
            costs.append(cost)
        assert max(costs) <= bound(first), costs


def bound(first):
    """Give what a page may cost: as much as the first, and the way down to where it begins."""
    return 2 * first + 60


CARDS = """
from enum import Enum
from techlead import Account, Backend, Mapped, Ref, Resource, anyone, field, owned_by, owner, signed_in, the

backend = Backend("cards")

class Stage(Enum):
    OPEN = "open"
    DONE = "done"

@backend.account
class Person(Account):
    pass

@backend.resource(
    read=owner | the("reviewer"), create=signed_in,
    indexed=[("author", "points"), ("reviewer", "points"), ("author", "stage", "points"), ("reviewer", "stage", "points")],
)
class Card(Resource):
    author: Mapped[Ref[Person]] = owned_by()
    reviewer: Mapped[Ref[Person]] = field()
    stage: Mapped[Stage] = field(indexed=True)
    points: Mapped[int] = field(ge=0, le=1_000_000, indexed=True)
"""


@pytest.mark.parametrize("query", ["limit=20&sort=-points", "limit=20&stage=done&sort=points"])
async def test_a_filtered_list_in_another_fields_order_costs_the_same_with_an_index_for_both(
    query, database_url, tmp_path
):
    async with running(plan_of(tmp_path, CARDS), database_url) as caller:
        await caller.sign_up("me", "other")
        me, other = [row_id for (row_id,) in await caller.rows("SELECT id FROM person ORDER BY id")]
        store = caller.application.runtime.store
        marks = ", ".join("?" if store.dialect == "sqlite" else f"${place}" for place in range(1, 7))
        costs = []
        for count in (400, 8_000):
            rows = [
                [secrets.token_bytes(16), 1, *((me, other), (other, me))[number % 2], "open" if number % 8 > 1 else "done", number]
                for number in range(count)
            ]  # fmt: skip
            sql = f"INSERT INTO card (id, revision, author, reviewer, stage, points) VALUES ({marks})"
            await store.write(lambda tx, sql=sql, rows=rows: tx.run_many(sql, rows))
            if store.dialect == "postgresql":
                await store.write(lambda tx: tx.run("ANALYZE card"))
            cost, following = await cost_of(caller, query, "/cards", "me")
            costs += [cost, (await cost_of(caller, f"{query}&after={following}", "/cards", "me"))[0]]
        assert max(costs) <= bound(costs[0]), costs


async def order(caller, listing, buyer, seller, count, since):
    """Add a buyer's orders below the API."""
    store = caller.application.runtime.store
    names = ["id", "revision", "buyer", "listing", "address", "seller", "price_eur", "status", "placed_at"]
    assert {column.name for column in tables(caller.plan).tables["order"].columns} == {*names, "tracking"}
    marks = ", ".join("?" if store.dialect == "sqlite" else f"${place}" for place in range(1, len(names) + 1))
    sql = f'INSERT INTO "order" ({", ".join(names)}) VALUES ({marks})'
    rows = [
        [
            (since + number).to_bytes(8) + secrets.token_bytes(8),
            1,
            buyer,
            listing,
            "Here",
            seller,
            100,
            "placed",
            number,
        ]
        for number in range(count)
    ]
    await store.write(lambda tx: tx.run_many(sql, rows))


@pytest.mark.parametrize("query", ["limit=20", "limit=20&status=placed"])
async def test_a_page_of_what_one_bought_or_sold_costs_the_same_however_much_that_was(query, database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("me", "other")
        (me,), (other,) = await caller.rows("SELECT id FROM person ORDER BY id")
        assert encode("person", me) == caller.ids["me"]
        await fill(caller, me, 1)
        (listing,) = (await caller.rows("SELECT id FROM listing"))[0]
        costs = []
        for count in (200, 4_000):
            for buyer, seller in ((me, other), (other, me), (other, other), (me, me)):
                await order(caller, listing, buyer, seller, count, count * 10)
            if caller.application.runtime.store.dialect == "postgresql":
                await caller.application.runtime.store.write(lambda tx: tx.run('ANALYZE "order"'))
            cost, following = await cost_of(caller, query, "/orders", "me")
            costs += [cost, (await cost_of(caller, f"{query}&after={following}", "/orders", "me"))[0]]
        assert max(costs) <= bound(costs[0]), costs


async def test_what_one_bought_or_sold_is_listed_once_each_and_in_its_order(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("me", "other", "stranger")
        (me,), (other,), _ = await caller.rows("SELECT id FROM person ORDER BY id")
        await fill(caller, me, 1)
        (listing,) = (await caller.rows("SELECT id FROM listing"))[0]
        for since in range(0, 120, 40):
            for place, (buyer, seller) in enumerate(((me, other), (other, me), (other, other), (me, me))):
                await order(caller, listing, buyer, seller, 10, since + 10 * place)
        everything = await caller.rows('SELECT id, buyer, seller FROM "order" ORDER BY id DESC')
        mine = [encode("order", row_id) for row_id, buyer, seller in everything if me in (buyer, seller)]
        assert len(mine) == 90
        for sort, expected in (("", mine), ("&sort=id", mine[::-1])):
            seen, after = [], ""
            while after is not None:
                answer = (await caller("GET", f"/orders?limit=7{sort}{after}", who="me")).json()
                seen += [one["id"] for one in answer["items"]]
                after = answer["next"] and f"&after={answer['next']}"
            assert seen == expected
        assert (await caller("GET", "/orders", who="stranger")).json()["items"] == []


async def test_a_page_that_skips_rows_is_found_dear(database_url):
    async with running(example("marketplace"), database_url) as caller:
        await caller.sign_up("seller")
        await fill(caller, (await caller.rows("SELECT id FROM person"))[0][0])
        store = caller.application.runtime.store
        cost = _steps if store.dialect == "sqlite" else _buffers
        page = "SELECT * FROM listing ORDER BY id DESC LIMIT 20 OFFSET"
        assert await cost(store, f"{page} {ROWS // 2}", ()) > bound(await cost(store, f"{page} 0", ()))


async def _cursor(caller, query, row_id):
    """Write the cursor that the API gives after this row."""
    plan = caller.plan.resources["Listing"]
    runtime = caller.application.runtime
    page = page_of(plan, query.encode(), 20, 100)
    statement = runtime.statements.whole(plan)
    rows = await runtime.store.write(lambda tx: tx.run(statement.sql, statement.values({"id": row_id})))
    return page.cursor_after(rows[0])
