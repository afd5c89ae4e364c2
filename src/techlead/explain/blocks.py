"""What a page of an explanation is made of; the terminal and the site write the same blocks, each in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A sentence that a reader must not miss."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; the first column names the row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of short lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Source text, as it is."""

    source: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message of a sequence: from one lane to another (or to itself), and what may end it there."""

    source: str
    target: str
    text: str
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """A sequence diagram: its lanes from left to right, its messages from top to bottom."""

    lanes: tuple[str, ...]
    arrows: tuple[Arrow, ...]


Block: TypeAlias = Words | Warned | Table | Items | Code | Diagram


@dataclass(frozen=True, slots=True)
class Page:
    """One thing that is explained: its group, its name, and the blocks that tell of it."""

    group: str
    name: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Name it in an address: lower case, digits and hyphens."""
        kept = "".join(sign if sign.isalnum() else "-" for sign in f"{self.group} {self.name}".lower())
        return "-".join(filter(None, kept.split("-")))
