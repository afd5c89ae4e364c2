"""The source of a function: the one definition in its file that runs, found by its place and checked by its names."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Final, NamedTuple

from techlead.declare.purity.tables import Why

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FILES_KEPT_MAX: Final = 16


class Place(NamedTuple):
    """Where a function is defined."""

    file: str
    line: int


def place(function: object) -> Place:
    """Give the file and line of what runs; of something that is no function, as near as can be."""
    for candidate in (function, getattr(function, "func", None), vars(type(function)).get("__call__")):
        code = getattr(candidate, "__code__", None)
        if isinstance(code, CodeType):
            return Place(code.co_filename, code.co_firstlineno)
    return Place("unknown", 0)


def definition(function: FunctionType) -> Defined | Why:
    """Find the definition of a function, or say why its source cannot be read."""
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        return Why("has no source that can be read", "write it with `def` in a file of the project")
    try:
        defined = _defined("".join(lines))
    except SyntaxError:
        return Why("has a source that cannot be parsed", "restart with the file that is on the disk")
    found = [node for node in defined.get(code.co_firstlineno, ()) if _is_at(node, code)]
    if len(found) == 1:
        return found[0]
    if found:
        return Why("is one of several lambdas on its line", "give each a line of its own, or write a `def`")
    return Why("is not where its source says", "restart with the file that is on the disk")


def runs_as_written(function: FunctionType, defined: Defined) -> bool:
    """Tell whether the running code uses only names that its source has; not so when the file changed since."""
    written = {node.id for node in ast.walk(defined) if isinstance(node, ast.Name)}
    written |= {node.attr for node in ast.walk(defined) if isinstance(node, ast.Attribute)}
    return all(name in written for name in _names(function.__code__))


@lru_cache(maxsize=FILES_KEPT_MAX)
def _defined(source: str) -> Mapping[int, list[Defined]]:
    """Give the functions of a file by each line at which they may be said to begin: one walk, however many are asked for."""
    found: dict[int, list[Defined]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Defined):
            for line in {node.lineno, _first_line(node)}:
                found.setdefault(line, []).append(node)
    return found


def _is_at(node: Defined, code: CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    return code.co_name == node.name and code.co_firstlineno in {_first_line(node), node.lineno}


def _first_line(node: Defined) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return decorators[0].lineno if decorators else node.lineno


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
