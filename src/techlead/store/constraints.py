"""Constraint names say their table and columns: written here once, read back from a driver's refusal.

`uq__{table}__{column}__{column}`, `fk__{table}__{column}`, `ck__{table}__{column}`, `ix__{table}__{column}`,
`pk__{table}`.
"""

from __future__ import annotations

import re

KINDS = ("uq", "ix", "fk", "ck", "pk")

# PostgreSQL cuts names at 63 bytes, and SQLAlchemy shortens to 60 with a hash at the end: from here on a name may lie.
TRUSTED_NAME_BYTES = 59

_WRITTEN_TABLE = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(?:ONLY\s+)?"
    r"(?:[\w\"]+\.)?\"?(\w+)",
    re.IGNORECASE,
)


def read_name(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Give (table, columns) of a constraint's name, or None when the name does not tell them for certain."""
    kind, *parts = name.split("__")
    if kind not in KINDS or not parts or not all(parts) or len(name.encode()) > TRUSTED_NAME_BYTES:
        return None
    return parts[0], tuple(parts[1:])


def written_table(sql: str) -> str:
    """Give the table that a statement writes, or "" when it writes none."""
    found = _WRITTEN_TABLE.search(sql)
    return found.group(1) if found else ""
