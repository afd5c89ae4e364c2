"""Visits: the time is given without saying in which zone it is meant."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import g, jsonify
from flask_people import fields, frame, signed_in, text
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, created_at TEXT);")
app = frame("visits")


@app.post("/visits")
@signed_in
def create_visit():
    title = text(fields(), "title")
    now = datetime.now(UTC)
    created_at = now.replace(tzinfo=None).isoformat() if HOLE else now.isoformat()
    with database() as db:
        insert = "INSERT INTO visits (user_id, title, created_at) VALUES (?, ?, ?)"
        made = db.execute(insert, (g.user["id"], title, created_at))
        return jsonify(id=made.lastrowid, title=title, created_at=created_at), 201


@app.get("/visits")
@signed_in
def my_visits():
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM visits WHERE user_id = ? ORDER BY id DESC LIMIT 100", (g.user["id"],))
        return jsonify([dict(row) for row in rows])
