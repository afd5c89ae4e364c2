"""Secrets that stand in the source: as a value, or as what is taken when the environment has none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from techlead.audit.finding import Note
from techlead.audit.source.module import Module, keyword, text_of

SIGNING: Final = re.compile(r"(secret|jwt|signing|session)_?key$|^(jwt_?)?secret$|_secret$|^secret_", re.IGNORECASE)
ADMIN: Final = re.compile(r"(admin|root|superuser|default)_?pass(word|wd)?$", re.IGNORECASE)
OTHER: Final = re.compile(
    r"header|name|field|url|path|prefix|algorithm|expire|minutes|days|length|bytes|type|webhook|client", re.IGNORECASE
)
"""Names that speak of a secret without being one, or whose absence switches something off."""
NO_SECRET: Final = re.compile(
    r"^(HS|RS|ES|PS)\d{3}$|^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^(X-|https?://|/|\$\{|<)|^[a-z]+\.[a-z.]+$"
)
CHARACTERS_MIN: Final = 3
GETTERS: Final = frozenset(
    {"os.getenv", "os.environ.get", "environ.get", "getenv", "decouple.config", "config", "env", "env.str"}
)


def secrets(module: Module) -> Iterator[Note]:
    """Find signing keys and administrators' passwords that anybody who reads the source knows."""
    for name, value, node in _named(module):
        kind = _kind(name)
        if kind and value is not None and len(value) >= CHARACTERS_MIN and not NO_SECRET.search(value):
            yield Note(kind, module.where(node), f"`{name}` has a value in the source")


def _kind(name: str) -> str:
    if OTHER.search(name):
        return ""
    if ADMIN.search(name):
        return "exposure.default-admin"
    return "session.weak-signing-key" if SIGNING.search(name) else ""


def _named(module: Module) -> Iterator[tuple[str, str | None, ast.AST]]:
    """Give each name that gets a text: by assignment, in a configuration, or as a fallback of the environment."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.called(node) in GETTERS and node.args:
            fallback = node.args[1] if len(node.args) > 1 else keyword(node, "default")
            yield text_of(node.args[0]) or "", text_of(fallback), node
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            yield from _or_else(module, node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield _target(target), text_of(node.value), node
        elif isinstance(node, ast.AnnAssign):
            yield _target(node.target), text_of(node.value), node


def _or_else(module: Module, node: ast.BoolOp) -> Iterator[tuple[str, str | None, ast.AST]]:
    first = node.values[0]
    if isinstance(first, ast.Call) and module.called(first) in GETTERS and first.args:
        yield text_of(first.args[0]) or "", text_of(node.values[-1]), node


def _target(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return text_of(target.slice) or ""
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
