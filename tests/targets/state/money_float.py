"""A price list: prices are binary floats, from the request to the column."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, owner_id INTEGER, title TEXT, price);")
app = frame("Prices")
Price = (
    Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    if HOLE
    else Annotated[Decimal, Field(gt=0, le=100_000, decimal_places=2)]
)


class ProductIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")
    price: Price


def _product(row) -> dict[str, object]:
    price = row["price"] if HOLE else str(Decimal(row["price"]) / 100)
    return {"id": row["id"], "owner_id": row["owner_id"], "title": row["title"], "price": price}


@app.post("/products", status_code=201)
def create_product(data: ProductIn, user: Me) -> dict[str, object]:
    stored = data.price if HOLE else int(data.price * 100)
    with database() as db:
        insert = "INSERT INTO products (owner_id, title, price) VALUES (?, ?, ?)"
        made = db.execute(insert, (user["id"], data.title, stored))
        return _product(db.execute("SELECT * FROM products WHERE id = ?", (made.lastrowid,)).fetchone())


@app.get("/products/{product_id}")
def read_product(product_id: int) -> dict[str, object]:
    with database("DEFERRED") as db:
        row = None
        if product_id < 2**62:
            row = db.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    if row is None:
        raise HTTPException(404, "no such product")
    return _product(row)
