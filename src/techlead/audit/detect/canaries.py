"""Find a planted value again, however it was written: as it is, escaped in JSON, quoted in a URL, in other case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

CHARACTERS_MIN: Final = 6
"""Shorter values turn up by chance."""


def spellings(value: str) -> frozenset[str]:
    """Give the ways in which a value may stand in an answer or a log, in lower case."""
    escaped = json.dumps(value)[1:-1]
    ways = (value, escaped, json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    quoted = (
        quote(value, safe="", errors="replace"),
        quote_plus(value, errors="replace"),
        quote(value, errors="replace"),
    )
    return frozenset(way.lower() for way in (*ways, *quoted))


def stands_in(text: str, value: Any) -> bool:
    """Tell whether a planted value stands in a text; values too short to be sure of never do."""
    written = str(value)
    if len(written) < CHARACTERS_MIN:
        return False
    folded = text.lower()
    return any(way in folded for way in spellings(written))


def texts(value: Any) -> Iterator[str]:
    """Walk over every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def named_values(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Walk over every value in a JSON value that is no object or list, with the name of the field it stands under."""
    if isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from named_values(inner, str(inner_name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from named_values(inner, name)
    else:
        yield name, value


def placed_values(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk over every plain value that is not in a list, with the names that lead to it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from placed_values(inner, (*path, str(name)))
    elif not isinstance(value, list | tuple):
        yield path, value


def line_with(text: str, value: Any, characters_max: int = 240) -> str:
    """Give the part of the line around a planted value, with the value itself blanked, to show as evidence."""
    folded = text.lower()
    for way in sorted(spellings(str(value)), key=len, reverse=True):
        at = folded.find(way)
        if at >= 0:
            start = max(text.rfind("\n", 0, at) + 1, at - characters_max // 2)
            ends = text.find("\n", at)
            end = min(ends if ends >= 0 else len(text), at + len(way) + characters_max // 2)
            return text[start:at] + "<the value>" + text[at + len(way) : end]
    return ""
