"""The two tables that the store's tests write to, and works on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count

from techlead.store.port import Store, StoreSettings, Transaction

QUICK = StoreSettings(lock_seconds_max=0.3, reopen_seconds=0.001, file_check_seconds=0.01)
SECRET = "hunter2-never-show-this"


def marked(store: Store, statement: str) -> str:
    """Number the value marks where the dialect wants them numbered."""
    if store.dialect == "sqlite":
        return statement
    numbers = count(1)
    return "".join(f"${next(numbers)}" if sign == "?" else sign for sign in statement)


async def create_tables(store: Store) -> None:
    """Create two tables with every kind of constraint, named as the house names them."""
    big, raw = ("INTEGER", "BLOB") if store.dialect == "sqlite" else ("BIGINT", "BYTEA")
    person = f"""
        id {big} NOT NULL, name TEXT NOT NULL, amount {big} NOT NULL,
        CONSTRAINT pk__person PRIMARY KEY (id), CONSTRAINT uq__person__name UNIQUE (name),
        CONSTRAINT ck__person__amount CHECK (amount >= 0)"""
    visit = f"""
        id {big} NOT NULL PRIMARY KEY, person {big} NOT NULL, place TEXT,
        CONSTRAINT fk__visit__person FOREIGN KEY (person) REFERENCES person (id),
        CONSTRAINT uq__visit__person__place UNIQUE (person, place)"""
    blob = f"id {big} NOT NULL PRIMARY KEY, body {raw}, text TEXT"
    for name, columns in (("person", person), ("visit", visit), ("blob", blob)):
        await store.write(lambda transaction, n=name, c=columns: transaction.run(f"CREATE TABLE {n} ({c})"))


def add(number: int, name: str) -> Callable[[Transaction], Awaitable[None]]:
    """Give a work that inserts a person."""

    async def work(transaction: Transaction) -> None:
        mark = "?, ?" if type(transaction).__name__.startswith("Sqlite") else "$1, $2"
        await transaction.run(f"INSERT INTO person (id, name, amount) VALUES ({mark}, 0)", (number, name))

    return work


async def amounts(store: Store) -> dict[int, int]:
    """Give every person's amount."""
    return dict(await store.read("SELECT id, amount FROM person"))  # type: ignore[arg-type]
