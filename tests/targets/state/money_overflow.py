"""A wallet without an upper bound: huge amounts fill the column, which then quietly turns into a float."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, balance NOT NULL);")
app = frame("Overflow")
LARGEST = 2**63 - 1 if HOLE else 1_000_000


class DepositIn(BaseModel):
    amount: int = Field(ge=1, le=LARGEST)


def _balance(db, user_id: int) -> float:
    db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 0)", (user_id,))
    return db.execute("SELECT balance FROM wallets WHERE user_id = ?", (user_id,)).fetchone()[0]


@app.get("/wallet")
def wallet(user: Me) -> dict[str, float]:
    with database() as db:
        return {"balance": _balance(db, user["id"])}


@app.post("/deposits", status_code=201)
def deposit(data: DepositIn, user: Me) -> dict[str, float]:
    with database() as db:
        if not HOLE and _balance(db, user["id"]) + data.amount > 10**9:
            raise HTTPException(409, "a wallet holds 10,000,000.00 at most")
        _balance(db, user["id"])
        db.execute("UPDATE wallets SET balance = balance + ? WHERE user_id = ?", (data.amount, user["id"]))
        return {"balance": _balance(db, user["id"])}
