"""The floor: the same work written by hand as raw ASGI, with apsw and msgspec and nothing else.

The session is looked up by the SHA-256 of its token on every request, the owner check is part of the SQL, a row has an ETag; a POST
writes row, audit row and (with a key) idempotency row in one transaction. Writes that arrive together share one commit (synchronous=FULL).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs

import apsw
import msgspec

Row = tuple[Any, ...]
SCHEMA = """
CREATE TABLE IF NOT EXISTS account (id BLOB PRIMARY KEY, email TEXT UNIQUE, salt BLOB, password BLOB);
CREATE TABLE IF NOT EXISTS session (hash BLOB PRIMARY KEY, account BLOB, expires_at INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS advert (id BLOB PRIMARY KEY, owner BLOB, title TEXT, description TEXT, price_eur INTEGER,
  quantity INTEGER, category TEXT, contact TEXT, available INTEGER, created_at INTEGER, version INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS advert_owner ON advert (owner, created_at);
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, account BLOB, verb TEXT, subject BLOB, at INTEGER);
CREATE TABLE IF NOT EXISTS idempotency (account BLOB, key TEXT, digest BLOB, answer BLOB, at INTEGER,
  PRIMARY KEY (account, key)) WITHOUT ROWID;
"""
COLUMNS = "id, owner, title, description, price_eur, quantity, category, contact, available, created_at, version"
SESSION = "SELECT account FROM session WHERE hash = ? AND expires_at > ?"
ONE = f"SELECT {COLUMNS} FROM advert WHERE id = ? AND owner = ?"  # noqa: S608 - constants
NEWEST = f"SELECT {COLUMNS} FROM advert WHERE owner = ? ORDER BY created_at DESC LIMIT ?"  # noqa: S608 - constants
REPLAY = "SELECT digest, answer FROM idempotency WHERE account = ? AND key = ?"
INSERT = f"INSERT INTO advert ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"  # noqa: S608 - constants
AUDIT = "INSERT INTO audit (account, verb, subject, at) VALUES (?, 'create', ?, ?)"
REMEMBER = "INSERT INTO idempotency (account, key, digest, answer, at) VALUES (?, ?, ?, ?, ?)"


class Price(msgspec.Struct):
    amount: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}\.[0-9]{2}$")]
    currency: Literal["EUR"]


class AdvertCreate(msgspec.Struct, forbid_unknown_fields=True):
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    description: Annotated[str, msgspec.Meta(max_length=500)]
    price: Price
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    category: Literal["bike", "book", "tool", "toy"]
    contact: Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    available: bool


class Credentials(msgspec.Struct):
    email: str
    password: str


decode_advert = msgspec.json.Decoder(AdvertCreate).decode
decode_credentials = msgspec.json.Decoder(Credentials).decode
encode = msgspec.json.Encoder().encode


def opened() -> apsw.Connection:
    connection = apsw.Connection(os.environ["BENCH_DATABASE"])
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000")
    return connection


writer = opened()
writer.execute(SCHEMA)
reader = opened()
Work = Callable[[], tuple[int, bytes, bytes]]
waiting: list[tuple[Work, asyncio.Future[tuple[int, bytes, bytes]]]] = []


def commit_waiting() -> None:
    """Do every waiting write in one transaction; one that fails is rolled back alone."""
    batch = waiting[:]
    waiting.clear()
    done = []
    writer.execute("BEGIN IMMEDIATE")
    for work, future in batch:
        writer.execute("SAVEPOINT one")
        try:
            done.append((future, work()))
        except apsw.Error as error:
            writer.execute("ROLLBACK TO one")
            future.set_exception(error)
        writer.execute("RELEASE one")
    writer.execute("COMMIT")
    for future, answer in done:
        if not future.done():
            future.set_result(answer)


def written(work: Work) -> asyncio.Future[tuple[int, bytes, bytes]]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[int, bytes, bytes]] = loop.create_future()
    if not waiting:
        loop.call_soon(commit_waiting)
    waiting.append((work, future))
    return future


def shown(row: Row) -> dict[str, Any]:
    """Answer a row as the client sees it: public id, money as text, RFC 3339 time."""
    return {
        "id": "advert_" + row[0].hex(),
        "owner": "person_" + row[1].hex(),
        "title": row[2],
        "description": row[3],
        "price": {"amount": f"{row[4] // 100}.{row[4] % 100:02d}", "currency": "EUR"},
        "quantity": row[5],
        "category": row[6],
        "contact": row[7],
        "available": bool(row[8]),
        "created_at": datetime.fromtimestamp(row[9] / 1_000_000, UTC),
    }


def actor_of(authorization: bytes) -> bytes | None:
    digest = hashlib.sha256(authorization[7:]).digest()
    found = reader.execute(SESSION, (digest, time.time_ns() // 1000)).fetchone()
    return found[0] if found else None


def read_one(actor: bytes, text: str, if_none_match: bytes) -> tuple[int, bytes, bytes]:
    try:
        key = bytes.fromhex(text.removeprefix("advert_"))
    except ValueError:
        return 404, b"{}", b""
    row = reader.execute(ONE, (key, actor)).fetchone()
    if row is None:
        return 404, b"{}", b""
    tag = b'"%d"' % row[10]
    return (304, b"", tag) if if_none_match == tag else (200, encode(shown(row)), tag)


def read_newest(actor: bytes, query: bytes) -> tuple[int, bytes, bytes]:
    limit = int(parse_qs(query.decode()).get("limit", ["50"])[0])
    rows = reader.execute(NEWEST, (actor, min(max(limit, 1), 100) + 1)).fetchall()
    return 200, encode({"items": [shown(row) for row in rows[:limit]], "next": None}), b""


def created(actor: bytes, body: bytes, key: str) -> Work:
    advert = decode_advert(body)
    digest = hashlib.sha256(body).digest()
    now = time.time_ns() // 1000
    units, _, cents = advert.price.amount.partition(".")
    identifier = (now // 1000).to_bytes(6, "big") + os.urandom(10)  # grows with time, so rows are appended to the tree
    row = (identifier, actor, advert.title, advert.description, int(units) * 100 + int(cents), advert.quantity)
    row += (advert.category, advert.contact, int(advert.available), now)

    def work() -> tuple[int, bytes, bytes]:
        earlier = key and writer.execute(REPLAY, (actor, key)).fetchone()
        if earlier:
            return (201, earlier[1], b'"1"') if earlier[0] == digest else (422, b"{}", b"")
        answer = encode(shown(row))
        writer.execute(INSERT, row)
        writer.execute(AUDIT, (actor, row[0], now))
        if key:
            writer.execute(REMEMBER, (actor, key, digest, answer, now))
        return 201, answer, b'"1"'

    return work


def register(body: bytes) -> Work:
    sent = decode_credentials(body)
    salt = os.urandom(16)
    password = hashlib.scrypt(sent.password.encode(), salt=salt, n=2**14, r=8, p=1)

    def work() -> tuple[int, bytes, bytes]:
        writer.execute("INSERT INTO account VALUES (?, ?, ?, ?)", (os.urandom(16), sent.email, salt, password))
        return 201, b"{}", b""

    return work


def login(body: bytes) -> Work:
    sent = decode_credentials(body)

    def work() -> tuple[int, bytes, bytes]:
        found = writer.execute("SELECT id, salt, password FROM account WHERE email = ?", (sent.email,)).fetchone()
        if not found or hashlib.scrypt(sent.password.encode(), salt=found[1], n=2**14, r=8, p=1) != found[2]:
            return 401, b"{}", b""
        token = os.urandom(32).hex()
        values = (hashlib.sha256(token.encode()).digest(), found[0], time.time_ns() // 1000 + 86_400_000_000)
        writer.execute("INSERT INTO session VALUES (?, ?, ?)", values)
        return 200, encode({"token": token}), b""

    return work


async def received(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    message = await receive()
    body: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    return body


async def answer(scope: dict[str, Any], receive: Any) -> tuple[int, bytes, bytes]:
    method, path = scope["method"], scope["path"]
    authorization = key = if_none_match = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"idempotency-key":
            key = value
        elif name == b"if-none-match":
            if_none_match = value
    if path.startswith("/auth/"):
        body = await received(receive)
        return await written(register(body) if path == "/auth/register" else login(body))
    actor = actor_of(authorization)
    if actor is None:
        return 401, b"{}", b""
    if method == "POST" and path == "/adverts":
        return await create(actor, await received(receive), key.decode())
    if method == "GET" and path.startswith("/adverts/"):
        return read_one(actor, path[9:], if_none_match)
    return read_newest(actor, scope["query_string"]) if path == "/adverts" else (404, b"{}", b"")


async def create(actor: bytes, body: bytes, key: str) -> tuple[int, bytes, bytes]:
    try:
        work = created(actor, body, key)
    except msgspec.ValidationError:
        return 422, b"{}", b""
    return await written(work)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    status, body, tag = await answer(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if tag:
        headers.append((b"etag", tag))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
