"""A little shop on Flask with opaque tokens: sound as it stands, and with one hole for each kind named in `HOLES`."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import sqlite3
import time
from functools import wraps
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from flask import Flask, abort, g, jsonify, request
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

HOLES = frozenset(os.environ.get("HOLES", "none").split(","))
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
DECOY = HASHER.hash(secrets.token_hex(16))
TRIES_MAX, TRIES_SECONDS = 10, 900
SESSION_SECONDS = 30 * 24 * 3600
TABLES = """
create table if not exists users (id text primary key, email text unique, name text, phone text, password_hash text,
    is_admin integer default 0, balance_cents integer default 0);
create table if not exists tokens (hash text primary key, user text, expires real);
create table if not exists products (id text primary key, title text, price_cents integer);
create table if not exists orders (id integer primary key, public text unique, user text, product_id text, address text,
    status text default 'placed');
"""
logging.basicConfig(level=logging.INFO)
logging.getLogger("werkzeug").setLevel(logging.WARNING)
log = logging.getLogger("shop")
app = Flask(__name__)
failures: dict[str, list[float]] = {}


def query(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement on a connection of its own and commit."""
    connection = sqlite3.connect(os.environ.get("DATABASE", "shop.sqlite3"), timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            return [dict(row) for row in connection.execute(statement, values).fetchall()]
    finally:
        connection.close()


def hashed(password: str) -> str:
    """Hash a password: argon2id, or one round of SHA-256 with the hole."""
    if "password.weak-hash" in HOLES:
        return hashlib.sha256(password.encode()).hexdigest()
    return HASHER.hash(password)


def fits(stored: str, password: str) -> bool:
    """Tell whether a password is the stored one."""
    if "password.weak-hash" in HOLES:
        return secrets.compare_digest(stored, hashlib.sha256(password.encode()).hexdigest())
    try:
        return HASHER.verify(stored, password)
    except VerificationError:
        return False


def add_user(email: str, password: str, name: str, **more: Any) -> None:
    """Store one user."""
    fields = {"id": secrets.token_hex(12), "email": email, "name": name, "password_hash": hashed(password), **more}
    columns, marks = ", ".join(fields), ", ".join("?" * len(fields))
    query(f"insert into users ({columns}) values ({marks})", *fields.values())


def prepare() -> None:
    """Make the tables, what is sold, and the first admin where the environment names one."""
    connection = sqlite3.connect(os.environ.get("DATABASE", "shop.sqlite3"))
    connection.executescript(TABLES)
    connection.close()
    if not query("select id from products"):
        query("insert into products values (?, 'Tea', 450)", secrets.token_hex(12))
    first = (os.environ.get("ADMIN_EMAIL", ""), os.environ.get("ADMIN_PASSWORD", ""))
    if all(first) and not query("select id from users where email = ?", first[0]):
        add_user(*first, "Admin", is_admin=1)


prepare()


@app.errorhandler(Exception)
def failed(error: Exception) -> ResponseReturnValue:
    """Answer each error as JSON, without its inside."""
    if isinstance(error, HTTPException):
        return jsonify(error=error.description), error.code or 500
    log.error("failed with %s", type(error).__name__)
    return jsonify(error="something failed"), 500


@app.before_request
def note() -> None:
    """Log what comes in: the path alone, or the whole body with the hole."""
    log.info(
        "%s %s %s",
        request.method,
        request.path,
        request.get_data(as_text=True) if "exposure.log-secret" in HOLES else "",
    )


def text(name: str, shortest: int = 1, longest: int = 300) -> str:
    """Read a text of the body."""
    value = (request.get_json(silent=True) or {}).get(name)
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        abort(400, f"{name} is a text of {shortest} to {longest} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        abort(400, f"{name} is not a text")
    return value


def digest(token: str) -> str:
    """Hash a token for the table."""
    return hashlib.sha256(token.encode()).hexdigest()


def bearer() -> str:
    """Read the token of this request."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only the signed-in through."""

    @wraps(view)
    def guarded(*positional: Any, **named: Any) -> Any:
        found = query("select user from tokens where hash = ? and expires > ?", digest(bearer()), time.time())
        users = query("select * from users where id = ?", found[0]["user"]) if found else []
        if not users:
            abort(401, "log in first")
        g.user = users[0]
        return view(*positional, **named)

    return guarded


def admins(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only admins through, or everybody who is signed in with the hole."""

    @wraps(view)
    @signed_in
    def guarded(*positional: Any, **named: Any) -> Any:
        if not g.user["is_admin"] and "access.function" not in HOLES:
            abort(403, "admins only")
        return view(*positional, **named)

    return guarded


def shown(user: dict[str, Any]) -> dict[str, Any]:
    """What its owner sees of an account."""
    kept = ("id", "email", "name", "phone", "balance_cents", "is_admin")
    return {key: user[key] for key in (*kept, *(("password_hash",) if "exposure.secret-field" in HOLES else ()))}


def sign_in(user: str) -> str:
    """Begin a session."""
    token = secrets.token_urlsafe(32)
    query("insert into tokens values (?, ?, ?)", digest(token), user, time.time() + SESSION_SECONDS)
    return token


@app.post("/api/register")
def register() -> ResponseReturnValue:
    """Sign up; who has an account already is told by mail, except with the hole."""
    email = text("email", 5, 200).lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        abort(400, "email is not an address")
    more: dict[str, Any] = {}
    if "access.mass-assignment" in HOLES:
        more = {key: request.json[key] for key in ("is_admin", "balance_cents") if key in request.json}  # type: ignore[index]
    try:
        add_user(email, text("password", 8), text("name"), **more)
    except sqlite3.IntegrityError:
        if "login.enumeration" in HOLES:
            abort(409, "there is an account with that address")
    return {"detail": "welcome: log in, or look into your mail"}, 201


def too_many(key: str) -> bool:
    """Count this try, and tell whether there were too many."""
    if "login.no-throttle" in HOLES:
        return False
    recent = [at for at in failures.get(key, []) if at > time.time() - TRIES_SECONDS]
    failures[key] = [*recent, time.time()]
    return len(recent) >= TRIES_MAX


@app.post("/api/login")
def login() -> ResponseReturnValue:
    """Log in; ten tries in a quarter of an hour for each account, wherever they come from."""
    email, password = text("email").lower(), text("password")
    key = request.headers.get("X-Forwarded-For", email) if "login.no-throttle-forged" in HOLES else email
    if too_many(key):
        abort(429, "too many tries")
    found = query("select * from users where email = ?", email)
    if not found and "login.enumeration-time" in HOLES:
        abort(401, "wrong e-mail or password")
    if not fits(found[0]["password_hash"] if found else DECOY, password) or not found:
        abort(401, "wrong e-mail or password")
    failures.pop(key, None)
    if "exposure.log-personal" in HOLES:
        log.info("%s <%s> logged in", found[0]["name"], found[0]["email"])
    return {"token": sign_in(found[0]["id"])}


@app.post("/api/logout")
@signed_in
def logout() -> ResponseReturnValue:
    """End this session."""
    if "session.revoked-token" not in HOLES:
        query("delete from tokens where hash = ?", digest(bearer()))
    return "", 204


@app.get("/api/me")
@signed_in
def me() -> ResponseReturnValue:
    """Read the own account."""
    return shown(g.user)


@app.patch("/api/me")
@signed_in
def change_me() -> ResponseReturnValue:
    """Change name and phone of the own account."""
    given = request.get_json(silent=True) or {}
    for field in ("name", "phone"):
        if field in given:
            query(f"update users set {field} = ? where id = ?", text(field), g.user["id"])
    return shown(query("select * from users where id = ?", g.user["id"])[0])


@app.post("/api/me/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the own password, which ends all sessions."""
    if not fits(g.user["password_hash"], text("current_password")):
        abort(403, "wrong password")
    query("update users set password_hash = ? where id = ?", hashed(text("new_password", 8)), g.user["id"])
    if "session.password-change-keeps-sessions" not in HOLES:
        query("delete from tokens where user = ?", g.user["id"])
    return "", 204


@app.put("/api/users/<user_id>/password")
@signed_in
def set_password(user_id: str) -> ResponseReturnValue:
    """Set the own password, whatever the path says; with the hole that of whom the path says."""
    owner = user_id if "access.object-write" in HOLES else g.user["id"]
    query("update users set password_hash = ? where id = ?", hashed(text("password", 8)), owner)
    return "", 204


@app.get("/api/products")
def products() -> ResponseReturnValue:
    """What is sold."""
    return jsonify(query("select * from products"))


def order_shown(order: dict[str, Any]) -> dict[str, Any]:
    """What is seen of an order; its countable id only with the hole."""
    id_ = order["id"] if "exposure.internal-id" in HOLES else order["public"]
    return {"id": id_, **{key: order[key] for key in ("product_id", "address", "status")}}


@app.post("/api/orders")
@signed_in
def place_order() -> ResponseReturnValue:
    """Order something."""
    product = text("product_id")
    if not query("select id from products where id = ?", product):
        abort(400, "there is no such product")
    public = secrets.token_hex(12)
    query(
        "insert into orders (public, user, product_id, address) values (?, ?, ?, ?)",
        public,
        g.user["id"],
        product,
        text("address", 5),
    )
    return order_shown(query("select * from orders where public = ?", public)[0]), 201


@app.get("/api/orders")
@signed_in
def orders() -> ResponseReturnValue:
    """List the own orders."""
    return jsonify([order_shown(row) for row in query("select * from orders where user = ?", g.user["id"])])


def own_order(given: str) -> dict[str, Any]:
    """Find an order of the caller."""
    column = "id" if "exposure.internal-id" in HOLES else "public"
    found = query(f"select * from orders where {column} = ? and user = ?", given[:40], g.user["id"])
    return found[0] if found else abort(404, "no such order")


@app.get("/api/orders/<order_id>")
@signed_in
def order(order_id: str) -> ResponseReturnValue:
    """Read an order."""
    return order_shown(own_order(order_id))


@app.post("/api/orders/<order_id>/cancel")
@signed_in
def cancel(order_id: str) -> ResponseReturnValue:
    """Cancel an order."""
    if "access.object-write" in HOLES:
        query("update orders set status = 'cancelled' where public = ?", order_id)
        return {"status": "cancelled"}
    query("update orders set status = 'cancelled' where id = ?", own_order(order_id)["id"])
    return {"status": "cancelled"}


@app.get("/api/customers")
@signed_in
def customers() -> ResponseReturnValue:
    """Everybody who bought: first names, or whole addresses with the hole."""
    fields = "name, email, phone" if "exposure.personal-field" in HOLES else "substr(name, 1, 1) as initial"
    return jsonify(query(f"select {fields} from users limit 100"))


@app.get("/api/admin/hours")
@signed_in
def hours() -> ResponseReturnValue:
    """When an admin can be reached: for all, although the path does not look like it."""
    return {"from": "9:00", "to": "17:00"}


@app.get("/api/admin/users")
@admins
def users() -> ResponseReturnValue:
    """List all accounts."""
    return jsonify([shown(user) for user in query("select * from users limit 100")])


if "exposure.debug" in HOLES:

    @app.get("/debug/config")
    def debug() -> ResponseReturnValue:
        """Show the environment and the configuration to anybody."""
        return jsonify({"environ": dict(os.environ), "config": {key: str(value) for key, value in app.config.items()}})
