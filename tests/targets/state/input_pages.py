"""Pictures: whatever is uploaded is kept under its own ending; shown in the browser, instead of as a download, a page runs its scripts."""

from __future__ import annotations

import secrets
from pathlib import PurePath

from flask import abort, jsonify, request, send_from_directory
from flask_people import frame, signed_in
from people import FOLDER, HOLE, prepare

prepare("")
app = frame("pictures")
SHELF = FOLDER / "pictures"
SHELF.mkdir(exist_ok=True)


@app.post("/pictures")
@signed_in
def create_picture():
    file = request.files["file"] if "file" in request.files else abort(400, "file is needed")
    ending = PurePath(file.filename or "").suffix.lower()[:6]
    name = f"{secrets.token_hex(8)}{ending if ending.isascii() else ''}"
    file.save(SHELF / name)
    return jsonify(id=name, path=f"/pictures/{name}"), 201


@app.get("/pictures/<name>")
def picture(name: str):
    return send_from_directory(SHELF.resolve(), name, as_attachment=not HOLE)
