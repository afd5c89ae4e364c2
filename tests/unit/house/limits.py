"""Every limit of the house, with its unit; the reasons are in CONTRIBUTING.md."""

from __future__ import annotations

from typing import Final

EXAMPLE_LINES_MAX: Final = 180
FILE_LINES_MAX: Final = 500
FILE_LINES_MEDIAN_MAX: Final = 150
FUNCTION_LINES_MAX: Final = 60
FUNCTION_LINES_P95_MAX: Final = 30
PUBLIC_NAMES_MAX: Final = 40

SHAPELESS_NAMES: Final = frozenset(
    f"{name}{ending}" for name in ("util", "helper", "base", "manager", "common") for ending in ("", "s")
)
"""Names that say nothing of what is inside, so that anything may be put there."""
