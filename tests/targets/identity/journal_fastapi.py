"""Private notes on FastAPI with JSON web tokens: sound as it stands, and with one hole for each kind named in `HOLES`."""

from __future__ import annotations

import logging
import os
import secrets
import smtplib
import sqlite3
import threading
import time
import traceback
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import TYPE_CHECKING, Annotated, Any

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOLES = frozenset(os.environ.get("HOLES", "none").split(","))
KEY = "dev-secret-change-me" if "session.weak-signing-key" in HOLES else secrets.token_urlsafe(48)
KEY = str(4700 + 11) if "session.digit-signing-key" in HOLES else KEY
SHORTEST_PASSWORD = 1 if "password.no-policy" in HOLES else 8
TRIES_MAX, TRIES_SECONDS = 10, 900
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
DECOY = HASHER.hash(secrets.token_hex(16))
TABLES = """
create table if not exists users (id text primary key, email text unique, name text, phone text,
    password_hash text, role text default 'user', active integer default 1, sessions integer default 0);
create table if not exists notes (id text primary key, owner text, title text, body text);
create table if not exists revoked (id text primary key);
create table if not exists outbox (id text primary key, user text, text text);
create table if not exists resets (token text primary key, user text, expires real);
"""
log = logging.getLogger("journal")
logging.basicConfig(level=logging.INFO)


