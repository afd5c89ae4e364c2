"""A PostgreSQL database for each instance, made from a template and dropped at the end; the one that was named is only copied.

Where the target's environment names one: in a URL (`DATABASE_URL=postgresql://...`), or in variables (`DB_HOST`, `DB_NAME`, ...).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg

from techlead.errors import TargetRefused

T = TypeVar("T")

ROWS_MAX: Final = 10_000
CONNECT_SECONDS: Final = 5.0
PORT: Final = 5432
URL: Final = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")
PARTS: Final = {
    "host": r"^(DB|DATABASE|POSTGRES|PG|SQL)_?HOST(NAME)?$",
    "port": r"^(DB|DATABASE|POSTGRES|PG|SQL)_?PORT$",
    "user": r"^(DB|DATABASE|POSTGRES|PG|SQL)_?USER(NAME)?$",
    "password": r"^(DB|DATABASE|POSTGRES|PG|SQL)_?PASS(WORD)?$",
    "name": r"^(DB|DATABASE|POSTGRES|PG|SQL)_?(NAME|DB|DATABASE)$|^POSTGRES_DB$|^PGDATABASE$",
}
"""Variables that say one thing each."""


@dataclass(frozen=True, slots=True)
class Place:
    """One database on a server."""

    host: str
    port: int
    user: str
    password: str
    name: str
    variable: str
    """The environment variable that names it."""

    def named(self, name: str) -> Place:
        """Another database on the same server."""
        return replace(self, name=name)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The variable with this database in it."""
        value = given[self.variable]
        if not URL.match(value):
            return {self.variable: self.name}
        head, _, query = value.partition("?")
        return {self.variable: head.rpartition("/")[0] + "/" + self.name + (f"?{query}" if query else "")}


def place_in(environment: Mapping[str, str]) -> Place | None:
    """The database that an environment names, or None."""
    for variable, value in environment.items():
        if URL.match(value):
            parts = urlsplit(value)
            return Place(
                parts.hostname or "127.0.0.1",
                parts.port or PORT,
                unquote(parts.username or "postgres"),
                unquote(parts.password or ""),
                parts.path.strip("/") or "postgres",
                variable,
            )
    found = {
        part: next((name for name in environment if re.search(pattern, name)), "") for part, pattern in PARTS.items()
    }
    if not found["name"] or not (found["host"] or found["user"]):
        return None
    said = {part: environment.get(name, "") for part, name in found.items()}
    return Place(
        said["host"] or "127.0.0.1",
        int(said["port"] or PORT),
        said["user"] or "postgres",
        said["password"],
        said["name"],
        found["name"],
    )


class PostgresDatabase:
    """One instance's database."""

    kind = "postgresql"

    def __init__(self, place: Place) -> None:
        """Remember where it is; connections are opened for each call."""
        self.place = place

    @classmethod
    def copied(cls, source: Place) -> PostgresDatabase:
        """Make one from another as template; an empty one where there is no other.

        Raises:
            TargetRefused: The server refuses.
        """
        copy = source.named(f"techlead_audit_{secrets.token_hex(6)}")
        if _exists(source):
            _administer(source, f'CREATE DATABASE "{copy.name}" TEMPLATE "{source.name}"')
        else:
            _administer(source, f'CREATE DATABASE "{copy.name}"')
        return cls(copy)

    def tables(self) -> tuple[str, ...]:
        """Name its tables."""
        query = (
            "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
        return tuple(row["tablename"] for row in self._fetch(query))

    def rows(self, table: str) -> tuple[Mapping[str, Any], ...]:
        """Give all rows of a table (at most `ROWS_MAX`)."""
        name = table.replace('"', '""')
        return tuple(dict(row) for row in self._fetch(f'SELECT * FROM "{name}" LIMIT {ROWS_MAX}'))  # noqa: S608 - a name of its own

    def change(self, statement: str, *values: Any) -> int:
        """Run one statement (`?` stands for a value); the number of rows changed."""
        counted = iter(range(1, len(values) + 1))
        numbered = re.sub(r"\?", lambda _: f"${next(counted)}", statement)

        async def work(connection: Any) -> int:
            done = await connection.execute(numbered, *await _typed(connection, numbered, values))
            counted_rows = done.rpartition(" ")[2]
            return int(counted_rows) if counted_rows.isdigit() else 0

        return _run(self.place, work)

    def drop(self) -> None:
        """Leave nothing behind."""
        _administer(self.place, f'DROP DATABASE IF EXISTS "{self.place.name}" WITH (FORCE)')

    def _fetch(self, query: str) -> list[Any]:
        async def work(connection: Any) -> list[Any]:
            return list(await connection.fetch(query))

        return _run(self.place, work)


async def _typed(connection: Any, statement: str, values: tuple[Any, ...]) -> list[Any]:
    """Values as the columns have them: 1 is true where a boolean is wanted."""
    prepared = await connection.prepare(statement)
    names = [parameter.name for parameter in prepared.get_parameters()]
    return [bool(value) if name == "bool" else value for name, value in zip(names, values, strict=True)]


def _exists(place: Place) -> bool:
    async def work(connection: Any) -> bool:
        return bool(await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", place.name))

    return _run(place.named("postgres"), work)


def _administer(place: Place, statement: str) -> None:
    async def work(connection: Any) -> None:
        await connection.execute(statement)

    _run(place.named("postgres"), work)


def _run(place: Place, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    async def connected() -> T:
        connection = await asyncpg.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password or None,
            database=place.name,
            timeout=CONNECT_SECONDS,
        )
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise TargetRefused(
            f"the target's PostgreSQL at {place.host}:{place.port} refused ({error}): see that it runs, that {place.user} may create "
            f"databases there, and that nobody is connected to {place.name}"
        ) from None
