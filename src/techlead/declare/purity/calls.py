"""Calls: only what a name or a method names may be called, and what an argument may hold."""

# ruff: noqa: N802 - the names that ast.NodeVisitor calls

from __future__ import annotations

import ast
from typing import Any, Final

from techlead.declare.purity import scope
from techlead.declare.purity.names import Found, Names
from techlead.declare.purity.objects import Kind
from techlead.declare.purity.tables import (
    CLASS_TAKERS,
    EXPONENT_MAX,
    FUNCTION_TAKERS,
    LOOP_TURNS_MAX,
    TYPES,
    Reach,
    Why,
)

_BY_NAME: Final = Why("is called without a name that can be checked", "call functions and methods by their own names")
_VALUE: Final = Why("is a value, and is called", "read it: it is no function")
_STARRED: Final = Why("hides what is passed", "name each argument")
_DEFAULTS: Final = Why("is a lambda with defaults", "write the value into the lambda")
_PLACED: Final = Why("is a lambda outside sorted, min, max, map and filter", "define a function in the module")
_LONG: Final = Why(f"turns more than {LOOP_TURNS_MAX:,} times", Reach.ENDLESS.value.mend)
_OPEN_RANGE: Final = Why("has no constant bound", "loop over the rows themselves (enumerate, zip), or over range(12)")
_DIGITS: Final = Why("rounds to digits that are no constant", "write them: round(x, 2)")
_POWER: Final = Why(f"is a power that is no constant up to {EXPONENT_MAX}", "multiply, or write the exponent")
_FUNCTIONS: Final = frozenset({Kind.TYPE, Kind.FUNCTION, Kind.ENUM, Kind.KNOWN, Kind.HELPER})


class Calls(Names):
    """Judges who is called with what."""

    def visit_Call(self, node: ast.Call) -> None:
        """Judge the callee, then each argument in its place."""
        found = self._callee(node)
        thing = found.thing if found else None
        place = next((where for one, where in FUNCTION_TAKERS.items() if one is thing), None)
        for index, argument in enumerate(node.args):
            self._argument(argument, thing, called=index == place)
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            self.refuse(node, _STARRED)
        for keyword in node.keywords:
            self._argument(keyword.value, thing, called=keyword.arg is not None and keyword.arg == place)
        if thing is range:
            self._range(node)
        elif thing is round and len(node.args) + len(node.keywords) > 1 and self._integer(node.args[-1]) is None:
            self.refuse(node, _DIGITS)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Refuse powers and shifts that fill the memory."""
        if isinstance(node.op, ast.Pow | ast.LShift):
            exponent = self._integer(node.right)
            if exponent is None or abs(exponent) > EXPONENT_MAX:
                self.refuse(node, _POWER)
        self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Refuse a lambda anywhere but where it is called at once."""
        self.refuse(node, _PLACED)

    def class_named(self, node: ast.expr) -> None:
        """Judge a class that is compared with, where declared ones may stand too."""
        found = self.named(node)
        if isinstance(node, ast.Tuple):
            for one in node.elts:
                self.class_named(one)
        elif found is not None and isinstance(found.thing, type):
            self.kind(node, found)
        else:
            self.visit(node)

    def _callee(self, node: ast.Call) -> Found | None:
        found = self.named(node.func)
        if found is not None:
            kind = self.kind(node.func, found)
            if kind is not None and kind not in _FUNCTIONS:
                self.refuse(node.func, _VALUE)
        elif isinstance(node.func, ast.Attribute):
            self.attribute(node.func, len(node.args) + len(node.keywords))
        else:
            self.refuse(node.func, _BY_NAME)
        return found

    def _argument(self, node: ast.expr, taker: Any, *, called: bool) -> None:
        if called:
            self._function(node)
        elif any(taker is one for one in CLASS_TAKERS):
            self.class_named(node)
        else:
            self.visit(node)

    def _function(self, node: ast.expr) -> None:
        """Judge an argument that is called: a lambda, or a name that can be checked."""
        found = self.named(node)
        if isinstance(node, ast.Lambda):
            self._lambda(node)
        elif isinstance(node, ast.Constant):
            self.visit(node)
        elif found is not None:
            kind = self.kind(node, found)
            if kind is not None and (
                kind not in _FUNCTIONS or any(found.thing is one for one in (range, *FUNCTION_TAKERS))
            ):
                self.refuse(node, _BY_NAME)
        elif isinstance(node, ast.Attribute) and self._is_of_type(node.value):
            self.attribute(node, 1)
        else:
            self.refuse(node, _BY_NAME)

    def _is_of_type(self, node: ast.expr) -> bool:
        found = self.named(node)
        return found is not None and any(found.thing is one for one in TYPES)

    def _lambda(self, node: ast.Lambda) -> None:
        if node.args.defaults or any(node.args.kw_defaults):
            self.refuse(node, _DEFAULTS)
        with self.inside(scope.parameters(node.args) | frozenset(scope.bindings([node.body]))):
            self.visit(node.body)

    def _range(self, node: ast.Call) -> None:
        bounds = [bound for one in node.args if (bound := self._integer(one)) is not None]
        if len(bounds) != len(node.args) or not bounds:
            self.refuse(node, _OPEN_RANGE)
        elif 0 in bounds[2:] or len(range(*bounds[:3])) > LOOP_TURNS_MAX:
            self.refuse(node, _LONG)

    def _integer(self, node: ast.expr) -> int | None:
        """Give a whole number that is written, or named by a constant."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            positive = self._integer(node.operand)
            return None if positive is None else -positive
        found = self.named(node)
        value = node.value if isinstance(node, ast.Constant) else found.thing if found else None
        return value if type(value) is int else None
