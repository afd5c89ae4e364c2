"""The statements of the outbox: each is answered from an index, and rows are written in the order of their columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench.sink import backend
from engines import Engine, opened

from techlead.deliver import desk_statements, sql_statements
from techlead.derive.statements import Statements


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_message_is_written_in_the_order_of_its_columns(dialect: str) -> None:
    made = Statements(backend.plan(), dialect).made("put", sql_statements.put)
    assert (made.names, made.constants) == (sql_statements.MESSAGE, {})


@pytest.mark.parametrize(
    ("key", "index"),
    [
        ("due fresh", "ix__techlead_outbox__fresh"),
        ("due tried", "ix__techlead_outbox__tried"),
        ("hasten", "ix__techlead_outbox__tried"),
        ("expired", "ix__techlead_outbox__expiring"),
        ("lanes fresh", "ix__techlead_outbox__fresh"),
        ("lanes tried", "ix__techlead_outbox__tried"),
    ],
)
async def test_a_backlog_costs_nothing_to_whom_it_does_not_concern(tmp_path: Path, key: str, index: str) -> None:
    async with opened("sqlite", tmp_path) as engine:
        steps = await plan_of(engine, key)
    assert steps != []
    assert [step for step in steps if index not in step and "PRIMARY KEY (id=?)" not in step] == []
    assert index in "".join(steps)


@pytest.mark.parametrize(
    ("build", "values"),
    [
        (desk_statements.ended, {"state": "dead", "lane": "", "before": bytes(16), "limit": 8}),
        (sql_statements.forget_messages, {"before": 1}),
        (sql_statements.forget_attempts, {"before": 1}),
    ],
)
async def test_what_ended_long_ago_is_not_looked_through(
    tmp_path: Path, build: Callable[[Any], Any], values: dict[str, Any]
) -> None:
    async with opened("sqlite", tmp_path) as engine:
        assert engine.store is not None
        made = engine.statements.made(f"looked at: {build.__name__}", build)
        rows = await engine.store.read(f"EXPLAIN QUERY PLAN {made.sql}", made.values(values))
    [step] = [row[3] for row in rows if "techlead_outbox" in row[3]]
    assert "ix__techlead_outbox__ended (state=?" in step


async def plan_of(engine: Engine, key: str) -> list[str]:
    """List the steps in which SQLite touches the outbox."""
    assert engine.store is not None
    assert engine.outbox is not None, "its statements are made with it"
    made = engine.statements.made(f"outbox: {key}", lambda _tables: pytest.fail("no such statement"))
    values = {"lane": "webhook:x", "now": 1, "limit": 8}
    rows = await engine.store.read(f"EXPLAIN QUERY PLAN {made.sql}", made.values(values))
    return [row[3] for row in rows if "techlead_outbox" in row[3]]
