"""A problem: why a declaration cannot stand, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeAlias

Problem: TypeAlias = tuple[str, str]


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which of the known words was probably meant; all of them when none is near."""
    words = sorted(known)
    near = get_close_matches(word, words, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"there is {', '.join(words)}" if words else "there is none"
