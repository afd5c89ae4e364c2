"""Warranties: a purchase at the end of the calendar is accepted, and the day until which it counts is computed whatever it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import AwareDatetime, BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS warranties (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, bought_at TEXT);")
app = frame("Warranties")
TERM = timedelta(days=730)
YEARS = range(1900, 2200)


class WarrantyIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")
    bought_at: AwareDatetime


@app.post("/warranties", status_code=201)
def create_warranty(data: WarrantyIn, user: Me) -> dict[str, object]:
    with database() as db:
        insert = "INSERT INTO warranties (user_id, title, bought_at) VALUES (?, ?, ?)"
        made = db.execute(insert, (user["id"], data.title, data.bought_at.isoformat()))
        return {"id": made.lastrowid, "title": data.title}


@app.get("/warranties/{warranty_id}/end")
def end(warranty_id: int, user: Me) -> dict[str, object]:
    with database("DEFERRED") as db:
        query = "SELECT bought_at FROM warranties WHERE id = ? AND user_id = ?"
        row = db.execute(query, (warranty_id, user["id"])).fetchone() if abs(warranty_id) < 2**62 else None
    if row is None:
        raise HTTPException(404, "no such warranty")
    bought_at = datetime.fromisoformat(row["bought_at"])
    if not HOLE and bought_at.year not in YEARS:
        return {"id": warranty_id, "ends_at": None}
    return {"id": warranty_id, "ends_at": (bought_at + TERM).isoformat()}
