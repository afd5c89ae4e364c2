"""A reward for whoever was brought by somebody: nobody looks whether that was he himself, or how often."""

from __future__ import annotations

import hashlib

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS rewards (id INTEGER PRIMARY KEY, user_id INTEGER, code TEXT);")
app = frame("Rewards")


class Brought(BaseModel):
    invite_code: str = Field(min_length=8, max_length=8)


def _code(user: object) -> str:
    return hashlib.sha256(f"code of {user}".encode()).hexdigest()[:8].upper()


@app.get("/invite")
def my_code(user: Me) -> dict[str, str]:
    return {"invite_code": _code(user["id"])}


@app.post("/invite/redeem", status_code=201)
def redeem(data: Brought, user: Me) -> dict[str, str]:
    with database() as db:
        codes = {_code(row["id"]): row["id"] for row in db.execute("SELECT id FROM users ORDER BY id DESC LIMIT 500")}
        if data.invite_code not in codes:
            raise HTTPException(404, "nobody has that code")
        has = db.execute("SELECT count(*) FROM rewards WHERE user_id = ?", (user["id"],)).fetchone()[0]
        if not HOLE and (codes[data.invite_code] == user["id"] or has):
            raise HTTPException(409, "once, and by somebody else")
        db.execute("INSERT INTO rewards (user_id, code) VALUES (?, ?)", (user["id"], data.invite_code))
        return {"invite_code": data.invite_code}


@app.get("/rewards")
def my_rewards(user: Me) -> list[dict[str, object]]:
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM rewards WHERE user_id = ? ORDER BY id DESC LIMIT 100", (user["id"],))
        return [dict(row) for row in rows]
