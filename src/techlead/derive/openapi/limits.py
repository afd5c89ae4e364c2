"""What the document says of limits that are set where the backend runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Limits of a running backend that its callers must know; the defaults are those of `serve.settings`."""

    page_rows: int = 20
    page_rows_max: int = 100
    password_characters_min: int = 15
    password_characters_max: int = 1_024
    body_bytes_max: int = 65_536
