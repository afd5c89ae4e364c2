"""How to speak with each server: sign in, name a row, find the rows of a list. One row of ten columns, seven of them sent."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

from bench.client import Client

PASSWORD = "correct horse battery staple 7"
ADMIN = "admin@example.org"
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account of a server: the header it sends, and its id where a client must know it."""

    authorization: str
    account: str


class Dialogue(Protocol):
    """What the benchmark must know about the API of a server."""

    @property
    def collection(self) -> str:
        """Answer the path of the rows."""

    @property
    def fifty(self) -> str:
        """Answer the path and query of the newest 50 rows."""

    @property
    def items(self) -> str:
        """Answer the name of the rows in a list's answer."""

    def arrange(self, client: Client) -> None:
        """Make what the server needs once, such as a collection."""

    def sign_in(self, client: Client, email: str) -> SignedIn:
        """Register an account and log in."""

    def row(self, by: SignedIn) -> dict[str, Any]:
        """Answer the seven fields of a new row."""


def fresh_key() -> str:
    """Answer an idempotency key that this run has not used."""
    return f"prepare-{next(_numbers)}"


def _fields() -> dict[str, Any]:
    return {
        "title": "City bike, three gears, hardly used",
        "description": "Bought two years ago, ridden on sunny Sundays only. New tyres, new chain, lights work. To be collected.",
        "quantity": 3,
        "category": "bike",
        "contact": "seller@example.org",
        "available": True,
    }


@dataclass(frozen=True, slots=True)
class Plain:
    """`/auth/register`, `/auth/login` and one collection, as most servers here have it."""

    collection: str = "/adverts"
    fifty: str = "/adverts?limit=50"
    items: str = "data"
    scheme: str = "Bearer"
    login_name: str = "email"
    money: bool = False

    def arrange(self, client: Client) -> None:
        """Nothing: the tables are made at start."""

    def sign_in(self, client: Client, email: str) -> SignedIn:
        """Register and log in."""
        sent = {"email": email, "password": PASSWORD}
        client.ask("POST", "/auth/register", sent, key=fresh_key())
        answer = client.ask("POST", "/auth/login", {self.login_name: email, "password": PASSWORD}, key=fresh_key())
        return SignedIn(f"{self.scheme} {answer.json['token']}", "")

    def row(self, by: SignedIn) -> dict[str, Any]:  # noqa: ARG002 - one shape for all servers
        """Answer the fields, the price as money where the server knows money and as cents where it does not."""
        price = {"price": {"amount": "120.00", "currency": "EUR"}} if self.money else {"price_cents": 12_000}
        return _fields() | price


@dataclass(frozen=True, slots=True)
class PocketBase:
    """PocketBase's record API; the collection is made through its admin API."""

    collection: str = "/api/collections/adverts/records"
    fifty: str = "/api/collections/adverts/records?perPage=50&sort=-created"
    items: str = "items"
    logs: bool = True

    def arrange(self, client: Client) -> None:
        """Make the collection with its owner rules, and turn the request log off where that is asked for."""
        path = "/api/collections/_superusers/auth-with-password"
        token = client.ask("POST", path, {"identity": ADMIN, "password": PASSWORD}).json["token"]
        if not self.logs:
            client.ask("PATCH", "/api/settings", {"logs": {"maxDays": 0}}, authorization=token)
        users = client.ask("GET", "/api/collections/users", authorization=token).json["id"]
        client.ask("POST", "/api/collections", _collection(users), authorization=token)

    def sign_in(self, client: Client, email: str) -> SignedIn:
        """Register and log in."""
        sent = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}
        account = client.ask("POST", "/api/collections/users/records", sent).json["id"]
        path = "/api/collections/users/auth-with-password"
        return SignedIn(client.ask("POST", path, {"identity": email, "password": PASSWORD}).json["token"], account)

    def row(self, by: SignedIn) -> dict[str, Any]:
        """Answer the fields and the owner, which the create rule compares with the session."""
        return _fields() | {"price_cents": 12_000, "owner": by.account}


def _collection(users: str) -> dict[str, Any]:
    owned = "owner = @request.auth.id"
    return {
        "name": "adverts",
        "type": "base",
        "listRule": owned,
        "viewRule": owned,
        "createRule": f'@request.auth.id != "" && {owned}',
        "updateRule": owned,
        "deleteRule": owned,
        "indexes": ["CREATE INDEX adverts_owner ON adverts (owner, created)"],
        "fields": [
            {"name": "owner", "type": "relation", "collectionId": users, "maxSelect": 1, "required": True},
            {"name": "title", "type": "text", "min": 1, "max": 120, "required": True},
            {"name": "description", "type": "text", "max": 500},
            {"name": "price_cents", "type": "number", "min": 100, "max": 10**12, "onlyInt": True, "required": True},
            {"name": "quantity", "type": "number", "min": 1, "max": 1000, "onlyInt": True, "required": True},
            {"name": "category", "type": "select", "values": ["bike", "book", "tool", "toy"], "maxSelect": 1},
            {"name": "contact", "type": "email", "required": True},
            {"name": "available", "type": "bool"},
            {"name": "created", "type": "autodate", "onCreate": True},
        ],
    }
