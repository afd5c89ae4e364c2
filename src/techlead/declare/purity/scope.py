"""Names: which a function binds itself, with what, and what the others stand for when it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, Final, TypeGuard

MISSING: Final = object()
"""Stands for a name that nothing has."""

Bindings = dict[str, list[ast.expr | None]]
"""Each name a function binds, with the expressions it is bound to; None where that is not one plain expression."""

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def parameters(arguments: ast.arguments) -> frozenset[str]:
    """List the names of all parameters."""
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return frozenset(one.arg for one in every if one is not None)


def bindings(body: Iterable[ast.AST]) -> Bindings:
    """Collect what a body binds in its own scope: not in that of a lambda, a comprehension or an inner function."""
    nodes = [node for statement in body for node in _own(statement)]
    plain = {id(target): value for node in nodes for target, value in _plain(node)}
    without_value = {id(node.target) for node in nodes if _is_step(node)}
    found: Bindings = {}
    for node in nodes:
        for name in _bound(node):
            values = found.setdefault(name, [])
            if id(node) not in without_value:
                values.append(plain.get(id(node)))
    return found


def targets(comprehensions: Iterable[ast.comprehension]) -> frozenset[str]:
    """List the names that a comprehension binds for itself."""
    return frozenset(name for one in comprehensions for node in ast.walk(one.target) for name in _bound(node))


def outer_values(function: FunctionType) -> tuple[Mapping[str, Any], ...]:
    """Give where the names that a function does not bind are looked up, in Python's order."""
    cells = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:
            cells[name] = MISSING
    return cells, function.__globals__, _builtins(function)


def _builtins(function: FunctionType) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(function, "__builtins__")  # noqa: B009 - typeshed does not know it
    return found


def _own(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.comprehension) and child is node.target):
            yield from _own(child)


def _plain(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        yield node.target, node.value


def _is_step(node: ast.AST) -> TypeGuard[ast.AugAssign | ast.AnnAssign]:
    """Tell whether a statement names its target without binding it anew: `x += 1`, `x: int`."""
    return isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value is None)


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).split(".", maxsplit=1)[0]
