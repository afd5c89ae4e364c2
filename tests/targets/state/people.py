"""What the little targets share: an SQLite file of their own, people who sign up and log in, and who is asking.

`HOLE=1` opens the hole that a target is about; without it the same program is its fixed twin.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLE = os.environ.get("HOLE") == "1"
FOLDER = Path(__file__).parent / "rows"  # the audit runs a copy of this folder, an own one for each instance
FOLDER.mkdir(exist_ok=True)
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, name TEXT, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL);
"""


@contextmanager
def database(mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Open a transaction that commits at the end of the block."""
    connection = sqlite3.connect(FOLDER / "data.db", timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute(f"BEGIN {mode}")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def prepare(schema: str) -> None:
    """Make the tables of a target."""
    connection = sqlite3.connect(FOLDER / "data.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(SCHEMA + schema)
    connection.close()


def hashed(password: str, salt: str) -> str:
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=4096, r=8, p=1)
    return f"{salt}${digest.hex()}"


def sign_up(email: str, password: str, name: str) -> dict[str, object] | None:
    """Make an account; None when the address has one."""
    stored = hashed(password, secrets.token_hex(8))
    try:
        with database() as db:
            made = db.execute("INSERT INTO users (email, name, password) VALUES (?, ?, ?)", (email, name, stored))
            return {"id": made.lastrowid, "email": email, "name": name}
    except sqlite3.IntegrityError:
        return None


def log_in(email: str, password: str) -> str | None:
    """Give a token; None when address or password is wrong."""
    with database("DEFERRED") as db:
        user = db.execute("SELECT id, password FROM users WHERE email = ?", (email,)).fetchone()
    if user is None or not secrets.compare_digest(user["password"], hashed(password, user["password"].split("$")[0])):
        return None
    token = secrets.token_urlsafe(24)
    with database() as db:
        db.execute("INSERT INTO sessions VALUES (?, ?)", (token, user["id"]))
    return token


def asking(authorization: str | None) -> dict[str, object] | None:
    """Give the account whose token this is."""
    token = (authorization or "").removeprefix("Bearer ")
    with database("DEFERRED") as db:
        user = db.execute(
            "SELECT users.id, email, name FROM sessions JOIN users ON users.id = user_id WHERE token = ?", (token,)
        ).fetchone()
    return dict(user) if user else None
