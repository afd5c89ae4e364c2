"""What is heard of shadows, kept: divergences added up by class, and recorded facts, bounded in rows and days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from techlead.store.port import Dialect, Store, Transaction

CONDITION_CHARACTERS_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Heard:
    """One line: of a rule's draft, how often something was heard, when first and last, with one sample."""

    rule: str
    draft: str
    direction: str
    """`widened`, `narrowed`, `raises X`; `calls` and `off` for the draft as a whole; `yes`, `no` of a condition."""
    condition: str
    count: int
    first_us: int
    last_us: int
    sample: str


ADD: Final[dict[Dialect, str]] = {
    "sqlite": "INSERT INTO techlead_shadow (rule, draft, direction, condition, count, first_us, last_us, sample) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule, draft, direction, condition) DO UPDATE "
    "SET count = techlead_shadow.count + excluded.count, last_us = excluded.last_us",
    "postgresql": "INSERT INTO techlead_shadow (rule, draft, direction, condition, count, first_us, last_us, sample) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (rule, draft, direction, condition) DO UPDATE "
    "SET count = techlead_shadow.count + excluded.count, last_us = excluded.last_us",
}
READ: Final = (
    "SELECT rule, draft, direction, condition, count, first_us, last_us, sample FROM techlead_shadow "
    "ORDER BY rule, draft, direction, condition"
)
DROP: Final[dict[Dialect, str]] = {
    "sqlite": "DELETE FROM techlead_shadow WHERE rule = ?",
    "postgresql": "DELETE FROM techlead_shadow WHERE rule = $1",
}
RECORD: Final[dict[Dialect, str]] = {
    "sqlite": "INSERT INTO techlead_facts (id, rule, at_us, facts) VALUES (?, ?, ?, ?)",
    "postgresql": "INSERT INTO techlead_facts (id, rule, at_us, facts) VALUES ($1, $2, $3, $4)",
}
FORGET: Final[dict[Dialect, str]] = {
    "sqlite": "DELETE FROM techlead_facts WHERE rule = ? AND (at_us < ? OR id NOT IN "
    "(SELECT id FROM techlead_facts WHERE rule = ? ORDER BY at_us DESC, id DESC LIMIT ?))",
    "postgresql": "DELETE FROM techlead_facts WHERE rule = $1 AND (at_us < $2 OR id NOT IN "
    "(SELECT id FROM techlead_facts WHERE rule = $3 ORDER BY at_us DESC, id DESC LIMIT $4))",
}
RECORDED: Final[dict[Dialect, str]] = {
    "sqlite": "SELECT facts FROM techlead_facts WHERE rule = ? ORDER BY at_us",
    "postgresql": "SELECT facts FROM techlead_facts WHERE rule = $1 ORDER BY at_us",
}


async def add(store: Store, heard: list[Heard]) -> None:
    """Add what was heard to what is kept."""

    async def work(tx: Transaction) -> None:
        for one in heard:
            condition = one.condition[:CONDITION_CHARACTERS_MAX]
            counted: list[Any] = [
                one.rule,
                one.draft,
                one.direction,
                condition,
                one.count,
                one.first_us,
                one.last_us,
                one.sample,
            ]
            await tx.run(ADD[store.dialect], counted)

    if heard:
        await store.write(work)


async def read(store: Store) -> list[Heard]:
    """Give everything that is kept."""
    return [Heard(*row) for row in await store.read(READ)]


async def drop(store: Store, rule: str) -> None:
    """Forget what was heard of a rule's drafts."""

    async def work(tx: Transaction) -> None:
        await tx.run(DROP[store.dialect], [rule])

    await store.write(work)


async def record(store: Store, rule: str, facts: list[tuple[bytes, int, str]], rows_max: int, oldest_us: int) -> None:
    """Keep facts of a rule, at most so many rows and none older than a moment."""

    async def work(tx: Transaction) -> None:
        for row_id, at_us, text in facts:
            await tx.run(RECORD[store.dialect], [row_id, rule, at_us, text])
        await tx.run(FORGET[store.dialect], [rule, oldest_us, rule, rows_max])

    await store.write(work)


async def recorded(store: Store, rule: str) -> list[str]:
    """Give the recorded facts of a rule, the oldest first."""
    return [row[0] for row in await store.read(RECORDED[store.dialect], [rule])]
