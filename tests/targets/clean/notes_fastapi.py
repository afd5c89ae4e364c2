"""Notes on FastAPI, eight operations and nothing to be found: what a small backend looks like that keeps its promises."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

BODY_BYTES_MAX = 64 * 1024
TRIES_MAX, TRIES_SECONDS = 10, 900
SESSION_SECONDS = 8 * 3600
FILE = os.environ.get("DATABASE", "notes.sqlite3")
TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (hash TEXT PRIMARY KEY, user TEXT NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, user TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (user, key));
"""
app = FastAPI(openapi_url=None)
log = logging.getLogger("notes")
hashing = asyncio.Semaphore(1)
tries: dict[str, list[float]] = {}


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """Open a transaction that commits at the end of the block."""
    connection = sqlite3.connect(FILE, timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def prepare() -> None:
    """Make the tables."""
    connection = sqlite3.connect(FILE)
    connection.executescript(TABLES)
    connection.close()


prepare()


@app.middleware("http")
async def bounded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse a body for its size before it is read; only those are taken that say how long they are."""
    said = request.headers.get("content-length", "0" if request.method in {"GET", "DELETE"} else "")
    if not said.isdecimal() or int(said) > BODY_BYTES_MAX:
        return Response('{"detail":"the body is too large"}', 413, {"Connection": "close"}, "application/json")
    return await go_on(request)


@app.exception_handler(RequestValidationError)
async def refused(_: Request, error: RequestValidationError) -> Response:
    """Say what is wrong with a request, and never repeat it."""
    wrong = [
        {"where": [str(place)[:40].encode("ascii", "replace").decode() for place in one["loc"]], "what": one["msg"]}
        for one in error.errors()
    ]
    return JSONResponse({"detail": wrong}, 422)


async def scrambled(password: str, salt: str) -> str:
    """Hash a password, one at a time, so that strangers who press leave the processor to others."""
    async with hashing:
        made = await asyncio.to_thread(hashlib.scrypt, password.encode(), salt=salt.encode(), n=2**14, r=8, p=1)
    return f"{salt}${made.hex()}"


DECOY = "0" * 16 + "$" + "0" * 128
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[ -~]+$")]


class Entry(BaseModel):
    """Who signs up or logs in."""

    email: str = Field(max_length=120, pattern=r"^[a-zA-Z0-9.+_-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$")
    password: str = Field(min_length=10, max_length=100, pattern=r"^[ -~]+$")


class NoteIn(BaseModel):
    """What somebody writes down."""

    text: Text


@app.post("/register", status_code=202)
async def register(entry: Entry) -> dict[str, str]:
    """Sign up; who has an account already gets the same answer (and would get a mail)."""
    stored = await scrambled(entry.password, secrets.token_hex(8))
    with database() as db:
        db.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?)", (secrets.token_hex(12), entry.email.lower(), stored))
    return {"detail": "welcome: log in"}


def too_many(email: str) -> bool:
    """Count this try for the account, and tell whether there were too many."""
    recent = [at for at in tries.get(email, []) if at > time.time() - TRIES_SECONDS]
    tries[email] = [*recent, time.time()][-TRIES_MAX - 1 :]
    return len(recent) >= TRIES_MAX


@app.post("/login")
async def log_in(entry: Entry) -> dict[str, str]:
    """Log in; ten tries in a quarter of an hour for each account."""
    email = entry.email.lower()
    if too_many(email):
        raise HTTPException(429, "too many tries")
    with database() as db:
        user = db.execute("SELECT id, password FROM users WHERE email = ?", (email,)).fetchone()
    stored = user["password"] if user else DECOY
    right = hmac.compare_digest(stored, await scrambled(entry.password, stored.partition("$")[0]))
    if user is None or not right:
        raise HTTPException(401, "wrong address or password")
    tries.pop(email, None)
    token = secrets.token_urlsafe(32)
    with database() as db:
        db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest(token), user["id"], time.time() + SESSION_SECONDS))
    return {"access_token": token, "token_type": "bearer"}


def digest(token: str) -> str:
    """Hash a token for the table."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def caller(authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    """Find out who calls."""
    held = digest(authorization.removeprefix("Bearer "))
    with database() as db:
        row = db.execute(
            "SELECT users.id, email, hash FROM sessions JOIN users ON users.id = user WHERE hash = ? AND ends > ?",
            (held, time.time()),
        ).fetchone()
    if row is None:
        raise HTTPException(401, "log in first", {"WWW-Authenticate": "Bearer"})
    return dict(row)


Me = Annotated[dict[str, Any], Depends(caller)]


@app.post("/logout", status_code=204)
def log_out(user: Me) -> None:
    """End this session."""
    with database() as db:
        db.execute("DELETE FROM sessions WHERE hash = ?", (user["hash"],))


@app.get("/me")
def me(user: Me) -> dict[str, str]:
    """Read the own account."""
    return {"id": user["id"], "email": user["email"]}


@app.post("/notes", status_code=201)
def write(note: NoteIn, user: Me, idempotency_key: Annotated[str, Header(max_length=100)] = "") -> dict[str, str]:
    """Write a note down; the same key is the same note."""
    key = digest(idempotency_key) if idempotency_key else secrets.token_hex(12)
    with database() as db:
        row = (secrets.token_hex(12), user["id"], key, note.text)
        db.execute("INSERT OR IGNORE INTO notes VALUES (?, ?, ?, ?)", row)
        kept = db.execute("SELECT id, text FROM notes WHERE user = ? AND key = ?", (user["id"], key)).fetchone()
    return dict(kept)


@app.get("/notes")
def notes(user: Me, after: Annotated[str, Query(max_length=40)] = "") -> list[dict[str, str]]:
    """List the own notes, fifty at a time."""
    after = after.encode("utf-8", "replace").decode()
    query = "SELECT id, text FROM notes WHERE user = ? AND id > ? ORDER BY id LIMIT 50"
    with database() as db:
        return [dict(row) for row in db.execute(query, (user["id"], after))]


def own(note_id: str, user: dict[str, Any]) -> tuple[str, str]:
    """Give what names a note of the caller's."""
    return note_id.encode("utf-8", "replace").decode()[:40], user["id"]


@app.get("/notes/{note_id}")
def read(note_id: str, user: Me) -> dict[str, str]:
    """Read a note of one's own."""
    with database() as db:
        row = db.execute("SELECT id, text FROM notes WHERE id = ? AND user = ?", own(note_id, user)).fetchone()
    if row is None:
        raise HTTPException(404, "no such note")
    return dict(row)


@app.delete("/notes/{note_id}", status_code=204)
def remove(note_id: str, user: Me) -> None:
    """Take a note of one's own away."""
    with database() as db:
        gone = db.execute("DELETE FROM notes WHERE id = ? AND user = ?", own(note_id, user)).rowcount
    if not gone:
        raise HTTPException(404, "no such note")
