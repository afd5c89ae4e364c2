"""A diary: numbers, dates and nested bodies are taken for granted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import abort, g, jsonify, request
from flask_people import frame, signed_in, text
from people import HOLE, database, prepare

prepare(
    "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, day TEXT, ends TEXT);"
)
app = frame("diary")


def _body() -> dict[str, object]:
    try:
        data = request.get_json()
    except RecursionError:
        if HOLE:
            raise
        abort(400, "that is nested too deep")
    return data if HOLE or isinstance(data, dict) else abort(400, "a JSON object is needed")


def _day(data: dict[str, object]) -> datetime:
    try:
        day = datetime.fromisoformat(str(data["day"]))
    except (KeyError, ValueError):
        abort(400, "day is a date and time such as 2026-01-31T10:00:00Z")
    if HOLE:
        return day.astimezone(UTC)
    try:
        return day.astimezone(UTC) if 1900 < day.year < 2200 else abort(400, "day is out of range")
    except OverflowError:
        abort(400, "day is out of range")


@app.post("/entries")
@signed_in
def create_entry():
    data = _body()
    title = data["title"].strip() if HOLE else text(data, "title")
    day = _day(data)
    with database() as db:
        insert = "INSERT INTO entries (user_id, title, day, ends) VALUES (?, ?, ?, ?)"
        made = db.execute(insert, (g.user["id"], title, day.isoformat(), (day + timedelta(days=1)).isoformat()))
        return jsonify(id=made.lastrowid, title=title, day=day.isoformat()), 201


@app.get("/entries")
@signed_in
def my_entries():
    asked = request.args.get("limit", "50")
    if not HOLE and not (asked.isascii() and asked.isdigit() and len(asked) < 9):
        abort(400, "limit is a number")
    with database("DEFERRED") as db:
        query = "SELECT id, title, day FROM entries WHERE user_id = ? ORDER BY id DESC LIMIT ?"
        return jsonify([dict(row) for row in db.execute(query, (g.user["id"], min(int(asked), 100)))])


@app.get("/entries/<entry_id>")
@signed_in
def read_entry(entry_id: str):
    if not HOLE and not (entry_id.isascii() and entry_id.isdigit() and len(entry_id) < 18):
        abort(404, "no such entry")
    query = "SELECT id, title, day FROM entries WHERE user_id = ? AND id = ?"
    with database("DEFERRED") as db:
        row = db.execute(query, (g.user["id"], int(entry_id))).fetchone()
    return jsonify(dict(row or abort(404, "no such entry")))
