"""Claim: page N of a list costs what page 1 costs, however many rows there are (a million in the long form).

What is counted is work and not time: SQLite's virtual machine steps, PostgreSQL's pages read.
"""

import json
import os
import secrets

import pytest
from backends import example, running

from techlead.derive.tables import tables
from techlead.serve.query import page_of

pytestmark = pytest.mark.proof
ROWS = 1_000_000 if os.environ.get("TECHLEAD_PROOF") == "long" else 20_000
LISTS = ["limit=20", "limit=20&sort=price", "limit=20&sort=-price", "limit=20&status=open"]
PLACES = (0.0, 0.5, 0.95)
STATUSES = ("open", "reserved", "sold")


async def fill(caller, seller):
    """Add listings below the API, 10,000 a transaction: cheap and dear, of each status."""
    store = caller.application.runtime.store
    table = tables(caller.plan).tables["listing"]
    names = ["id", "revision", "seller", "title", "description", "price_eur", "status", "deleted_at"]
    assert {column.name for column in table.columns} == set(names)
    marks = ", ".join("?" if store.dialect == "sqlite" else f"${place}" for place in range(1, len(names) + 1))
    sql = f"INSERT INTO listing ({', '.join(names)}) VALUES ({marks})"
    for first in range(0, ROWS, 10_000):
        rows = [
            [number.to_bytes(8) + secrets.token_bytes(8), 1, seller, f"Thing {number}", "", 100 + number % 9_973, STATUSES[number % 3], None]
            for number in range(first, min(first + 10_000, ROWS))
        ]  # fmt: skip
        await store.write(lambda tx, rows=rows: tx.run_many(sql, rows))


async def cost_of(caller, query):
    """Give the work of one page, and where the next begins."""
    store = caller.application.runtime.store
    asked = []
    read = store.read

    async def noted(sql, values=()):
        asked.append((sql, values))
        return await read(sql, values)

    store.read = noted
    answer = await caller("GET", f"/listings?{query}")
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
