"""Putting a declaration into a page: its text below what it needs, its imports where imports stand, all else byte for byte."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from techlead.scaffold.imports import imported
from techlead.scaffold.page import read
from techlead.scaffold.refused import ScaffoldRefused

MODULES: Final[Mapping[str, str]] = {
    "Enum": "enum", "Decimal": "decimal", "date": "datetime", "datetime": "datetime", "timedelta": "datetime", "UTC": "datetime",
    "chat": "techlead.outside", "push": "techlead.outside", "webhook": "techlead.outside",
}  # fmt: skip
"""Where a name comes from when it is not one of `techlead` itself."""
KNOWN: Final = frozenset(
    {
        "Account", "Body", "Effects", "Email", "Facts", "Internal", "Json", "Mapped", "Money", "Personal", "Ref",
        "Resource", "Secret", "Url", "WebhookUrl", "action", "anyone", "between", "copied", "count", "create", "delete",
        "email", "facts", "field", "inbox", "member", "notification", "now", "owned_by", "owner", "refuse", "role", "rule",
        "signed_in", "the", "total", "where",
    }
) | frozenset(MODULES)  # fmt: skip
"""The names that a declaration may use without the page having them yet."""
LATER: Final = 2
"""Empty lines between a class or function and what follows it."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration as text: what kind, which name, and how it is written."""

    kind: str
    name: str
    text: str
    loose: bool = field(default=True)
    """Whether empty lines stand around it; one line of several of its kind has none."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """A page with one more declaration."""

    source: str
    line: int
    """The first line of the declaration, from 1."""


def insert(source: str, declared: Declaration) -> Inserted:
    """Put a declaration into a page; ScaffoldRefused when it names what the page does not have."""
    page = read(source)
    tree = ast.parse(declared.text)
    used = free_names(tree)
    missing = sorted(used - page.names - KNOWN - made_names(tree))
    if missing:
        raise ScaffoldRefused(f"The page has no {', '.join(missing)}: declare it first, or correct the name.")
    after = page.line_after(declared.kind, used)
    lines = source.splitlines(keepends=True)
    ending = "\r\n" if "\r\n" in source else "\n"
    text = declared.text.strip("\n").replace("\n", ending) + ending
    rest = lines[after:]
    gap = 0 if _follows_its_kind(declared, source, after) else LATER
    head = lines[:after]
    if head and not head[-1].endswith("\n"):
        head[-1] += ending
    tail = [ending] * (LATER if declared.loose else 0) if rest and rest[0].strip() else []
    body = "".join([*head, ending * gap, text, *tail, *rest])
    for name in sorted(used - page.names - made_names(tree)):
        body = imported(body, MODULES.get(name, "techlead"), name)
    ast.parse(body)
    return Inserted(body, body[: body.index(text)].count("\n") + 1)


def free_names(tree: ast.Module) -> frozenset[str]:
    """Name what a text reads and does not bind itself: parameters of its functions are its own."""
    found: set[str] = set()
    for node in tree.body:
        inside = node.args if isinstance(node, ast.FunctionDef) else None
        own = {one.arg for one in (*inside.args, *inside.kwonlyargs)} if inside else set()
        read_names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        found |= read_names - own
    return frozenset(found) - frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def made_names(tree: ast.Module) -> frozenset[str]:
    """Name what a text binds at its top."""
    return frozenset(one.name for one in tree.body if isinstance(one, ast.ClassDef | ast.FunctionDef))


def _follows_its_kind(declared: Declaration, source: str, after: int) -> bool:
    """Tell whether a declaration of one line comes right after one of its kind."""
    if declared.loose:
        return False
    return any(one.kind == declared.kind and one.last == after for one in read(source).statements)
