"""What else a value may be: the texts that stand beside it in an enumeration of a target's own source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from techlead.audit.detect.published import source_files

MEMBERS_MAX: Final = 12
"""Longer lists are no enumerations."""


def beside(folder: Path | None, value: str) -> tuple[str, ...]:
    """Give the other members of each enumeration that has the value: of a class, a `Literal`, a list or a set; in their order."""
    found: dict[str, None] = {}
    for path in source_files(folder) if folder is not None else ():
        if path.suffix == ".py":
            for members in _enumerations(path):
                if value in members and len(members) <= MEMBERS_MAX:
                    found.update(dict.fromkeys(members))
    return tuple(member for member in found if member != value)


def _enumerations(path: Path) -> Iterator[tuple[str, ...]]:
    try:
        tree = ast.parse(path.read_text("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.ClassDef):
            parts = [one.value for one in node.body if isinstance(one, ast.Assign)]
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = node.elts
        words = [part.elts[0] if isinstance(part, ast.Tuple) and part.elts else part for part in parts]
        members = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if len(members) > 1 and len(members) == len(parts):
            yield tuple(members)
