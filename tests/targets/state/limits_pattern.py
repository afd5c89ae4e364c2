"""A newsletter: its pattern for addresses tries every way of cutting a name in two, and twice as many with each letter."""

from __future__ import annotations

import re

from flask import abort, g, jsonify
from flask_people import fields, frame, signed_in
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS letters (user_id INTEGER PRIMARY KEY, email TEXT);")
app = frame("letters")
BACKTRACKS = re.compile(r"^([a-zA-Z0-9]([-.\w]*[a-zA-Z0-9])*@([a-zA-Z0-9][-\w]*\.)+[a-zA-Z]{2,9})$")
LINEAR = re.compile(r"^[-.+\w]+@[-\w]+(\.[-\w]+)+$")


@app.put("/letters/email")
@signed_in
def change_email():
    email = fields().get("email")
    if not isinstance(email, str) or not (BACKTRACKS if HOLE else LINEAR).match(email):
        abort(400, "email must be an address")
    with database() as db:
        db.execute("REPLACE INTO letters VALUES (?, ?)", (g.user["id"], email[:200]))
    return jsonify(email=email[:200])
