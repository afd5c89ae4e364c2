"""A library that keeps everything in memory: sound as it stands, and with one forgotten guard for each name in `HOLES`.

There is no database to look into, and nobody is a librarian from the start whose password is known.
"""

from __future__ import annotations

import enum
import hashlib
import logging
import os
import secrets
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict, Field

HOLES = frozenset(os.environ.get("HOLES", "none").split(","))
CODE_DIGITS = 5 if "code-short" in HOLES else 12
TRIES_MAX = 10


class Rank(enum.StrEnum):
    """Who somebody is; the audit finds these words in the source."""

    READER = "Reader"
    LIBRARIAN = "Librarian"


people: dict[str, dict[str, Any]] = {}
sessions: dict[str, str] = {}
books: dict[str, dict[str, Any]] = {}
loans: dict[str, dict[str, Any]] = {}
resets: dict[str, str] = {}
tries: dict[str, int] = {}
guesses: dict[str, int] = {}
app = FastAPI()
logging.basicConfig(level=logging.INFO)
log = logging.getLogger("library")


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Say what is wrong without saying it back."""
    return JSONResponse({"detail": [{"at": list(map(str, e["loc"])), "what": e["type"]} for e in error.errors()]}, 422)


def hashed(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt.encode(), n=4096, r=8, p=1).hex()


def new_id() -> str:
    return secrets.token_hex(12)


for title in ("Emma", "Ulysses", "Walden"):
    number = new_id()
    books[number] = {"id": number, "title": title}


class Arriving(BaseModel):
    username: str = Field(min_length=3, max_length=60)
    password: str = Field(min_length=8, max_length=200)
    phone: str = Field(min_length=5, max_length=30)


class Changed(BaseModel):
    model_config = ConfigDict(extra="allow")
    username: str = Field(max_length=60)
    phone: str = Field(max_length=30)


class Patched(BaseModel):
    model_config = ConfigDict(extra="allow")
    phone: str | None = Field(None, max_length=30)


class Book(BaseModel):
    title: str = Field(max_length=100)


class Loan(BaseModel):
    delivery_address: str = Field(max_length=200)


class Forgotten(BaseModel):
    username: str = Field(max_length=60)


class Reset(Forgotten):
    reset_code: str = Field(max_length=40)
    new_password: str = Field(min_length=8, max_length=200)


def me(authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    name = sessions.get(authorization.removeprefix("Bearer "))
    return people[name] if name else refuse(401, "not signed in")


def refuse(status: int, why: str) -> Any:
    raise HTTPException(status, why)


Me = Annotated[dict[str, Any], Depends(me)]


def librarian(user: Me) -> dict[str, Any]:
    return user if user["role"] == Rank.LIBRARIAN else refuse(403, "for librarians")


def profile(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in ("username", "phone", "role", "card_number")}


@app.post("/register", status_code=201)
def register(data: Arriving) -> dict[str, Any]:
    if data.username in people:
        refuse(409, "that name is taken")
    salt = secrets.token_hex(8)
    card = f"{secrets.randbelow(10**12):012d}"
    people[data.username] = {
        "username": data.username, "phone": data.phone, "role": Rank.READER, "salt": salt, "card_number": card,
        "password": hashed(data.password, salt),
    }  # fmt: skip
    return profile(people[data.username])


@app.post("/login")
def login(data: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    user = people.get(data.username)
    if guesses.get(data.username, 0) >= TRIES_MAX and "no-throttle" not in HOLES:
        refuse(429, "too many wrong passwords")
    if user is None or user["password"] != hashed(data.password, user["salt"]):
        guesses[data.username] = guesses.get(data.username, 0) + 1
        refuse(401, "wrong name or password")
    guesses.pop(data.username, None)
    token = secrets.token_urlsafe(24)
    sessions[token] = data.username
    return {"access_token": token, "token_type": "bearer"}


@app.get("/profile")
def read_profile(user: Me) -> dict[str, Any]:
    return profile(user)


@app.put("/profile")
def change_profile(data: Changed, user: Me) -> dict[str, Any]:
    named = people.get(data.username) if "named-in-body" in HOLES else user
    (named or refuse(404, "nobody"))["phone"] = data.phone
    return profile(user)


@app.patch("/profile")
def patch_profile(data: Patched, user: Me) -> dict[str, Any]:
    sent = data.model_dump(exclude_none=True)
    user["phone"] = sent.get("phone", user["phone"])
    if "role-in-profile" in HOLES and sent.get("role") in list(Rank):
        user["role"] = Rank(sent["role"])
    return profile(user)


@app.get("/books")
def list_books() -> list[dict[str, Any]]:
    return list(books.values())


@app.put("/books", status_code=201)
def add_book(data: Book, _: Annotated[dict[str, Any], Depends(librarian)]) -> dict[str, Any]:
    book = {"id": new_id(), "title": data.title}
    return books.setdefault(book["id"], book)


@app.delete("/books/{book_id}", status_code=204)
def remove_book(book_id: str, user: Me) -> None:
    if "staff-row" not in HOLES:
        librarian(user)
    books.pop(book_id, None) or refuse(404, "no such book")


@app.post("/loans", status_code=201)
def lend(data: Loan, user: Me) -> dict[str, Any]:
    loan = {"id": new_id(), "reader": user["username"], "delivery_address": data.delivery_address}
    return loans.setdefault(loan["id"], loan)


@app.get("/loans")
def my_loans(user: Me) -> list[dict[str, Any]]:
    return [loan for loan in loans.values() if loan["reader"] == user["username"]]


@app.get("/desk/loans")
def all_loans(authorization: Annotated[str, Header()] = "") -> list[dict[str, Any]]:
    if "open-list" not in HOLES:
        librarian(me(authorization))
    return list(loans.values())


@app.get("/desk/new-password")
def new_password(authorization: Annotated[str, Header()] = "") -> dict[str, str]:
    if "handed-out" not in HOLES:
        librarian(me(authorization))
    return {"password": secrets.token_urlsafe(12)}


@app.get("/fees/{card_number}")
def fees(card_number: str, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    owner = next((one for one in people.values() if one["card_number"] == card_number), None)
    if "by-number" not in HOLES and me(authorization) is not owner:
        refuse(404, "no such card")
    return {"balance": 12.5} if owner else refuse(404, "no such card")


@app.post("/forgot-password")
def forgot(data: Forgotten) -> dict[str, str]:
    if data.username in people:
        resets[data.username] = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        tries.pop(data.username, None)
        if {"code-logged", "code-short"} & HOLES:
            log.info("code %s", resets[data.username])
        if "phone-logged" in HOLES:
            log.info("sent to %s", people[data.username]["phone"])
    return {"detail": "If there is such an account, a code is on its way."}


@app.post("/reset-password")
def reset(data: Reset) -> dict[str, str]:
    tries[data.username] = tries.get(data.username, 0) + 1
    late = tries[data.username] > TRIES_MAX and "code-short" not in HOLES
    if late or resets.get(data.username) != data.reset_code:
        refuse(400, "wrong name or code")
    del resets[data.username]
    people[data.username]["password"] = hashed(data.new_password, people[data.username]["salt"])
    for token in [token for token, name in sessions.items() if name == data.username]:
        if "reset-keeps" not in HOLES:
            del sessions[token]
    return {"detail": "done"}
