"""Measurements: Infinity is stored, and from then on nobody can read the list."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import JSONResponse
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS readings (id INTEGER PRIMARY KEY, user_id INTEGER, level REAL);")
app = frame("Readings")


class ReadingIn(BaseModel):
    level: Annotated[float, Field(allow_inf_nan=HOLE)]


@app.post("/readings", status_code=201)
def create_reading(data: ReadingIn, user: Me) -> dict[str, object]:
    level = None if data.level != data.level else data.level
    with database() as db:
        made = db.execute("INSERT INTO readings (user_id, level) VALUES (?, ?)", (user["id"], level))
        return {"id": made.lastrowid}


@app.get("/readings")
def readings() -> JSONResponse:
    with database("DEFERRED") as db:
        return JSONResponse([dict(row) for row in db.execute("SELECT * FROM readings ORDER BY id DESC LIMIT 100")])
