"""A block: one function of a generated test file, with the imports that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Import = tuple[str, str]
"""A module and a name of it."""
OF_PYTEST: Final = "pytest"
"""Is imported whole."""


@dataclass(frozen=True, slots=True)
class Block:
    """One test (or fixture) as text; `pytest` is imported whole, all else by name."""

    name: str
    text: str
    imports: tuple[Import, ...]


@dataclass(frozen=True, slots=True)
class TestFile:
    """One file of tests: its name, its sentence and its blocks in order."""

    __test__ = False  # pytest would take it for a test

    name: str
    sentence: str
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...] = ()
    """What could not be written, each with the reason."""
