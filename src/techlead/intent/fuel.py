"""Fuel for drafts: a drafted rule that runs beside a signed one is bounded in steps and in the size of what it makes.

Loops and comprehensions burn a unit a turn, and sums and products are checked before they fill the memory; a rule
without any of these costs nothing more. Its builtins are those of pure functions: nothing that opens or imports.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from techlead.declare.purity.tables import FUNCTIONS, TYPES
from techlead.intent.code import Code, compiled

STEPS_MAX: Final = 1_000
"""Turns of loops in one call."""
LENGTH_MAX: Final = 10_000
"""Characters or items of what a draft makes."""
BITS_MAX: Final = 4_096
TURN, SUM, PRODUCT, METHOD = "fuel__turn", "fuel__sum", "fuel__product", "fuel__method"
GROWING: Final = frozenset({"ljust", "rjust", "center", "zfill", "replace", "join"})
"""Methods that can make a text as long as they are told."""


class OutOfFuel(Exception):
    """A draft did more than a rule needs."""


def fuelled(code: Code) -> Callable[..., Any]:
    """Make a function of code that stops with OutOfFuel instead of going on for long."""
    gauge = _Gauge()
    replaced = {}
    for key, part in code.parts.items():
        tree = ast.fix_missing_locations(_Fuelling().visit(copy.deepcopy(part.tree)))
        replaced[key] = compiled(tree)
    names = {TURN: gauge.turns, SUM: gauge.sum, PRODUCT: gauge.product, METHOD: gauge.method, "__builtins__": SAFE}
    function = code.function(replaced, names)
    if not any(_loops(part.tree) for part in code.parts.values()):
        return function

    def run(**facts: Any) -> Any:
        gauge.left = STEPS_MAX
        return function(**facts)

    return run


SAFE: Final = {
    name: getattr(builtins, name)
    for name in dir(builtins)
    if any(getattr(builtins, name) is one for one in (*FUNCTIONS, *TYPES)) or name in ("None", "True", "False")
}
"""The builtins of a draft."""


def _loops(tree: ast.AST) -> bool:
    return any(isinstance(one, ast.For | ast.comprehension) for one in ast.walk(tree))


class _Gauge:
    """How much a draft may still do in this call."""

    def __init__(self) -> None:
        self.left = STEPS_MAX

    def turns(self, things: Iterable[Any]) -> Iterator[Any]:
        for one in things:
            self.left -= 1
            if self.left < 0:
                raise OutOfFuel(f"more than {STEPS_MAX} turns")
            yield one

    def sum(self, left: Any, right: Any) -> Any:
        if isinstance(left, SIZED) and isinstance(right, SIZED) and len(left) + len(right) > LENGTH_MAX:
            raise OutOfFuel(f"longer than {LENGTH_MAX}")
        return left + right

    def product(self, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > BITS_MAX:
                raise OutOfFuel(f"a number of more than {BITS_MAX} bits")
        elif isinstance(left, SIZED) and isinstance(right, int):
            self._long(len(left) * right)
        elif isinstance(right, SIZED) and isinstance(left, int):
            self._long(len(right) * left)
        return left * right

    def method(self, owner: Any, name: str, *given: Any) -> Any:
        if isinstance(owner, str):
            numbers = [one for one in given if isinstance(one, int)]
            lengths = [len(one) for one in given if isinstance(one, SIZED)]
            self._long(max([len(owner), *numbers]) if name != "replace" else (len(owner) + 1) * max([1, *lengths]))
            if name == "join":
                self._long(sum(len(one) + len(owner) for one in given[0]))
        return getattr(owner, name)(*given)

    def _long(self, length: int) -> None:
        if length > LENGTH_MAX:
            raise OutOfFuel(f"longer than {LENGTH_MAX}")


SIZED: Final = (str, bytes, list, tuple)


class _Fuelling(ast.NodeTransformer):
    """Puts the gauge into loops, sums, products and the methods that make texts longer."""

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _called(TURN, node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _called(TURN, node.iter)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = GAUGED.get(type(node.op))
        return node if name is None else ast.copy_location(_called(name, node.left, node.right), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        name = GAUGED.get(type(node.op))
        if name is None or not isinstance(node.target, ast.Name):
            return node
        value = _called(name, ast.Name(node.target.id, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in GROWING and not node.keywords:
            name = ast.Constant(node.func.attr)
            return ast.copy_location(_called(METHOD, node.func.value, name, *node.args), node)
        return node


GAUGED: Final = {ast.Add: SUM, ast.Mult: PRODUCT}


def _called(name: str, *given: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(given), [])
