"""Reports: the write transaction is open before the body is read, so a caller who stalls stops every other writer."""

from __future__ import annotations

from flask import g, jsonify
from flask_people import fields, frame, signed_in, text
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS reports (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT);")
app = frame("reports")


@app.post("/reports")
@signed_in
def create_report():
    data = None if HOLE else fields()
    with database() as db:
        title = text(fields() if data is None else data, "title")
        made = db.execute("INSERT INTO reports (user_id, title) VALUES (?, ?)", (g.user["id"], title))
        return jsonify(id=made.lastrowid, user_id=g.user["id"], title=title), 201


@app.get("/reports")
@signed_in
def my_reports():
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM reports WHERE user_id = ? ORDER BY id DESC LIMIT 100", (g.user["id"],))
        return jsonify([dict(row) for row in rows])
