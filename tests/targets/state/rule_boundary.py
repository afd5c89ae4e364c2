"""A contact card: a number is checked with `\\d`, which knows the digits of every script."""

from __future__ import annotations

import re

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS cards (user_id INTEGER PRIMARY KEY, phone TEXT);")
app = frame("Cards")
PHONE = re.compile(r"\+?\d{6,15}", 0 if HOLE else re.ASCII)


class CardIn(BaseModel):
    phone: str = Field(min_length=6, max_length=20)


@app.put("/card")
def change_card(data: CardIn, user: Me) -> dict[str, object]:
    if not PHONE.fullmatch(data.phone):
        raise HTTPException(422, "that is no phone number")
    with database() as db:
        db.execute("INSERT OR REPLACE INTO cards VALUES (?, ?)", (user["id"], data.phone))
    return {"phone": data.phone}


@app.get("/card")
def read_card(user: Me) -> dict[str, object]:
    with database("DEFERRED") as db:
        row = db.execute("SELECT phone FROM cards WHERE user_id = ?", (user["id"],)).fetchone()
    return {"phone": row["phone"] if row else None}
