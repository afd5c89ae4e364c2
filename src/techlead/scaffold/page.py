"""A user's page as it is written: which names stand where, so that declarations can be put into it and nothing else moves."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from techlead.scaffold.refused import ScaffoldRefused

Kind = Literal["import", "backend", "account", "resource", "notification", "rule", "action", "other"]
AFTER: Final[Mapping[str, tuple[Kind, ...]]] = {
    "resource": ("backend", "account", "resource"),
    "notification": ("backend", "account", "resource", "notification"),
    "rule": ("backend", "account", "resource", "notification", "rule"),
    "action": ("backend", "account", "resource", "notification", "rule", "action"),
}
"""What a new declaration of each kind stands after; the last of them that the page has."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One statement at the top of a page: what it declares, and its lines (from 1, both inclusive)."""

    kind: Kind
    names: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what stands at its top."""

    source: str
    statements: tuple[Standing, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name that the page holds already."""
        return frozenset(name for one in self.statements for name in one.names)

    @property
    def backend(self) -> str:
        """The variable that holds the backend; ScaffoldRefused when the page makes none."""
        found = self.of_kind("backend")
        if not found:
            raise ScaffoldRefused('The page makes no backend: write `backend = Backend("name")` first.')
        return found[0]

    def of_kind(self, *kinds: Kind) -> tuple[str, ...]:
        """Name what is declared of some kinds, in the order of the page."""
        return tuple(one.names[0] for one in self.statements if one.kind in kinds)

    def line_after(self, kind: str, needed: Iterable[str]) -> int:
        """Give the line after which a declaration stands: below its own kind, and below all that it names."""
        wanted = frozenset(needed)
        fitting = (
            one.last
            for one in self.statements
            if one.kind in AFTER[kind] or (one.kind != "import" and wanted & set(one.names))
        )
        return max(fitting, default=max((one.last for one in self.statements), default=0))


def read(source: str) -> Page:
    """Read a page; ScaffoldRefused names the line where it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ScaffoldRefused(f"backend.py:{error.lineno}: {error.msg}: mend it first.") from error
    return Page(source, tuple(_standing(node) for node in tree.body))


def _standing(node: ast.stmt) -> Standing:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(one.lineno for one in decorators)])
    return Standing(_kind(node, decorators), _names(node), first, node.end_lineno or node.lineno)


def _names(node: ast.stmt) -> tuple[str, ...]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return (name,)
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return tuple((one.asname or one.name).partition(".")[0] for one in aliases)
        case ast.Assign(targets=targets):
            return tuple(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            return (name,)
    return ()


def _kind(node: ast.stmt, decorators: list[ast.expr]) -> Kind:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
        made: Mapping[str, Kind] = {"Backend": "backend", "notification": "notification"}
        return made.get(_called(node.value), "other")
    decorated: Mapping[str, Kind] = {
        "account": "account", "resource": "resource", "rule": "rule", "action": "action",
    }  # fmt: skip
    return next((decorated[one] for one in map(_called, decorators) if one in decorated), "other")


def _called(node: ast.expr) -> str:
    """Name what is called or decorates, without what stands before its last dot."""
    called = node.func if isinstance(node, ast.Call) else node
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
