"""What these targets share: an SQLite file beside them, people with tokens and a webhook, listings and orders.

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
FILE = Path(__file__).with_name("shop.db")
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, name TEXT, password TEXT NOT NULL, webhook_url TEXT);
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS listings (id INTEGER PRIMARY KEY, seller_id INTEGER NOT NULL, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, listing_id INTEGER, buyer_id INTEGER, status TEXT);
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, destination TEXT, body TEXT, about TEXT, state TEXT DEFAULT 'pending', tries INTEGER DEFAULT 0,
    next_try REAL DEFAULT 0);
"""


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
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(SCHEMA)
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
    with database() as db:
        user = db.execute("SELECT id, password FROM users WHERE email = ?", (email,)).fetchone()
        if user is None or user["password"] != hashed(password, user["password"].split("$")[0]):
            return None
        token = secrets.token_urlsafe(24)
        db.execute("INSERT INTO sessions VALUES (?, ?)", (token, user["id"]))
        return token


def asking(authorization: str | None) -> dict[str, object] | None:
    """Give the account whose token this is."""
    token = (authorization or "").removeprefix("Bearer ")
    with database() as db:
        user = db.execute(
            "SELECT users.id, email, name, webhook_url FROM sessions JOIN users ON users.id = user_id WHERE token = ?",
            (token,),
        ).fetchone()
    return dict(user) if user else None


def set_webhook(user_id: object, url: str | None) -> None:
    """Keep where somebody wants to be called."""
    with database() as db:
        db.execute("UPDATE users SET webhook_url = ? WHERE id = ?", (url, user_id))


def new_listing(seller_id: object, title: str) -> dict[str, object]:
    """Put something up for sale."""
    with database() as db:
        made = db.execute("INSERT INTO listings (seller_id, title) VALUES (?, ?)", (seller_id, title))
        return {"id": made.lastrowid, "seller_id": seller_id, "title": title}


def listing_with_seller(db: sqlite3.Connection, listing_id: object) -> dict[str, object] | None:
    """Find a listing with its seller's address and webhook."""
    row = db.execute(
        "SELECT listings.id, title, seller_id, email, webhook_url FROM listings JOIN users ON users.id = seller_id"
        " WHERE listings.id = ?",
        (listing_id,),
    ).fetchone()
    return dict(row) if row else None


def new_order(db: sqlite3.Connection, listing_id: object, buyer_id: object) -> dict[str, object]:
    """Order something."""
    made = db.execute(
        "INSERT INTO orders (listing_id, buyer_id, status) VALUES (?, ?, 'placed')", (listing_id, buyer_id)
    )
    return {"id": made.lastrowid, "listing_id": listing_id, "buyer_id": buyer_id, "status": "placed"}


def cancel_order(db: sqlite3.Connection, order_id: object, buyer_id: object) -> dict[str, object] | None:
    """Cancel one's own order; None when it is not one's own."""
    row = db.execute("SELECT * FROM orders WHERE id = ? AND buyer_id = ?", (order_id, buyer_id)).fetchone()
    if row is None:
        return None
    db.execute("UPDATE orders SET status = 'cancelled' WHERE id = ?", (order_id,))
    return {**dict(row), "status": "cancelled"}
