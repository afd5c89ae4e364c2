"""The documentation as data: every fenced block of every page, and the lines in them that a reader types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S+ )?(?:techlead|make|pip|pytest|python) ")
"""How a line begins that somebody types; what else stands in a block is what is answered, or a text."""


@dataclass(frozen=True)
class Block:
    """One fenced block: its page, its language, its text."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Typed:
    """What is typed at once (a line, or the step of a workflow): its page, its words, and whether what it answers stands below."""

    page: str
    words: str
    answered: bool = False


def blocks() -> list[Block]:
    """Read every block."""
    return [
        Block(str(file.relative_to(ROOT)), language, text)
        for file in PAGES
        for language, text in FENCE.findall(file.read_text("utf-8"))
    ]


def typed(found: list[Block]) -> list[Typed]:
    """Give every line that is typed, each once a page, in the order in which a reader meets them."""
    return list(dict.fromkeys(line for block in found for line in _typed(block)))


def _typed(block: Block) -> Iterator[Typed]:
    if block.language == "":
        for line in block.text.splitlines():
            if TYPED.match(line):
                shown = re.split(r" {2,}", line.removeprefix("$ "))[0]
                yield from (Typed(block.page, one.strip(), line.startswith("$ ")) for one in shown.split("; "))
    elif block.language == "yaml":
        yield from (Typed(block.page, step) for step in _steps(yaml.safe_load(block.text)))


def _steps(data: object) -> Iterator[str]:
    """Give what each step of a workflow or a hook runs."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name in ("run", "entry") and isinstance(value, str):
                yield value
            else:
                yield from _steps(value)
    elif isinstance(data, list):
        for one in data:
            yield from _steps(one)
