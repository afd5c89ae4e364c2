"""The normal form of source: what it says, without where it stands, how it is laid out, and which Python parsed it."""

from __future__ import annotations

import ast
import hashlib
import json
from typing import Any, Final

LEFT_OUT: Final = frozenset({"ctx", "kind", "type_comment", "type_params", "type_ignores"})
"""Fields that Pythons fill differently and that decide nothing."""


def normal(node: Any) -> Any:
    """Give a tree as lists of names and values; two sources that say the same give the same."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in sorted(node._fields) if name not in LEFT_OUT)
        return [type(node).__name__, *([name, normal(value)] for name, value in fields if value not in (None, []))]
    if isinstance(node, list):
        return [normal(one) for one in node]
    return [type(node).__name__, repr(node)]


def normal_source(source: str) -> Any:
    """Give the normal form of source text."""
    return [normal(one) for one in ast.parse(source).body]


def canonical(value: Any) -> bytes:
    """Write data in the one way that is hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: Any) -> str:
    """Hash data."""
    return hashlib.sha256(canonical(value)).hexdigest()
