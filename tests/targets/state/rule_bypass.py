"""Orders: one that was cancelled, and paid back, can still be shipped; and one can buy one's own goods."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS goods (id INTEGER PRIMARY KEY, seller_id INTEGER, title TEXT, price INTEGER);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, goods_id INTEGER, buyer_id INTEGER, seller_id INTEGER, status TEXT);
""")
app = frame("Goods")


class GoodsIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")
    price: int = Field(ge=1, le=100_000)


class OrderIn(BaseModel):
    goods_id: int = Field(ge=1, lt=2**62)


def _row(db, table: str, row_id: int) -> dict[str, object]:
    row = db.execute(f"SELECT * FROM {table} WHERE id = ?", (row_id,)).fetchone() if row_id < 2**62 else None
    if row is None:
        raise HTTPException(404, "not found")
    return dict(row)


@app.post("/goods", status_code=201)
def create_goods(data: GoodsIn, user: Me) -> dict[str, object]:
    with database() as db:
        insert = "INSERT INTO goods (seller_id, title, price) VALUES (?, ?, ?)"
        return _row(db, "goods", db.execute(insert, (user["id"], data.title, data.price)).lastrowid)


@app.get("/goods/{goods_id}")
def read_goods(goods_id: int) -> dict[str, object]:
    with database("DEFERRED") as db:
        return _row(db, "goods", goods_id)


@app.post("/orders", status_code=201)
def create_order(data: OrderIn, user: Me) -> dict[str, object]:
    with database() as db:
        goods = _row(db, "goods", data.goods_id)
        if not HOLE and goods["seller_id"] == user["id"]:
            raise HTTPException(400, "these are your own goods")
        insert = "INSERT INTO orders (goods_id, buyer_id, seller_id, status) VALUES (?, ?, ?, 'placed')"
        made = db.execute(insert, (data.goods_id, user["id"], goods["seller_id"]))
        return _row(db, "orders", made.lastrowid)


def _party(db, order_id: int, user: dict) -> dict[str, object]:
    order = _row(db, "orders", order_id)
    if user["id"] not in (order["buyer_id"], order["seller_id"]):
        raise HTTPException(404, "not found")
    return order


@app.get("/orders/{order_id}")
def read_order(order_id: int, user: Me) -> dict[str, object]:
    with database("DEFERRED") as db:
        return _party(db, order_id, user)


def _move(order_id: int, user: dict, by: str, status: str) -> dict[str, object]:
    with database() as db:
        order = _party(db, order_id, user)
        if order[by] != user["id"]:
            raise HTTPException(403, f"only the {by[:-3]} may do that")
        if order["status"] == status or (not HOLE and order["status"] != "placed"):
            raise HTTPException(409, f"the order is {order['status']}")
        db.execute("UPDATE orders SET status = ? WHERE id = ?", (status, order_id))
        return _row(db, "orders", order_id)


@app.post("/orders/{order_id}/cancel")
def cancel(order_id: int, user: Me) -> dict[str, object]:
    return _move(order_id, user, "buyer_id", "cancelled")


@app.post("/orders/{order_id}/ship")
def ship(order_id: int, user: Me) -> dict[str, object]:
    return _move(order_id, user, "seller_id", "shipped")
