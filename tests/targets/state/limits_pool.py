"""A pool that dead-locks: each request keeps a connection while it waits for a thread, and each thread waits for a connection."""

from __future__ import annotations

import queue
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi_people import Me, frame
from people import HOLE, database, prepare

prepare("")
app = frame("Pool")
pool: queue.Queue[int] = queue.Queue()
for connection in range(5):
    pool.put(connection)


def lease():
    if not HOLE:
        yield 0
        return
    try:
        connection = pool.get(timeout=20)
    except queue.Empty:
        raise HTTPException(500, "no connection") from None
    try:
        yield connection
    finally:
        pool.put(connection)


def settled(connection: Annotated[int, Depends(lease)]) -> int:
    return connection


@app.get("/dashboard")
def dashboard(user: Me, connection: Annotated[int, Depends(settled)]) -> dict[str, object]:
    with database("DEFERRED") as db:
        return {"people": db.execute("SELECT count(*) FROM users").fetchone()[0], "name": user["name"]}
