"""A search by tags: each letter may belong to the tag before it or begin a new one, and all ways are tried before it says no."""

from __future__ import annotations

import re

from fastapi import HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS tagged (user_id INTEGER, tag TEXT);")
app = frame("Tags")
BACKTRACKS = re.compile(r"^(\w+,?)*$")
LINEAR = re.compile(r"^\w+(,\w+)*$")


@app.get("/tagged")
def tagged(user: Me, tags: str = "news") -> dict[str, object]:
    if not (BACKTRACKS if HOLE else LINEAR).match(tags):
        raise HTTPException(422, "tags are words with commas between them")
    names = tags.split(",")
    with database("DEFERRED") as db:
        marks = ",".join("?" * len(names[:100]))
        query = f"SELECT count(*) FROM tagged WHERE user_id = ? AND tag IN ({marks})"
        return {"count": db.execute(query, (user["id"], *names[:100])).fetchone()[0]}
