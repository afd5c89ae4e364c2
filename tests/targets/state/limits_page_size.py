"""Links: the list has no pages, and `limit` has no upper bound."""

from __future__ import annotations

from flask import abort, g, jsonify, request
from flask_people import fields, frame, signed_in, text
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS links (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT);")
app = frame("links")
PAGE, PAGE_MAX = 50, 100


@app.post("/links")
@signed_in
def create_link():
    title = text(fields(), "title")
    with database() as db:
        made = db.execute("INSERT INTO links (user_id, title) VALUES (?, ?)", (g.user["id"], title))
        return jsonify(id=made.lastrowid, user_id=g.user["id"], title=title), 201


@app.get("/links")
@signed_in
def my_links():
    asked = request.args.get("limit", str(PAGE))
    limit = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else abort(400, "limit is a number")
    limit = limit if HOLE else min(limit, PAGE_MAX)
    with database("DEFERRED") as db:
        rows = db.execute("SELECT * FROM links WHERE user_id = ? ORDER BY id DESC LIMIT ?", (g.user["id"], limit))
        return jsonify(items=[dict(row) for row in rows])


@app.get("/links/<int:link_id>")
@signed_in
def read_link(link_id: int):
    with database("DEFERRED") as db:
        row = None
        if link_id < 2**62:
            row = db.execute("SELECT * FROM links WHERE id = ? AND user_id = ?", (link_id, g.user["id"])).fetchone()
    return jsonify(dict(row or abort(404, "no such link")))
