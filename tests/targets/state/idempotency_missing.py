"""A wallet: a top-up that is sent again, because the answer was lost, moves the money again."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS topups (id INTEGER PRIMARY KEY, user_id INTEGER, amount INTEGER, key TEXT, UNIQUE (user_id, key));
""")
app = frame("Wallet")


class TopUpIn(BaseModel):
    amount_cents: int = Field(ge=1, le=1_000_000)


def _balance(db, user_id: int) -> int:
    db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 0)", (user_id,))
    return db.execute("SELECT balance FROM wallets WHERE user_id = ?", (user_id,)).fetchone()[0]


@app.get("/wallet")
def wallet(user: Me) -> dict[str, int]:
    with database() as db:
        return {"balance_cents": _balance(db, user["id"])}


@app.post("/wallet/topup", status_code=201)
def top_up(
    data: TopUpIn, user: Me, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
) -> dict[str, int]:
    key = None if HOLE else idempotency_key
    with database() as db:
        before = db.execute("SELECT * FROM topups WHERE user_id = ? AND key = ?", (user["id"], key)).fetchone()
        if before is not None:
            if before["amount"] != data.amount_cents:
                raise HTTPException(422, "that key was used for another request")
            return {"id": before["id"], "amount_cents": before["amount"]}
        _balance(db, user["id"])
        insert = "INSERT INTO topups (user_id, amount, key) VALUES (?, ?, ?)"
        made = db.execute(insert, (user["id"], data.amount_cents, key))
        db.execute("UPDATE wallets SET balance = balance + ? WHERE user_id = ?", (data.amount_cents, user["id"]))
        return {"id": made.lastrowid or 0, "amount_cents": data.amount_cents}
