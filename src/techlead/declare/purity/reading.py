"""The reading of one function: every statement in it, against the tables."""

# ruff: noqa: N802 - the names that ast.NodeVisitor calls

from __future__ import annotations

import ast
from types import FunctionType
from typing import Final, Literal

from techlead.declare.purity import scope
from techlead.declare.purity.calls import Calls
from techlead.declare.purity.names import Judge
from techlead.declare.purity.source import Defined
from techlead.declare.purity.tables import (
    ALLOWED_SYNTAX,
    NOT_ENTERED,
    OTHER_SYNTAX,
    STEPS,
    SYNTAX,
    VALUE_MAKERS,
    Reach,
    Why,
)

_YIELDS: Final = Why("yields, and only an action itself yields effects", "return the value, and yield in the action")
_YIELDED: Final = Why("reads the value of a yield", "write `yield ...` on a line of its own: effects answer nothing")
_FROZEN: Final = Why("assigns to a field, and facts are frozen", "only an action assigns, and only in its own body")
_NO_DRAFT: Final = Why("assigns to what is no parameter", "ask for the row as a parameter, or make it with its values")
_NOT_OWN: Final = Why("changes what it did not make", "build a new value: {**old, key: value} or a comprehension")
_STEP: Final = Why("may change a value in place", "write it in full: `x = x + ...`")
_IDLE: Final = Why("does nothing: a pure function changes nothing", "yield it (effects), return it, or assign it")
_FLOAT: Final = Why("is a float, and money never is one", Reach.FLOAT.value.mend)


class Reading(Calls):
    """Reads a function once; `refused` and `uses` hold what was found."""

    def __init__(self, function: FunctionType, defined: Defined, role: Literal["rule", "action"], judge: Judge) -> None:
        """Read the whole function, but for annotations, defaults and decorators."""
        super().__init__(function, defined, judge)
        self._role = role
        self._drafts = self.parameters - frozenset(self.bound)
        if isinstance(defined, ast.AsyncFunctionDef):
            self.refuse(defined, SYNTAX[ast.AsyncFunctionDef], f"`async def {defined.name}`")
        for node in [defined.body] if isinstance(defined, ast.Lambda) else defined.body:
            self.visit(node)

    def visit(self, node: ast.AST) -> None:
        """Refuse syntax that is not allowed, and read on inside it."""
        if type(node) not in ALLOWED_SYNTAX:
            self.refuse(node, SYNTAX.get(type(node), OTHER_SYNTAX))
        if not isinstance(node, NOT_ENTERED):
            super().visit(node)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        """Read on in every block, not in the names of the errors."""
        handled = (line for handler in node.handlers for line in handler.body)
        for line in (*node.body, *handled, *node.orelse, *node.finalbody):
            self.visit(line)

    def visit_TryStar(self, node: ast.TryStar) -> None:
        """Read on as above."""
        self.visit_Try(node)

    def visit_With(self, node: ast.With) -> None:
        """Read on in what is opened and in the block."""
        for part in (*(item.context_expr for item in node.items), *node.body):
            self.visit(part)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Refuse a line without an effect; what is yielded and a docstring have one."""
        value, before = node.value, len(self.refused)
        if isinstance(value, ast.Yield | ast.YieldFrom):
            if self._role == "rule":
                self.refuse(node, _YIELDS)
            self.generic_visit(value)
        elif not isinstance(value, ast.Constant):
            self.visit(value)
            if len(self.refused) == before:
                self.refuse(node, _IDLE)

    def visit_Yield(self, node: ast.Yield) -> None:
        """Refuse a yield in the middle of an expression."""
        self.refuse(node, _YIELDED)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        """Refuse as above."""
        self.refuse(node, _YIELDED)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Refuse floats."""
        if isinstance(node.value, float | complex):
            self.refuse(node, _FLOAT)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Read the target and the value; the annotation never runs."""
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Refuse steps that could change a list or a dict in place."""
        steps = isinstance(node.op, STEPS)
        if isinstance(node.target, ast.Name):
            steps = steps and self._holds_values(node.target.id)
        elif isinstance(node.target, ast.Subscript):
            steps = False
        if not steps:
            self.refuse(node, _STEP)
        self.visit(node.target)
        self.visit(node.value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Judge an attribute that is read; assigned, it has to be an action's draft."""
        if isinstance(node.ctx, ast.Load):
            self.attribute(node)
        elif isinstance(node.ctx, ast.Store) and self.word(node, node.attr):
            base = node.value.id if isinstance(node.value, ast.Name) else ""
            if self._role == "rule":
                self.refuse(node, _FROZEN)
            elif base not in self._drafts or self.is_inner(base):
                self.refuse(node, _NO_DRAFT)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Allow an item to be assigned only in a list or dict that the function has made itself."""
        if isinstance(node.ctx, ast.Store):
            own = isinstance(node.value, ast.Name) and self._is_own(node.value.id)
            if not own or isinstance(node.slice, ast.Slice):
                self.refuse(node, _NOT_OWN)
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """Read a comprehension in its own scope."""
        self._comprehension(node.generators, node.elt)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        """Read as above."""
        self._comprehension(node.generators, node.elt)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        """Read as above."""
        self._comprehension(node.generators, node.elt)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Read a comprehension in its own scope."""
        self._comprehension(node.generators, node.key, node.value)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """Judge the class, and each attribute that the pattern reads."""
        self.class_named(node.cls)
        for name in node.kwd_attrs:
            self.word(node, name)
        for pattern in (*node.patterns, *node.kwd_patterns):
            self.visit(pattern)

    def _comprehension(self, generators: list[ast.comprehension], *results: ast.expr) -> None:
        self.visit(generators[0].iter)  # the one part that runs in the scope around
        with self.inside(scope.targets(generators)):
            for index, one in enumerate(generators):
                for part in (one.target, *([one.iter] if index else []), *one.ifs):
                    self.visit(part)
            for result in results:
                self.visit(result)

    def _is_own(self, name: str) -> bool:
        made = self.bound.get(name, [None])
        return name not in self.parameters and not self.is_inner(name) and all(map(self._is_new, made))

    def _is_new(self, node: ast.expr | None) -> bool:
        found = self.named(node.func) if isinstance(node, ast.Call) else None
        shape = ast.List | ast.Dict | ast.ListComp | ast.DictComp
        return isinstance(node, shape) or (found is not None and found.thing in (list, dict))

    def _holds_values(self, name: str) -> bool:
        made = self.bound.get(name)
        return name not in self.parameters and made is not None and bool(made) and all(map(self._is_value, made))

    def _is_value(self, node: ast.expr | None) -> bool:
        """Tell whether an expression makes something that never changes: a field, a number, a text, Money."""
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.Attribute():
                return True
            case ast.UnaryOp(operand=operand):
                return self._is_value(operand)
            case ast.BinOp(left=first, right=second) | ast.IfExp(body=first, orelse=second):
                return self._is_value(first) and self._is_value(second)
            case ast.Call(func=callee):
                found = self.named(callee)
                started = len(node.args) + len(node.keywords) > 1  # sum(lists, []) is a list
                return found is not None and (
                    any(found.thing is one for one in VALUE_MAKERS) or (found.thing is sum and not started)
                )
            case ast.Name():
                return self.named(node) is not None
        return False
