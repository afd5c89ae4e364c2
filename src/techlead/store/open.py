"""A store by its URL, or a sentence that says what to write instead."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from techlead.errors import SettingsRefused
from techlead.store.port import DEFAULTS, Store, StoreSettings

FORMS = (
    "write sqlite:///shop.db (a file here), sqlite:////var/lib/shop.db (a file there), sqlite:// (temporary), "
    "or postgresql://user:password@host:5432/database"
)


def open_store(url: str, *, settings: StoreSettings = DEFAULTS) -> Store:
    """Give the store of a URL, not yet opened; SettingsRefused when the URL names none.

    The URL is never repeated in the refusal: it may hold a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsRefused(f"The database URL has no scheme: {FORMS}.")
    if scheme == "sqlite":
        return _sqlite(rest, settings)
    if scheme == "postgresql":
        return _postgres(url, settings)
    raise SettingsRefused(f"The database URL starts with an unknown scheme: {FORMS}.")


def _sqlite(rest: str, settings: StoreSettings) -> Store:
    from techlead.store.sqlite import SqliteStore  # noqa: PLC0415 - a PostgreSQL process needs no SQLite

    if not rest:
        return SqliteStore(None, settings)
    if ":memory:" in rest:
        raise SettingsRefused("A database in memory has one connection only: write sqlite:// for a temporary one.")
    if not rest.startswith("/") or len(rest) == 1 or any(sign in rest for sign in "?#\0"):
        raise SettingsRefused(f"The sqlite URL is no path: {FORMS}; without ? and #.")
    return SqliteStore(Path(rest[1:]), settings)


def _postgres(url: str, settings: StoreSettings) -> Store:
    from techlead.store.postgres import PostgresStore  # noqa: PLC0415 - an SQLite process needs no PostgreSQL

    try:
        parts = urlsplit(url)
        named = parts.hostname is not None and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise SettingsRefused(f"The postgresql URL names no host or no database: {FORMS}.")
    return PostgresStore(url, settings)
