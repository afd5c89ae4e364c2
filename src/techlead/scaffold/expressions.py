"""Expressions that a person types into a declaration: they are read as Python, and nothing else than an expression passes."""

from __future__ import annotations

import ast
import builtins
from typing import Final

from techlead.scaffold.refused import ScaffoldRefused

POLICY_NODES: Final = (
    ast.Expression, ast.BinOp, ast.BitOr, ast.BitAnd, ast.UnaryOp, ast.Invert, ast.Name, ast.Load, ast.Call, ast.Constant,
    ast.keyword, ast.Attribute, ast.Set, ast.List,
)  # fmt: skip
PURE: Final = frozenset(
    {"abs", "all", "any", "bool", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "round", "set", "sorted", "str", "sum", "tuple"}
)  # fmt: skip
"""Python's own names that an expression may use: a page is run when it is loaded, so none that reaches outside."""
POLICY_EXAMPLE: Final = 'owner | the("seller") | role("admin")'


def expression(text: str, what: str, example: str) -> str:
    """Give an expression as it was typed; ScaffoldRefused when it is none."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise ScaffoldRefused(f"{what}: {text!r} is no expression ({error.msg}): write it as in {example}.") from error
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name.startswith("_") or (isinstance(node, ast.Name) and hasattr(builtins, name) and name not in PURE):
            raise ScaffoldRefused(f"{what}: {name} reaches beyond the page: write it as in {example}.")
    return text.strip()


def policy(text: str, what: str) -> str:
    """Give a policy as it was typed; ScaffoldRefused when it is anything but parts joined by |, & and ~."""
    said = expression(text, what, POLICY_EXAMPLE)
    if not all(isinstance(node, POLICY_NODES) for node in ast.walk(ast.parse(said, mode="eval"))):
        raise ScaffoldRefused(f"{what}: {text!r} is no policy: join parts with |, & and ~, as in {POLICY_EXAMPLE}.")
    return said


def sentence(text: str, what: str) -> str:
    """Give a text that can stand in a docstring or in quotes; ScaffoldRefused otherwise."""
    said = text.strip()
    if not said or '"""' in said or "\\" in said or not said.isprintable():
        raise ScaffoldRefused(f"{what} must be a sentence on one line, without backslashes.")
    return said


def quoted(text: str) -> str:
    """Write a text in quotes, as the formatter would."""
    return repr(text) if '"' in text and "'" not in text else '"' + text.replace('"', '\\"') + '"'
