"""Databases of instances on PostgreSQL: copied from the one that is named, which stays as it is, and gone at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import postgres_url

from techlead.audit.target.postgres import Place, PostgresDatabase, place_in
from techlead.errors import TargetRefused


@pytest.fixture
def place() -> Iterator[Place]:
    with postgres_url() as url:
        found = place_in({"DATABASE_URL": url})
        assert found is not None
        yield found


@pytest.fixture
def shop(place: Place) -> PostgresDatabase:
    database = PostgresDatabase(place)
    database.change("CREATE TABLE people (name text, is_admin boolean)")
    database.change("INSERT INTO people VALUES (?, ?)", "alice", 0)
    return database


def test_an_instance_has_a_copy_of_its_own_and_drops_it(shop: PostgresDatabase):
    copy = PostgresDatabase.copied(shop.place)
    try:
        assert copy.change("UPDATE people SET is_admin = ? WHERE name = ?", 1, "alice") == 1
        assert copy.rows("people") == ({"name": "alice", "is_admin": True},)
        assert shop.rows("people") == ({"name": "alice", "is_admin": False},)
        assert copy.tables() == ("people",)
    finally:
        copy.drop()
    with pytest.raises(TargetRefused, match="refused"):
        copy.tables()


def test_a_database_that_is_not_there_yet_is_made_empty(place: Place):
    copy = PostgresDatabase.copied(place.named("techlead_audit_nobody_made_this"))
    try:
        assert copy.tables() == ()
    finally:
        copy.drop()


@pytest.mark.parametrize(
    ("environment", "changed"),
    [
        (
            {"DATABASE_URL": "postgresql+psycopg://u:p@h:5433/shop?sslmode=off"},
            "postgresql+psycopg://u:p@h:5433/other?sslmode=off",
        ),
        ({"DB_HOST": "h", "DB_PORT": "5433", "DB_USER": "u", "DB_PASSWORD": "p", "DB_NAME": "shop"}, "other"),
    ],
)
def test_an_environment_names_its_database_in_a_url_or_in_parts(environment: dict[str, str], changed: str):
    found = place_in(environment)
    assert found is not None
    assert (found.host, found.port, found.user, found.password, found.name) == ("h", 5433, "u", "p", "shop")
    assert found.named("other").environment(environment) == {found.variable: changed}


@pytest.mark.parametrize("environment", [{}, {"DATABASE_URL": "sqlite:///x.db"}, {"DB_NAME": "db.sqlite3"}])
def test_an_environment_without_a_server_names_none(environment: dict[str, str]):
    assert place_in(environment) is None


def test_a_server_that_is_not_there_is_named_with_what_to_do():
    with pytest.raises(TargetRefused, match="see that it runs"):
        PostgresDatabase(Place("127.0.0.1", 1, "u", "", "shop", "X")).tables()
