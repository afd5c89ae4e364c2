"""The code of a rule or an action with everything it reads: its helpers, constants and Enums, ready to be run again.

A function of today's files and one that was signed last year become the same `Code`, so whatever mutates, compares,
proves or shadows never asks where it came from.
"""

from __future__ import annotations

import ast
import builtins
import copy
import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, Final

from techlead.declare.purity import scope
from techlead.declare.purity.source import definition
from techlead.declare.purity.tables import Why
from techlead.declare.rule import Rule

PARTS_MAX: Final = 200
"""Helpers followed from one function; more than a pure function of rows ever needs."""
FILE: Final = "<intent>"


class Unreadable(ValueError):
    """The source of a function cannot be read, so nothing can be said about it."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One function: its tree without decorators, annotations and docstring, and what its outer names stand for."""

    key: str
    tree: ast.FunctionDef
    outer: Mapping[str, Any]
    calls: Mapping[str, str]
    """Names that stand for another part, by its key."""
    compiled: CodeType


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A function and its helpers."""

    main: str
    parts: Mapping[str, Part]

    def function(
        self, replaced: Mapping[str, CodeType] | None = None, more: Mapping[str, Any] | None = None
    ) -> Callable[..., Any]:
        """Make the function anew; `replaced` gives parts other code, `more` gives all parts more outer names."""
        replaced, more = replaced or {}, more or {}
        made = {}
        for key, part in self.parts.items():
            names = {"__builtins__": builtins.__dict__, **part.outer, **more}
            made[key] = FunctionType(replaced.get(key, part.compiled), names, part.tree.name)
        for key, part in self.parts.items():
            made[key].__globals__.update({name: made[called] for name, called in part.calls.items()})
        return made[self.main]


def read_code(function: Callable[..., Any]) -> Code:
    """Read a function and all that it calls; Unreadable when a source is not there."""
    parts: dict[str, Part] = {}
    waiting = [_plain(function)]
    main = key_of(waiting[0])
    while waiting:
        one = waiting.pop()
        if key_of(one) in parts:
            continue
        if len(parts) >= PARTS_MAX:
            raise Unreadable(f"{main} calls more than {PARTS_MAX} functions")
        part, called = _part(one)
        parts[part.key] = part
        waiting.extend(called)
    return Code(main, parts)


def part_of(key: str, tree: ast.FunctionDef, outer: Mapping[str, Any], calls: Mapping[str, str]) -> Part:
    """Make a part of a tree."""
    return Part(key, tree, outer, calls, compiled(tree))


def compiled(tree: ast.FunctionDef) -> CodeType:
    """Compile a function's tree to the code of the function."""
    module = compile(ast.Module([tree], []), FILE, "exec", dont_inherit=True)
    return next(one for one in module.co_consts if isinstance(one, CodeType))


def key_of(function: FunctionType) -> str:
    """Name a part: its module and its name; a lambda, which has none, by what it says."""
    if function.__name__ != "<lambda>":
        return f"{function.__module__}.{function.__qualname__}"
    said = ast.unparse(_defined(function))
    return f"{function.__module__}.lambda_{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def bare(tree: ast.FunctionDef) -> ast.FunctionDef:
    """Leave out what does not decide: decorators, annotations, the docstring."""
    copied = copy.deepcopy(tree)  # the tree is shared by all who read its file
    copied.decorator_list, copied.returns = [], None
    for argument in (*copied.args.posonlyargs, *copied.args.args, *copied.args.kwonlyargs):
        argument.annotation = None
    if ast.get_docstring(copied, clean=False) is not None:
        copied.body = copied.body[1:] or [ast.copy_location(ast.Pass(), copied)]
    return copied


def _plain(function: Any) -> FunctionType:
    found = function.function if isinstance(function, Rule) else function
    if not isinstance(found, FunctionType):
        raise Unreadable(f"{found!r} is no plain function")
    return found


def _part(function: FunctionType) -> tuple[Part, list[FunctionType]]:
    tree = bare(_as_function(_defined(function), function.__name__))
    outer: dict[str, Any] = {}
    calls: dict[str, str] = {}
    called = []
    for name in outer_names(tree):
        value = next((names[name] for names in scope.outer_values(function) if name in names), scope.MISSING)
        if isinstance(value, Rule) or (isinstance(value, FunctionType) and not _is_library(value)):
            helper = _plain(value)
            calls[name] = key_of(helper)
            called.append(helper)
        elif value is not scope.MISSING and getattr(builtins, name, scope.MISSING) is not value:
            outer[name] = value
    return part_of(key_of(function), tree, outer, calls), called


def _defined(function: FunctionType) -> ast.AST:
    defined = definition(function)
    if isinstance(defined, Why):
        raise Unreadable(f"{function.__qualname__} {defined.reason}")
    return defined


def _is_library(function: FunctionType) -> bool:
    return function.__module__.partition(".")[0] in {"techlead", *sys.stdlib_module_names}


def outer_names(tree: ast.FunctionDef) -> tuple[str, ...]:
    """List the names that a function reads and does not bind itself, in their order."""
    own = scope.parameters(tree.args) | scope.bindings(tree.body).keys()
    read = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return tuple(dict.fromkeys(name for name in read if name not in own))


def _as_function(defined: Any, name: str) -> ast.FunctionDef:
    if isinstance(defined, ast.FunctionDef):
        return defined
    if not isinstance(defined, ast.Lambda):
        raise Unreadable(f"{name} is async")
    returned = ast.copy_location(ast.Return(defined.body), defined)
    known = name if name.isidentifier() else "made"
    made = ast.parse(f"def {known}(): pass").body[0]
    assert isinstance(made, ast.FunctionDef)  # noqa: S101 - it was just written
    made.args, made.body = defined.args, [returned]
    return ast.fix_missing_locations(ast.copy_location(made, defined))
