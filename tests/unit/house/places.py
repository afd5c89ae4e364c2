"""Paths of somebody's machine in a text: what is published must not tell where it was made; answers line numbers."""

from __future__ import annotations

import re
from typing import Final

HOMES: Final = re.compile(r"(?<![\w.:/<{$*~])/(?:home|mnt|root|Users|work|workspace)/[\w.]|[A-Za-z]:\\Users\\")


def findings(text: str) -> list[int]:
    """Tell the lines that hold the absolute path of a home or a workplace."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if HOMES.search(line)]
