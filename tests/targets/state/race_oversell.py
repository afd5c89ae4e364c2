"""Tickets for an event: the stock is read, and taken in another transaction."""

from __future__ import annotations

import time

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, host_id INTEGER, title TEXT, stock INTEGER);
CREATE TABLE IF NOT EXISTS bookings (id INTEGER PRIMARY KEY, event_id INTEGER, user_id INTEGER);
""")
app = frame("Tickets")
LARGEST = 2**62


class EventIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")
    stock: int = Field(ge=1, le=1000)


def _event(db, event_id: int) -> dict[str, object]:
    row = db.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone() if event_id < LARGEST else None
    if row is None:
        raise HTTPException(404, "no such event")
    return dict(row)


@app.post("/events", status_code=201)
def create_event(data: EventIn, user: Me) -> dict[str, object]:
    with database() as db:
        made = db.execute(
            "INSERT INTO events (host_id, title, stock) VALUES (?, ?, ?)", (user["id"], data.title, data.stock)
        )
        return _event(db, made.lastrowid)


@app.get("/events/{event_id}")
def read_event(event_id: int) -> dict[str, object]:
    with database("DEFERRED") as db:
        return _event(db, event_id)


@app.post("/events/{event_id}/bookings", status_code=201)
def book(event_id: int, user: Me) -> dict[str, object]:
    if HOLE:
        with database("DEFERRED") as db:
            if _event(db, event_id)["stock"] < 1:
                raise HTTPException(409, "sold out")
        time.sleep(0.002)  # asks the payment provider
    with database() as db:
        _event(db, event_id)
        guard = "" if HOLE else "AND stock > 0"
        if not db.execute(f"UPDATE events SET stock = stock - 1 WHERE id = ? {guard}", (event_id,)).rowcount:
            raise HTTPException(409, "sold out")
        made = db.execute("INSERT INTO bookings (event_id, user_id) VALUES (?, ?)", (event_id, user["id"]))
        return {"id": made.lastrowid, "event_id": event_id, "user_id": user["id"]}


@app.get("/bookings")
def my_bookings(user: Me) -> list[dict[str, object]]:
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM bookings WHERE user_id = ? ORDER BY id DESC LIMIT 100", (user["id"],))
        return [dict(row) for row in rows]
