"""Broken worlds: a page in which every rule allows, every rule refuses, no action does anything, everybody may, nobody may.

Tests that pass in all of them prove nothing about rules, actions or access.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

GUARDS: Final = frozenset({"read", "create", "update", "delete", "by"})
"""Arguments of declarations that hold a policy."""


def worlds(source: str) -> Mapping[str, str]:
    """Give the page as it would be in each broken world; those that would change nothing are left out."""
    whole = ast.unparse(ast.parse(source))
    made = {
        name: ast.unparse(ast.fix_missing_locations(breaking().visit(ast.parse(source))))
        for name, breaking in BROKEN.items()
    }
    return {name: page for name, page in made.items() if page != whole}


class _Decides(ast.NodeTransformer):
    """Makes every rule say the same."""

    says = True

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if _decorated(node, "rule"):
            node.body = [ast.Return(ast.Constant(self.says))]
        return node


class _Refuses(_Decides):
    says = False


class _Idle(ast.NodeTransformer):
    """Takes every action's effects away."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if _decorated(node, "action"):
            node.body = [ast.Return(ast.Tuple([], ast.Load()))]
        return node


class _Open(ast.NodeTransformer):
    """Lets everybody do everything."""

    policy = "anyone"

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg in GUARDS and not isinstance(node.value, ast.Constant):
            node.value = ast.Name(self.policy, ast.Load())
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        place = 1 if node.body and isinstance(node.body[0], ast.Expr) else 0
        node.body.insert(place, ast.ImportFrom("techlead.declare.access", [ast.alias(self.policy)], 0))
        return node


class _Closed(_Open):
    policy = "nobody"


BROKEN: Final[Mapping[str, Callable[[], ast.NodeTransformer]]] = {
    "every rule allows": _Decides,
    "every rule refuses": _Refuses,
    "no action does anything": _Idle,
    "everybody may do everything": _Open,
    "nobody may do anything": _Closed,
}


def _decorated(node: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(one, ast.Call) and ast.unparse(one.func).rpartition(".")[2] == name for one in node.decorator_list
    )