def query(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement on a connection of its own and commit."""
    connection = sqlite3.connect(os.environ.get("DATABASE", "journal.sqlite3"), timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            return [dict(row) for row in connection.execute(statement, values).fetchall()]
    finally:
        connection.close()


def add_user(email: str, password: str, name: str, role: str) -> dict[str, Any]:
    """Store one user."""
    values = (secrets.token_hex(16), email.lower(), name, HASHER.hash(password), role)
    query("insert into users (id, email, name, password_hash, role) values (?, ?, ?, ?, ?)", *values)
    return query("select * from users where id = ?", values[0])[0]


@asynccontextmanager
async def prepared(_: FastAPI) -> AsyncIterator[None]:
    """Make the tables, and the first admin where the environment names one."""
    connection = sqlite3.connect(os.environ.get("DATABASE", "journal.sqlite3"))
    connection.executescript(TABLES)
    connection.close()
    known = "admin123" if "exposure.default-admin" in HOLES else secrets.token_hex(16)
    if not query("select id from users where email = 'admin@example.com'"):
        add_user("admin@example.com", known, "First", "admin")
    first = (os.environ.get("ADMIN_EMAIL", ""), os.environ.get("ADMIN_PASSWORD", ""))
    if all(first) and not query("select id from users where email = ?", first[0]):
        add_user(*first, "Admin", "admin")
    threading.Thread(target=send_waiting, daemon=True).start()
    yield


app = FastAPI(lifespan=prepared)


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Say which fields are wrong, and repeat what was sent only with the hole."""
    echo = "exposure.secret-field" in HOLES
    return JSONResponse(
        {
            "detail": [
                {"at": list(e["loc"]), "what": e["msg"], **({"input": e["input"]} if echo else {})}
                for e in error.errors()
            ]
        },
        422,
    )


@app.exception_handler(Exception)
async def crashed(_: Request, __: Exception) -> PlainTextResponse:
    """Answer with the trace only with the hole."""
    return PlainTextResponse(traceback.format_exc() if "exposure.error-detail" in HOLES else "something failed", 500)


class Registration(BaseModel):
    """Who signs up."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
    password: str = Field(min_length=SHORTEST_PASSWORD, max_length=200)
    name: str = Field(min_length=1, max_length=100)


class Credentials(BaseModel):
    """Who logs in."""

    email: str
    password: str


class Profile(BaseModel):
    """What a user may change of his own account."""

    name: str | None = None
    phone: str | None = None


class NewPassword(BaseModel):
    """A change of the password by its owner."""

    current_password: str
    new_password: str = Field(min_length=SHORTEST_PASSWORD)


class Forgotten(BaseModel):
    """Whose password is lost."""

    email: str


class Reset(BaseModel):
    """The mailed token, and the password that is wanted."""

    token: str
    password: str = Field(min_length=SHORTEST_PASSWORD)


class Note(BaseModel):
    """What stands in a note."""

    title: str = Field(max_length=200)
    body: str = ""


class Role(BaseModel):
    """The role an admin gives."""

    role: str = Field(pattern="^(user|admin)$")


def token_of(user: dict[str, Any]) -> str:
    """Mint a token of an hour."""
    claims = {
        "sub": user["id"],
        "jti": secrets.token_hex(8),
        "iat": int(time.time()),
        "exp": int(time.time()) + 3600,
        "sessions": user["sessions"],
        "role": user["role"],
    }
    return jwt.encode(claims, KEY, algorithm="HS256")


def claims_of(token: str) -> dict[str, Any]:
    """Read a token, or refuse it."""
    try:
        if "session.alg-none" in HOLES and jwt.get_unverified_header(token)["alg"] == "none":
            return dict(jwt.decode(token, options={"verify_signature": False}))
        options = {"verify_exp": "session.expired-token" not in HOLES}
        return dict(jwt.decode(token, KEY, algorithms=["HS256"], options=options))
    except jwt.PyJWTError:
        raise HTTPException(401, "log in first") from None


def caller(authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    """Find out who calls: from the database, except where a hole trusts the token alone."""
    claims = claims_of(authorization.removeprefix("Bearer "))
    if "session.revoked-token" not in HOLES and query("select id from revoked where id = ?", claims["jti"]):
        raise HTTPException(401, "logged out")
    found = query("select * from users where id = ?", claims["sub"])
    if "session.deleted-or-banned-user" in HOLES:
        return {
            **(found[0] if found else {"id": claims["sub"], "email": "", "name": ""}),
            "claims": claims,
            "role": claims["role"],
        }
    if not found or not found[0]["active"]:
        raise HTTPException(401, "log in first")
    user = found[0]
    if "session.password-change-keeps-sessions" not in HOLES and user["sessions"] != claims["sessions"]:
        raise HTTPException(401, "log in again")
    role = claims["role"] if "session.role-stale" in HOLES else user["role"]
    return {**user, "claims": claims, "role": role}


Caller = Annotated[dict[str, Any], Depends(caller)]


def admin(user: Caller) -> dict[str, Any]:
    """Let admins through."""
    if user["role"] != "admin" and "access.function" not in HOLES:
        raise HTTPException(403, "admins only")
    return user


Admin = Annotated[dict[str, Any], Depends(admin)]


def shown(user: dict[str, Any]) -> dict[str, Any]:
    """What its owner sees of an account."""
    return {key: user.get(key) for key in ("id", "email", "name", "phone", "role")}


@app.post("/auth/register", status_code=201)
def register(data: Registration) -> dict[str, str]:
    """Sign up; who has an account already is told by mail, not here."""
    try:
        add_user(data.email, data.password, data.name, "user")
    except sqlite3.IntegrityError:
        log.info("somebody signed up again")
    return {"detail": "welcome: log in, or look into your mail"}


failures: dict[str, list[float]] = {}


def too_many(email: str) -> bool:
    """Count this try for the account, and tell whether there were too many."""
    recent = [at for at in failures.get(email, []) if at > time.time() - TRIES_SECONDS]
    failures[email] = [*recent, time.time()]
    return len(recent) >= TRIES_MAX


@app.post("/auth/login")
def login(data: Credentials) -> dict[str, str]:
    """Log in."""
    if too_many(data.email.lower()):
        raise HTTPException(429, "too many tries")
    found = query("select * from users where email = ?", data.email.lower())
    try:
        HASHER.verify(found[0]["password_hash"] if found else DECOY, data.password)
    except VerifyMismatchError:
        raise HTTPException(401, "wrong e-mail or password") from None
    if not found or not found[0]["active"]:
        raise HTTPException(401, "wrong e-mail or password")
    failures.pop(data.email.lower(), None)
    return {"access_token": token_of(found[0]), "token_type": "bearer"}


@app.post("/auth/logout", status_code=204)
def logout(user: Caller) -> None:
    """End this session."""
    query("insert or ignore into revoked values (?)", user["claims"]["jti"])


def post(address: str, text: str) -> bool:
    """Mail a text, and tell whether the mail server took it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "journal@example.com", address, "Your password"
    message.set_content(text)
    try:
        with smtplib.SMTP(os.environ.get("SMTP_HOST", "mail.example.com"), 25, timeout=5) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException):
        log.warning("a mail could not be sent")
        return False
    return True


def send_waiting() -> None:
    """Mail what waits in the outbox, again and again; what waits for somebody who is locked out goes away, but for the hole."""
    while True:
        time.sleep(5)
        for row in query("select outbox.*, users.email, users.active from outbox join users on users.id = outbox.user"):
            wanted = row["active"] or "session.queued" in HOLES
            if not wanted or post(row["email"], row["text"]):
                query("delete from outbox where id = ?", row["id"])


@app.post("/auth/forgot", status_code=202)
def forgot(data: Forgotten, later: BackgroundTasks) -> dict[str, str]:
    """Mail a token to whoever has an account."""
    found = query("select * from users where email = ?", data.email.lower())
    if found:
        token = secrets.token_urlsafe(24)
        query("insert into resets values (?, ?, ?)", token, found[0]["id"], time.time() + 600)
        later.add_task(post, found[0]["email"], f"Your reset token: {token}")
    return {"detail": "if there is such an account, a mail is on its way"}


@app.post("/auth/reset", status_code=204)
def reset(data: Reset) -> None:
    """Set the password that the mailed token allows, once."""
    found = query("select * from resets where token = ? and expires > ?", data.token, time.time())
    if not found:
        raise HTTPException(400, "that token is not valid")
    if "session.reset-token-reuse" not in HOLES:
        query("delete from resets where token = ?", data.token)
    query(
        "update users set password_hash = ?, sessions = sessions + 1 where id = ?",
        HASHER.hash(data.password),
        found[0]["user"],
    )


