"""One Python file as a tree, with the real names behind its imports; and the files of a folder that are the target's own."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef

FILES_MAX: Final = 2_000
FILE_BYTES_MAX: Final = 1_000_000
FOREIGN: Final = frozenset(
    {
        "site-packages",
        "node_modules",
        "venv",
        "env",
        "__pycache__",
        "migrations",
        "tests",
        "test",
        "build",
        "dist",
        "docs",
    }
)
"""Folders whose code is not the target's, or not what it runs."""


@dataclass(frozen=True, slots=True)
class Module:
    """A file's tree; `names` tells what an imported name stands for: `r` -> `requests`, `post` -> `requests.post`."""

    file: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)

    def called(self, call: ast.Call) -> str:
        """Give the full dotted name of what is called, such as `requests.post`; '' when it is no plain name."""
        return self.dotted(call.func)

    def dotted(self, node: ast.AST) -> str:
        """Give the full dotted name of an expression, '' when it is no plain name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    def where(self, node: ast.AST) -> str:
        """Give `file.py:12`."""
        return f"{self.file}:{getattr(node, 'lineno', 1)}"

    def nodes(self, kind: type[Node]) -> Iterator[Node]:
        """Walk over all nodes of a kind."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))

    def functions(self) -> Iterator[Function]:
        """Walk over all functions."""
        yield from self.nodes(ast.FunctionDef)
        yield from self.nodes(ast.AsyncFunctionDef)


def modules(folder: Path) -> Iterator[Module]:
    """Read the target's own Python files; what cannot be read or parsed is passed over."""
    files = (file for file in sorted(folder.rglob("*.py")) if _own(file.relative_to(folder)))
    for number, file in enumerate(files):
        if number >= FILES_MAX:
            return
        module = read(file, str(file.relative_to(folder)))
        if module is not None:
            yield module


def read(file: Path, name: str) -> Module | None:
    """Read one file, or give None."""
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            return None
        return parse(file.read_text(encoding="utf-8"), name)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def parse(text: str, name: str) -> Module:
    """Parse a module's text; raises SyntaxError or ValueError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the target's own doubtful escapes are not ours to report
        tree = ast.parse(text)
    return Module(name, tree, dict(_imported(tree)))


def _own(path: Path) -> bool:
    folders = path.parts[:-1]
    return not any(part in FOREIGN or part.startswith(".") for part in folders) and not path.name.startswith("test_")


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (name.asname, name.name) if name.asname else (name.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Give the argument that was passed by this name."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def spread(call: ast.Call) -> bool:
    """Whether arguments come from `**options`, so that nobody can see what is passed."""
    return any(given.arg is None for given in call.keywords)


def constant(node: ast.AST | None, *, value: object) -> bool:
    """Whether an expression is exactly this constant."""
    return isinstance(node, ast.Constant) and node.value is value


def text_of(node: ast.AST | None) -> str | None:
    """Give the text of a string constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
