"""A URL names a store, or is refused with a sentence that says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from techlead.errors import SettingsRefused
from techlead.store.open import dialect_of, open_store, sqlite_path
from techlead.store.port import StoreSettings


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("sqlite://", "sqlite"),
        ("sqlite:///shop.db", "sqlite"),
        ("sqlite:////var/lib/shop.db", "sqlite"),
        ("postgresql://ada:secret@db.example:5433/shop", "postgresql"),
        ("postgresql://[::1]/shop?sslmode=require", "postgresql"),
        ("postgresql:///shop?host=/run/postgresql", "postgresql"),
    ],
)
def test_a_url_names_a_kind_of_database(url: str, dialect: str) -> None:
    assert open_store(url).dialect == dialect
    assert dialect_of(url) == dialect


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.db",
        "/var/lib/shop.db",
        "mysql://ada:hunter2@db.example/shop",
        "postgres://ada:hunter2@db.example/shop",
        "postgresql+asyncpg://ada:hunter2@db.example/shop",
        "postgresql://ada:hunter2@db.example",
        "postgresql://ada:hunter2@db.example/",
        "postgresql:///shop",
        "postgresql://ada:hunter2@db.example:port/shop",
        "postgresql://ada:hunter2@[::1/shop",
        "sqlite:/shop.db",
        "sqlite://shop.db",
        "sqlite:///",
        "sqlite:///shop.db?mode=ro",
        "sqlite:///:memory:",
    ],
)
def test_any_other_url_is_refused_with_what_to_write_and_without_its_password(url: str) -> None:
    with pytest.raises(SettingsRefused, match="write sqlite://") as refused:
        open_store(url)
    assert "hunter2" not in str(refused.value)


def test_three_slashes_lead_here_and_four_lead_there() -> None:
    assert sqlite_path("sqlite:///shop.db") == Path("shop.db")
    assert sqlite_path("sqlite:////var/shop.db") == Path("/var/shop.db")
    assert sqlite_path("sqlite://") is None


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_a_limit_that_limits_nothing_is_refused(value: float) -> None:
    with pytest.raises(SettingsRefused, match="lock_seconds_max"):
        StoreSettings(lock_seconds_max=value)


def test_every_limit_is_documented_with_its_name() -> None:
    assert StoreSettings.__doc__ is not None
    for name in StoreSettings.__dataclass_fields__:
        assert f"`{name}`" in StoreSettings.__doc__
