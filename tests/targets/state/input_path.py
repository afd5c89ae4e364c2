"""Documents: the name of a file is taken from the caller, `..` and all."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi.responses import PlainTextResponse
from fastapi_people import Me, frame
from people import FOLDER, HOLE, prepare

prepare("")
app = frame("Documents")
SHELF = FOLDER / "documents"
SHELF.mkdir(exist_ok=True)
(SHELF / "terms.txt").write_text("The terms.")


@app.get("/documents")
def documents() -> list[str]:
    return [entry.name for entry in SHELF.iterdir()]


@app.get("/documents/{name:path}")
def document(name: str, user: Me) -> PlainTextResponse:
    if "\x00" in name or len(name) > 200:
        raise HTTPException(404, "no such document")
    wanted = SHELF / name.encode("utf-8", "replace").decode()
    if not HOLE and not wanted.resolve().is_relative_to(SHELF.resolve()):
        raise HTTPException(404, "no such document")
    if not wanted.is_file():
        raise HTTPException(404, "no such document")
    return PlainTextResponse(wanted.read_bytes().decode("utf-8", "replace"))
