"""A test's PostgreSQL database is as good as new, whoever had it before."""

from __future__ import annotations

import asyncpg
import pytest
from databases import FREE, postgres_url

THINGS = "SELECT relname FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace"
RIGHTS = "SELECT nspowner::regrole::text, array_to_string(nspacl, ' ') FROM pg_namespace WHERE nspname = 'public'"


async def asked(url: str, *statements: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for sql in statements for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_what_one_test_left_the_next_one_does_not_find():
    with postgres_url() as first:
        fresh = await asked(first, THINGS, RIGHTS)
        await asked(first, "CREATE TABLE goods (id serial PRIMARY KEY)", "CREATE TYPE colour AS ENUM ('blue')")
        still_open = await asyncpg.connect(first)
        await still_open.execute("BEGIN; LOCK goods")
    with postgres_url() as second:
        assert second == first, "it is used again"
        assert await asked(second, THINGS, RIGHTS) == fresh
        assert await asked(second, "SELECT 1 FROM pg_type WHERE typname = 'colour'") == []
    still_open.terminate()


@pytest.mark.parametrize(
    "left", ["CREATE SCHEMA other", "SELECT lo_create(0)", 'ALTER DATABASE "{name}" SET lock_timeout = 1']
)
async def test_what_cannot_be_made_as_new_is_not_used_again(left: str):
    with postgres_url() as url:
        name = url.rpartition("/")[2]
        await asked(url, left.format(name=name))
    assert name not in FREE
