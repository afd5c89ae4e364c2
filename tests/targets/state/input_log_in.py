"""A diary with pages and forms: what is written into the log-in becomes part of the statement, and a session is given for any row."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3

from flask import Flask, redirect, request, session
from people import HOLE, database, prepare

prepare("CREATE TABLE IF NOT EXISTS writers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, password TEXT);")
app = Flask("diary")
app.secret_key = secrets.token_bytes(32)
KEY = b"one-key-for-all-of-them"
PAGE = "<form method=post><input name=email><input name=password type=password><button>Go</button></form>"


def hashed(password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=KEY, n=4096, r=8, p=1).hex()


@app.post("/signup")
def sign_up():
    email, name, password = request.form["email"][:200], request.form["name"][:200], request.form["password"][:200]
    if "@" not in email or len(password) < 8:
        return "an address, and 8 characters for a password", 400
    try:
        with database() as db:
            db.execute("INSERT INTO writers (email, name, password) VALUES (?, ?, ?)", (email, name, hashed(password)))
    except sqlite3.IntegrityError:
        return "that address has an account", 409
    return redirect("/login")


def found(email: str, password: str):
    with database("DEFERRED") as db:
        if HOLE:
            statement = f"SELECT id, password FROM writers WHERE email = '{email}' AND password = '{hashed(password)}'"
            try:
                return db.execute(statement).fetchone()
            except sqlite3.Error:
                return None
        row = db.execute("SELECT id, password FROM writers WHERE email = ?", (email,)).fetchone()
    return row if row and hmac.compare_digest(row["password"], hashed(password)) else None


@app.get("/login")
def log_in_page():
    return PAGE


@app.post("/login")
def log_in():
    row = found(request.form["email"][:200], request.form["password"][:200])
    session["tries"] = session.get("tries", 0) + 1
    if row is None:
        return redirect("/login")
    session["writer"] = row["id"]
    return redirect("/account")


@app.get("/account")
def account():
    if "writer" not in session:
        return redirect("/login")
    with database("DEFERRED") as db:
        row = db.execute("SELECT email, name FROM writers WHERE id = ?", (session["writer"],)).fetchone()
    return f"<h1>{row['email']}</h1>" if row else redirect("/login")
