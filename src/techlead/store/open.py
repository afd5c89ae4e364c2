"""A store by its URL, or a sentence that says what to write instead."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from techlead.errors import SettingsRefused
from techlead.store.port import DEFAULTS, Dialect, Store, StoreSettings

FORMS = (
    "write sqlite:///shop.db (a file here), sqlite:////var/lib/shop.db (a file there), sqlite:// (temporary), "
    "or postgresql://user:password@host:5432/database"
)


def open_store(url: str, *, settings: StoreSettings = DEFAULTS) -> Store:
    """Give the store of a URL, not yet opened; SettingsRefused when the URL names none."""
    if dialect_of(url) == "sqlite":
        from techlead.store.sqlite import SqliteStore  # noqa: PLC0415 - a PostgreSQL process needs no SQLite

        return SqliteStore(sqlite_path(url), settings)
    from techlead.store.postgres import PostgresStore  # noqa: PLC0415 - an SQLite process needs no PostgreSQL

    return PostgresStore(url, settings)


def dialect_of(url: str) -> Dialect:
    """Give the kind of database that a URL names; a refusal never repeats the URL, for it may hold a password."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise SettingsRefused(f"The database URL has no scheme: {FORMS}.")
    if scheme == "sqlite":
        sqlite_path(url)
        return "sqlite"
    if scheme == "postgresql":
        _check_postgres(url)
        return "postgresql"
    raise SettingsRefused(f"The database URL starts with an unknown scheme: {FORMS}.")


def sqlite_path(url: str) -> Path | None:
    """Give the file of an sqlite URL; None for a temporary one."""
    rest = url.removeprefix("sqlite://")
    if not rest:
        return None
    if ":memory:" in rest:
        raise SettingsRefused("A database in memory has one connection only: write sqlite:// for a temporary one.")
    if not rest.startswith("/") or len(rest) == 1 or any(sign in rest for sign in "?#\0"):
        raise SettingsRefused(f"The sqlite URL names no file: {FORMS}; without ? and #.")
    return Path(rest[1:])


def _check_postgres(url: str) -> None:
    try:
        parts = urlsplit(url)
        named = len(parts.path) > 1 and (parts.hostname is not None or "host=" in parts.query) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise SettingsRefused(f"The postgresql URL names no host or no database: {FORMS}.")
