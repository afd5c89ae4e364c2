"""Photos: every upload is kept, and nobody counts how many one caller has."""

from __future__ import annotations

import secrets

from flask import abort, g, jsonify, request
from flask_people import frame, signed_in
from people import FOLDER, HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS photos (id INTEGER PRIMARY KEY, user_id INTEGER, size INTEGER);")
app = frame("photos")
KEPT_BYTES_MAX = 5_000_000


@app.post("/photos")
@signed_in
def create_photo():
    file = request.files["file"] if "file" in request.files else abort(400, "file is needed")
    data = file.read()
    with database() as db:
        has = db.execute("SELECT coalesce(sum(size), 0) FROM photos WHERE user_id = ?", (g.user["id"],)).fetchone()[0]
        if not HOLE and has + len(data) > KEPT_BYTES_MAX:
            abort(413, "that is more than you may keep here")
        made = db.execute("INSERT INTO photos (user_id, size) VALUES (?, ?)", (g.user["id"], len(data)))
        (FOLDER / secrets.token_hex(8)).write_bytes(data)
        return jsonify(id=made.lastrowid, size=len(data)), 201
