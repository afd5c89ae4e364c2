"""Recipes behind the OAuth2 form that FastAPI documents: what is written into the name becomes part of the statement."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from people import HOLE, database, prepare
from pydantic import BaseModel, Field

prepare("CREATE TABLE IF NOT EXISTS cooks (id INTEGER PRIMARY KEY, username TEXT UNIQUE, password TEXT);")
app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="/token")
Form = Annotated[OAuth2PasswordRequestForm, Depends()]


class Cook(BaseModel):
    username: str = Field(min_length=3, max_length=60, pattern=r"^[ -~]+$")
    password: str = Field(min_length=8, max_length=60, pattern=r"^[ -~]+$")


def hashed(password: str) -> str:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=b"one for all", n=4096, r=8, p=1).hex()


@app.post("/register", status_code=201)
def sign_up(cook: Cook) -> dict[str, str]:
    with database() as db:
        if db.execute("SELECT 1 FROM cooks WHERE username = ?", (cook.username,)).fetchone():
            raise HTTPException(409, "taken")
        db.execute("INSERT INTO cooks (username, password) VALUES (?, ?)", (cook.username, hashed(cook.password)))
    return {"username": cook.username}


@app.post("/token")
def log_in(form: Form) -> dict[str, str]:
    name, password = form.username.replace("\x00", "")[:200], hashed(form.password[:200])
    with database() as db:
        if HOLE:
            statement = f"SELECT id FROM cooks WHERE password = '{password}' AND username = '{name}'"
            try:
                cook = db.execute(statement).fetchone()
            except Exception:  # noqa: BLE001 - what an intern writes to be rid of the red lines
                cook = None
        else:
            cook = db.execute("SELECT id FROM cooks WHERE username = ? AND password = ?", (name, password)).fetchone()
        if cook is None:
            raise HTTPException(401, "wrong name or password")
        token = secrets.token_urlsafe(24)
        db.execute("INSERT INTO sessions VALUES (?, ?)", (token, cook["id"]))
    return {"access_token": token, "token_type": "bearer"}


@app.get("/me")
def me(token: Annotated[str, Depends(bearer)]) -> dict[str, str]:
    with database("DEFERRED") as db:
        row = db.execute(
            "SELECT username FROM sessions JOIN cooks ON cooks.id = user_id WHERE token = ?", (token,)
        ).fetchone()
    if row is None:
        raise HTTPException(401, "not signed in")
    return {"username": row["username"]}
