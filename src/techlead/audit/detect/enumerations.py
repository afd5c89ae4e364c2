"""What else a value may be: the texts that stand beside it in an enumeration of a target's own source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from techlead.audit.detect.parsing import parsed
from techlead.audit.detect.published import FILES_MAX, source_files

MEMBERS_MAX: Final = 12
"""Longer lists are no enumerations."""


def beside(folder: Path | None, value: str) -> tuple[str, ...]:
    """Give the other members of each enumeration that has the value: of a class, a `Literal`, a list or a set; in their order."""
    found: dict[str, None] = {}
    for path in source_files(folder) if folder is not None else ():
        if path.suffix == ".py":
            for members in _enumerations(path.read_text("utf-8", "replace")):
                if value in members and len(members) <= MEMBERS_MAX:
                    found.update(dict.fromkeys(members))
    return tuple(member for member in found if member != value)


@lru_cache(FILES_MAX)
def _enumerations(source: str) -> tuple[tuple[str, ...], ...]:
    """List the enumerations of a file; each instance has a copy of the same ones, and they are asked about again and again."""
    tree = parsed(source)
    return tuple(_listed(tree)) if tree is not None else ()


def _listed(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    pairs: set[ast.AST] = set()  # a choice and its label: an outer list comes before what is in it
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.ClassDef):
            parts = [one.value for one in node.body if isinstance(one, ast.Assign)]
        elif isinstance(node, ast.List | ast.Tuple | ast.Set) and node not in pairs:
            parts = node.elts
        pairs.update(part for part in parts if isinstance(part, ast.Tuple))
        words = [part.elts[0] if isinstance(part, ast.Tuple) and part.elts else part for part in parts]
        members = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if len(members) > 1 and len(members) == len(parts):
            yield tuple(members)
