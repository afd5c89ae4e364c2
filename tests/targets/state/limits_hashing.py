"""Log-in: slow password hashing in the threads that serve everybody, as many at once as anybody asks for."""

from __future__ import annotations

import hashlib
import threading

from fastapi import FastAPI, HTTPException
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("")
app = FastAPI(title="Hashing")
slots = threading.BoundedSemaphore(2)


class LogInIn(BaseModel):
    email: str = Field(max_length=200)
    password: str = Field(max_length=200)


def _slowly(password: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "replace"), b"salt" * 4, 500_000)


@app.post("/staff/login")
def staff_login(data: LogInIn) -> dict[str, str]:
    if not HOLE and not slots.acquire(timeout=0.05):
        raise HTTPException(503, "busy, try again", headers={"Retry-After": "1"})
    try:
        _slowly(data.password)
    finally:
        if not HOLE:
            slots.release()
    raise HTTPException(401, "wrong address or password")


@app.get("/staff/notice")
def notice() -> dict[str, int]:
    with database("DEFERRED") as db:
        return {"people": db.execute("SELECT count(*) FROM users").fetchone()[0]}
