"""Which schema a database was last brought to, so that a start that changes nothing need not compare table by table.

The mark is a hash of the wanted schema, written after it was reached. Whatever changes the schema by other means
(`techlead migrate`) takes the mark away first.
"""

from __future__ import annotations

from techlead.errors import TechleadError
from techlead.store.open import open_store
from techlead.store.port import Dialect, Transaction

READ = "SELECT fingerprint FROM techlead_schema"
FORGET = "DELETE FROM techlead_schema"
WRITE: dict[Dialect, str] = {
    "sqlite": "INSERT INTO techlead_schema (fingerprint) VALUES (?)",
    "postgresql": "INSERT INTO techlead_schema (fingerprint) VALUES ($1)",
}


async def is_marked(url: str, fingerprint: str) -> bool:
    """Tell whether the database is known to have this schema; False when it cannot be told."""
    store = open_store(url)
    try:
        await store.open()
        return await store.read(READ) == [(fingerprint,)]
    except TechleadError:
        return False  # no file, no table, no server: whoever asks finds out what is wrong by doing it the long way
    finally:
        await store.close()


async def mark(url: str, fingerprint: str | None) -> None:
    """Note that the database has this schema now; None takes the mark away, and needs no table to be there."""
    store = open_store(url)

    async def work(tx: Transaction) -> None:
        await tx.run(FORGET)
        if fingerprint is not None:
            await tx.run(WRITE[store.dialect], [fingerprint])

    await store.open()
    try:
        await store.write(work)
    except TechleadError:
        if fingerprint is not None:
            raise
    finally:
        await store.close()
