"""Transfers of parts of a cent: what leaves is rounded down and what arrives is rounded up."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS wallets (user_id INTEGER PRIMARY KEY, cents INTEGER NOT NULL);")
app = frame("Rounding")
CENT = Decimal("0.01")


class TransferIn(BaseModel):
    to_email: str = Field(max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    amount: Decimal = Field(gt=0, le=100_000, decimal_places=4)


def _cents(db, user_id: int) -> int:
    db.execute("INSERT OR IGNORE INTO wallets VALUES (?, 100000)", (user_id,))
    return db.execute("SELECT cents FROM wallets WHERE user_id = ?", (user_id,)).fetchone()[0]


@app.get("/wallet")
def wallet(user: Me) -> dict[str, str]:
    with database() as db:
        return {"balance": str(Decimal(_cents(db, user["id"])) / 100)}


@app.post("/transfers", status_code=201)
def transfer(data: TransferIn, user: Me) -> dict[str, str]:
    leaves = int(data.amount.quantize(CENT, ROUND_DOWN) * 100)
    arrives = int(data.amount.quantize(CENT, ROUND_HALF_UP if HOLE else ROUND_DOWN) * 100)
    with database() as db:
        receiver = db.execute("SELECT id FROM users WHERE email = ?", (data.to_email,)).fetchone()
        if receiver is None:
            raise HTTPException(404, "nobody has that address")
        if receiver["id"] == user["id"]:
            raise HTTPException(400, "that is your own wallet")
        _cents(db, receiver["id"])
        if _cents(db, user["id"]) < leaves:
            raise HTTPException(409, "not enough money")
        db.execute("UPDATE wallets SET cents = cents - ? WHERE user_id = ?", (leaves, user["id"]))
        db.execute("UPDATE wallets SET cents = cents + ? WHERE user_id = ?", (arrives, receiver["id"]))
        return {"amount": str(data.amount)}