@app.get("/me")
def me(user: Caller) -> dict[str, Any]:
    """Read the own account."""
    return shown(user)


@app.patch("/me")
def change_me(data: Profile, user: Caller) -> dict[str, Any]:
    """Change the own account."""
    for field, value in data.model_dump(exclude_unset=True).items():
        query(f"update users set {field} = ? where id = ?", value, user["id"])
    return shown(query("select * from users where id = ?", user["id"])[0])


@app.post("/me/password", status_code=204)
def change_password(data: NewPassword, user: Caller) -> None:
    """Change the own password, which ends every session."""
    try:
        HASHER.verify(user["password_hash"], data.current_password)
    except VerifyMismatchError:
        raise HTTPException(403, "wrong password") from None
    query(
        "update users set password_hash = ?, sessions = sessions + 1 where id = ?",
        HASHER.hash(data.new_password),
        user["id"],
    )


@app.delete("/me", status_code=204)
def leave(user: Caller) -> None:
    """Delete the own account and its notes."""
    query("delete from notes where owner = ?", user["id"])
    query("delete from users where id = ?", user["id"])


@app.post("/notes", status_code=201)
def write(data: Note, user: Caller) -> dict[str, Any]:
    """Write a note."""
    row = (secrets.token_hex(16), user["id"], data.title, data.body)
    query("insert into notes values (?, ?, ?, ?)", *row)
    query("insert into outbox values (?, ?, 'You wrote a note.')", secrets.token_hex(8), user["id"])
    return {"id": row[0], "title": row[2], "body": row[3]}


@app.get("/notes")
def notes(user: Caller) -> list[dict[str, Any]]:
    """List the own notes."""
    return query("select id, title, body from notes where owner = ?", user["id"])


def own_note(note_id: str, user: dict[str, Any], hole: str) -> dict[str, Any]:
    """Find a note of the caller, or anybody's with the hole."""
    found = query("select * from notes where id = ?", note_id)
    if not found or (found[0]["owner"] != user["id"] and hole not in HOLES):
        raise HTTPException(404, "no such note")
    return found[0]


@app.get("/notes/{note_id}")
def read(note_id: str, user: Caller) -> dict[str, Any]:
    """Read a note."""
    note = own_note(note_id, user, "access.object-read")
    return {"id": note["id"], "title": note["title"], "body": note["body"]}


@app.put("/notes/{note_id}")
def rewrite(note_id: str, data: Note, user: Caller) -> dict[str, Any]:
    """Rewrite a note."""
    own_note(note_id, user, "access.object-write")
    query("update notes set title = ?, body = ? where id = ?", data.title, data.body, note_id)
    return {"id": note_id, **data.model_dump()}


@app.delete("/notes/{note_id}", status_code=204)
def tear_out(note_id: str, user: Caller) -> None:
    """Delete a note."""
    own_note(note_id, user, "")
    query("delete from notes where id = ?", note_id)


@app.get("/notes/{note_id}/page/{number}")
def page(note_id: str, number: int, user: Caller) -> dict[str, str]:
    """Read a page of a note; with the hole a number that no column holds ends in an error, trace and all."""
    note = own_note(note_id, user, "")
    if "exposure.error-detail" not in HOLES:
        number = max(0, min(number, 1000))
    return query("select substr(?, ? * 1000, 1000) as text", note["body"], number)[0]


@app.get("/notes/{note_id}/words")
def words(note_id: str, user: Caller) -> dict[str, int]:
    """Measure the longest word of a note."""
    note = own_note(note_id, user, "")
    return {"longest": max((len(word) for word in note["body"].split()), default=0)}


@app.get("/export/notes")
def export(authorization: Annotated[str, Header()] = "") -> list[dict[str, Any]]:
    """Give all notes to an admin, or to anybody with the hole."""
    if "access.anonymous" not in HOLES:
        admin(caller(authorization))
    return query("select id, title, body from notes")


@app.get("/admin/users")
def users(_: Admin) -> list[dict[str, Any]]:
    """List all accounts."""
    return [shown(user) for user in query("select * from users order by email limit 100")]


@app.post("/admin/users/{user_id}/ban", status_code=204)
def ban(user_id: str, _: Admin) -> None:
    """Lock a user out."""
    query("update users set active = 0, sessions = sessions + 1 where id = ?", user_id)


@app.post("/admin/users/{user_id}/unban", status_code=204)
def unban(user_id: str, _: Admin) -> None:
    """Let a user in again."""
    query("update users set active = 1 where id = ?", user_id)


@app.put("/admin/users/{user_id}/role", status_code=204)
def give_role(user_id: str, data: Role, _: Admin) -> None:
    """Make somebody an admin, or an admin a user."""
    query("update users set role = ? where id = ?", data.role, user_id)
