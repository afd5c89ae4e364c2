"""One connection of one's own to PostgreSQL: for what listens, and cannot share a pool."""

from __future__ import annotations

from typing import Any

import asyncpg

from techlead.errors import StoreUnavailable, summary
from techlead.store.port import DEFAULTS, StoreSettings


async def session(url: str, settings: StoreSettings = DEFAULTS) -> Any:
    """Connect; StoreUnavailable when that fails."""
    try:
        return await asyncpg.connect(
            url,
            timeout=settings.connect_seconds_max,
            command_timeout=settings.statement_seconds_max + settings.connect_seconds_max,
            server_settings={"application_name": "techlead lanes", "timezone": "UTC"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        raise StoreUnavailable(summary(StoreUnavailable)) from None
