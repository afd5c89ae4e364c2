"""Request bodies and headers that are written into the log."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from techlead.audit.finding import Note
from techlead.audit.source.module import Function, Module

LEVELS: Final = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log"})
LOGGERS: Final = frozenset(
    {"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER", "app.logger", "current_app.logger"}
)
BODIES: Final = frozenset({"json", "get_json", "data", "get_data", "form", "body", "POST", "values", "headers"})


def bodies(module: Module) -> Iterator[Note]:
    """Find log calls and prints that hold a whole request body or its headers."""
    for function in module.functions():
        held = _held(function)
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and _writes(module, node)):
            for argument in [*call.args, *(given.value for given in call.keywords)]:
                if any(_is_body(node) or (isinstance(node, ast.Name) and node.id in held) for node in _whole(argument)):
                    yield Note(
                        "exposure.log-personal", module.where(call), "a request's body or headers go into the log"
                    )
                    break


def _writes(module: Module, call: ast.Call) -> bool:
    name = module.called(call)
    head, _, level = name.rpartition(".")
    return name == "print" or (level in LEVELS and (head in LOGGERS or head.rpartition(".")[2] in LOGGERS))


def _held(function: Function) -> frozenset[str]:
    """Give the names of the function that hold a whole body."""
    return frozenset(
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(_is_body(part) for part in _whole(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _whole(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over an expression, but not into what picks one part out of a value, measures it or judges it."""
    yield node
    if isinstance(node, ast.Subscript | ast.Compare | ast.BoolOp | ast.IfExp):
        return
    if isinstance(node, ast.Attribute) and not _is_body(node):
        return
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and (
            _is_body(node.func) or node.func.attr in {"decode", "format", "dumps"}
        ):
            yield from _whole(node.func.value) if node.func.attr == "decode" else ()
            yield from (part for argument in node.args for part in _whole(argument))
        elif isinstance(node.func, ast.Name) and node.func.id in {"str", "repr", "dict"}:
            yield from (part for argument in node.args for part in _whole(argument))
        return
    for child in ast.iter_child_nodes(node):
        yield from _whole(child)


def _is_body(node: ast.AST) -> bool:
    """Whether it is `request.json`, `request.get_json()`, `await request.body()` and the like."""
    if isinstance(node, ast.Call):
        node = node.func
    return (
        isinstance(node, ast.Attribute)
        and node.attr in BODIES
        and isinstance(node.value, ast.Name)
        and node.value.id in {"request", "req"}
    )
