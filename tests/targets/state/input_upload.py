"""Letters: a file is kept under the name that its sender gave it, `..` and all."""

from __future__ import annotations

from flask import abort, jsonify, request
from flask_people import frame, signed_in
from people import FOLDER, HOLE, prepare
from werkzeug.utils import secure_filename

prepare("")
app = frame("letters")
SHELF = FOLDER / "letters"
SHELF.mkdir(exist_ok=True)


@app.post("/letters")
@signed_in
def create_letter():
    file = request.files["file"] if "file" in request.files else abort(400, "file is needed")
    name = file.filename if HOLE else secure_filename(file.filename or "")
    if not name or len(name) > 100 or not name.isascii() or not name.isprintable():
        abort(400, "a name is needed")
    try:
        file.save(SHELF / name)
    except OSError:
        abort(400, "that is no name")
    return jsonify(name=name), 201
