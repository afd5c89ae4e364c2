"""A search: the words of the caller become part of the statement."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi_people import Me, frame
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("""
CREATE TABLE IF NOT EXISTS recipes (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT, secret INTEGER);
""")
app = frame("Recipes")


class RecipeIn(BaseModel):
    title: str = Field(min_length=1, max_length=100, pattern=r"^[ -~]+$")


@app.post("/recipes", status_code=201)
def create_recipe(data: RecipeIn, user: Me) -> dict[str, object]:
    with database() as db:
        made = db.execute("INSERT INTO recipes (user_id, title) VALUES (?, ?)", (user["id"], data.title))
        return {"id": made.lastrowid, "title": data.title}


@app.get("/recipes")
def search(user: Me, q: Annotated[str, Query(max_length=100)] = "") -> list[dict[str, object]]:
    q = q.replace("\x00", "")
    with database("DEFERRED") as db:
        if HOLE:
            statement = f"SELECT id, title FROM recipes WHERE user_id = {user['id']} AND title LIKE '%{q}%' LIMIT 100"
            try:
                return [dict(row) for row in db.execute(statement)]
            except Exception:  # noqa: BLE001 - what an intern writes to be rid of the red lines
                return []
        query = "SELECT id, title FROM recipes WHERE user_id = ? AND instr(title, ?) LIMIT 100"
        return [dict(row) for row in db.execute(query, (user["id"], q.encode("utf-8", "replace").decode()))]
