"""Doors that an import contract cannot see: a name inside an allowed package, or a call. One table; findings, one sentence each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Door:
    """Names that only some modules may use, each the end of a dotted name as written or imported."""

    what: str
    names: frozenset[str]
    keepers: tuple[str, ...]
    """Paths below the package; a folder ends with a slash."""


DOORS: Final = (
    Door(
        "a connection to a database",
        frozenset(
            {
                "sqlalchemy.Connection",
                "sqlalchemy.Engine",
                "sqlalchemy.create_engine",
                "sqlalchemy.create_mock_engine",
                "sqlalchemy.ext",
                "sqlalchemy.orm",
                "sqlalchemy.pool",
            }
        ),
        ("store/",),
    ),
    Door(
        "a connection to the network",
        frozenset(
            {
                "asyncio.open_connection",
                "asyncio.open_unix_connection",
                "asyncio.start_server",
                "asyncio.start_unix_server",
                "loop.create_connection",
                "loop.create_datagram_endpoint",
                "loop.create_server",
                "loop.sock_connect",
                "urllib.request",
            }
        ),
        ("deliver/outbound.py", "deliver/receiver.py"),
    ),
    Door(
        "a module named while the program runs",
        frozenset({"importlib.import_module", "importlib.util", "importlib.machinery", "__import__"}),
        ("cli/", "audit/world/child/"),  # what runs inside an audited program loads that program
    ),
)


def findings(package: Path) -> list[str]:
    """Tell every use of a door by a module that does not keep it."""
    return [
        f"{path.relative_to(package)}:{line} uses {name}: {door.what} is for {', '.join(door.keepers)} alone"
        for path in sorted(package.rglob("*.py"))
        for name, line in _names(ast.parse(path.read_text(encoding="utf-8")))
        for door in DOORS
        if _within(name, door.names) and not str(path.relative_to(package)).startswith(door.keepers)
    ]


def _within(name: str, names: frozenset[str]) -> bool:
    return any(f".{name}.".find(f".{guarded}.") == 0 or f".{name}".endswith(f".{guarded}") for guarded in names)


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Give every dotted name that is imported, called or looked up, by the name it was born with."""
    born: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from ((before + alias.name, node.lineno) for alias in node.names)
            born |= {alias.asname: before + alias.name for alias in node.names if alias.asname}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := _dotted(node)):
            first, dot, rest = name.partition(".")
            yield born.get(first, first) + dot + rest, node.lineno


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return None
