"""Notes: one cursor for all threads, so that one request fetches the row that another has asked for."""

from __future__ import annotations

import sqlite3
import time

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, user_id INTEGER, text TEXT);")
app = frame("Notes")


class Cursor:
    """A driver's cursor, without its luck: threads that share a real one may end the process instead of being mixed up."""

    def __init__(self) -> None:
        self.row: sqlite3.Row | None = None

    def execute(self, query: str, given: tuple[int, int]) -> None:
        with database("DEFERRED") as db:
            self.row = db.execute(query, given).fetchone()

    def fetchone(self) -> sqlite3.Row | None:
        return self.row


shared = Cursor()


class NoteIn(BaseModel):
    text: str = Field(min_length=1, max_length=200, pattern=r"^[ -~]+$")


@app.post("/notes", status_code=201)
def create_note(data: NoteIn, user: Me) -> dict[str, object]:
    with database() as db:
        made = db.execute("INSERT INTO notes (user_id, text) VALUES (?, ?)", (user["id"], data.text))
        return {"id": made.lastrowid, "user_id": user["id"], "text": data.text}


@app.get("/notes/{note_id}")
def read_note(note_id: int, user: Me) -> dict[str, object]:
    if note_id >= 2**62:
        raise HTTPException(404, "no such note")
    query, given = "SELECT id, user_id, text FROM notes WHERE id = ? AND user_id = ?", (note_id, user["id"])
    if HOLE:
        shared.execute(query, given)
        time.sleep(0.003)
        row = shared.fetchone()
    else:
        with database("DEFERRED") as db:
            row = db.execute(query, given).fetchone()
    if row is None:
        raise HTTPException(404, "no such note")
    return {"id": row[0], "user_id": row[1], "text": row[2]}


@app.get("/notes")
def my_notes(user: Me) -> list[dict[str, object]]:
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM notes WHERE user_id = ? ORDER BY id DESC LIMIT 100", (user["id"],))
        return [dict(row) for row in rows]
