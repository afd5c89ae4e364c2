"""Payments out of a purse: what it holds is read, and taken in another transaction."""

from __future__ import annotations

import time

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS purses (user_id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);")
app = frame("Purse")


class Payment(BaseModel):
    to_email: str = Field(max_length=200)
    amount: int = Field(ge=1, le=1_000_000)


def _holds(db, user_id: object) -> int:
    db.execute("INSERT OR IGNORE INTO purses VALUES (?, 100)", (user_id,))
    return db.execute("SELECT balance FROM purses WHERE user_id = ?", (user_id,)).fetchone()[0]


@app.get("/purse")
def purse(user: Me) -> dict[str, int]:
    with database() as db:
        return {"balance": _holds(db, user["id"])}


@app.post("/payments", status_code=201)
def pay(data: Payment, user: Me) -> dict[str, int]:
    if HOLE:
        with database() as db:
            if _holds(db, user["id"]) < data.amount:
                raise HTTPException(409, "not enough money")
        time.sleep(0.002)  # asks somebody whether it may
    with database() as db:
        receiver = db.execute("SELECT id FROM users WHERE email = ?", (data.to_email,)).fetchone()
        if receiver is None or receiver["id"] == user["id"]:
            raise HTTPException(404, "nobody else has that address")
        _holds(db, receiver["id"])
        if not HOLE and _holds(db, user["id"]) < data.amount:
            raise HTTPException(409, "not enough money")
        db.execute("UPDATE purses SET balance = balance - ? WHERE user_id = ?", (data.amount, user["id"]))
        db.execute("UPDATE purses SET balance = balance + ? WHERE user_id = ?", (data.amount, receiver["id"]))
        return {"amount": data.amount}
