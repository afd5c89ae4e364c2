"""What a scaffold refuses to write."""

from __future__ import annotations

from techlead.errors import ProgramError


class ScaffoldRefused(ProgramError):
    """Nothing was written: what was asked for cannot stand where it was to be written."""
