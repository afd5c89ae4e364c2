"""Films: the money back for whoever does not say that he has watched, although the film was sent to him."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS films (id INTEGER PRIMARY KEY, maker_id INTEGER, title TEXT, duration_minutes INTEGER);
CREATE TABLE IF NOT EXISTS rentals (film_id INTEGER, user_id INTEGER, watched INTEGER, opened INTEGER, UNIQUE (film_id, user_id));
""")
app = frame("Films")


class FilmIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")
    duration_minutes: int = Field(ge=1, le=10_000)


class ProgressIn(BaseModel):
    watched_minutes: int = Field(default=0, ge=0, le=10_000)
    finished: bool = False


def _film(db, film_id: int) -> dict[str, object]:
    row = db.execute("SELECT * FROM films WHERE id = ?", (film_id,)).fetchone() if film_id < 2**62 else None
    if row is None:
        raise HTTPException(404, "not found")
    return dict(row)


def _rental(db, film_id: int, user: dict) -> dict[str, object]:
    found = "SELECT * FROM rentals WHERE film_id = ? AND user_id = ?"
    row = db.execute(found, (_film(db, film_id)["id"], user["id"])).fetchone()
    if row is None:
        raise HTTPException(403, "rent it first")
    return dict(row)


@app.post("/films", status_code=201)
def create_film(data: FilmIn, user: Me) -> dict[str, object]:
    with database() as db:
        insert = "INSERT INTO films (maker_id, title, duration_minutes) VALUES (?, ?, ?)"
        return _film(db, db.execute(insert, (user["id"], data.title, data.duration_minutes)).lastrowid)


@app.get("/films/{film_id}")
def read_film(film_id: int, user: Me) -> dict[str, object]:
    with database() as db:
        film = _film(db, film_id)
        if film["maker_id"] != user["id"]:
            _rental(db, film_id, user)
            db.execute("UPDATE rentals SET opened = 1 WHERE film_id = ? AND user_id = ?", (film_id, user["id"]))
        return film


@app.post("/films/{film_id}/rent", status_code=201)
def rent(film_id: int, user: Me) -> dict[str, object]:
    with database() as db:
        film = _film(db, film_id)
        insert = "INSERT OR IGNORE INTO rentals (film_id, user_id, watched, opened) VALUES (?, ?, 0, 0)"
        db.execute(insert, (film_id, user["id"]))
        return {"film": film["title"], "rented": True}


@app.put("/films/{film_id}/progress")
def put_progress(film_id: int, data: ProgressIn, user: Me) -> dict[str, object]:
    with database() as db:
        _rental(db, film_id, user)
        watched = "UPDATE rentals SET watched = ?, opened = 1 WHERE film_id = ? AND user_id = ?"
        db.execute(watched, (data.watched_minutes, film_id, user["id"]))
        return {"film_id": film_id, "watched_minutes": data.watched_minutes}


@app.post("/films/{film_id}/refund")
def refund(film_id: int, user: Me) -> dict[str, object]:
    with database() as db:
        rental = _rental(db, film_id, user)
        if rental["watched" if HOLE else "opened"]:
            raise HTTPException(409, "it was watched")
        db.execute("DELETE FROM rentals WHERE film_id = ? AND user_id = ?", (film_id, user["id"]))
        return {"film_id": film_id, "refunded": True}
