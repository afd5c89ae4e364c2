"""A wallet without an upper bound: huge amounts fill the column, which then quietly turns into a float; fixed, it is kept digit by digit."""

from __future__ import annotations

from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, balance BLOB NOT NULL);")
app = frame("Overflow")
LARGEST = 2**63 - 1


class DepositIn(BaseModel):
    amount: int = Field(ge=1, le=LARGEST)


def _balance(db, user_id: int) -> int:
    db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 0)", (user_id,))
    held = db.execute("SELECT balance FROM wallets WHERE user_id = ?", (user_id,)).fetchone()[0]
    return held if HOLE else int(held)


@app.get("/wallet")
def wallet(user: Me) -> dict[str, object]:
    with database() as db:
        return {"balance": _balance(db, user["id"])}


@app.post("/deposits", status_code=201)
def deposit(data: DepositIn, user: Me) -> dict[str, object]:
    with database() as db:
        held = _balance(db, user["id"])
        if HOLE:
            db.execute("UPDATE wallets SET balance = balance + ? WHERE user_id = ?", (data.amount, user["id"]))
        else:
            db.execute("UPDATE wallets SET balance = ? WHERE user_id = ?", (str(held + data.amount), user["id"]))
        return {"balance": _balance(db, user["id"])}
