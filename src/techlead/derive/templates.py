"""Templates of messages: one Markdown file gives the subject, the text and the HTML, in one language.

Their words are made in `rendering`, which only a backend that has templates loads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

FILE_NAME: Final = re.compile(r"([a-z][a-z0-9_]*)(?:\.([a-z]{2}(?:-[a-z]{2})?))?\.md")
"""`order_placed.md`, and `order_placed.de.md` for readers of German."""


@dataclass(frozen=True, slots=True)
class Template:
    """One template: its notification, its language ("" for all others), and where it stands."""

    name: str
    language: str
    file: str
    source: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a template gives for one row."""

    subject: str
    text: str
    html: str


class Unrenderable(ValueError):
    """A template could not be filled; the message says why and repeats no value."""


def plain(value: Any) -> Any:
    """Give a value as a person reads it; whole numbers and yes or no stay what they are, to choose by."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def spoken(value: Any) -> str:
    """Write a value as a person reads it."""
    given = plain(value)
    return "" if given is None else str(given)
