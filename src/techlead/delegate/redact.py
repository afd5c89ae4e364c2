"""Source text for a prompt: values of personal and secret fields and whatever looks like a key are taken out of it.

A brief is made of declarations, not of rows; what is left that could be somebody's are the examples in the source and
keys that were pasted where they should not be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from techlead.declare.types import Sensitivity
from techlead.derive.plan import Plan

PERSONAL: Final = "(personal)"
SECRET: Final = "(secret)"  # noqa: S105 - what stands in a secret's place
KEYS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bwhs(?:ec|k)_[A-Za-z0-9+/=]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[0-9A-Za-z_-]{30,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
    r"|(?<=://)[^\s:/@\"']+:[^\s:/@\"']+(?=@)",
    re.DOTALL,
)
"""Private keys, and tokens of the kinds that scanners know; the user and password of an address."""
ADDRESS: Final = re.compile(r"[\w.+-]+@(?!example\.(?:com|org|net)\b)[\w-]+(?:\.[\w-]+)+")
"""An e-mail address of somebody who may exist (RFC 2606 keeps example.com for nobody)."""


def sensitive_names(plan: Plan) -> frozenset[str]:
    """Name every field that is not public, of whichever resource."""
    return frozenset(
        one.name
        for resource in plan.resources.values()
        for one in resource.fields
        if one.sensitivity is not Sensitivity.PUBLIC
    )


def redacted(source: str, hidden: frozenset[str]) -> str:
    """Take out of Python source the values given to hidden fields, and out of any text what looks like a key or an address."""
    return ADDRESS.sub(PERSONAL, KEYS.sub(SECRET, _without_values(source, hidden)))


def _without_values(source: str, hidden: frozenset[str]) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    lines = source.splitlines(keepends=True)
    for value in sorted(_values(tree, hidden), key=lambda one: (one.lineno, one.col_offset), reverse=True):
        lines = _cut(lines, value)
    return "".join(lines)


def _values(tree: ast.AST, hidden: frozenset[str]) -> Iterator[ast.expr]:
    """Give each constant that a call, an assignment, a comparison or a dictionary gives to a hidden field."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and node.arg in hidden) or (
            isinstance(node, ast.Assign) and any(_name(one) in hidden for one in node.targets)
        ):
            yield from _constants(node.value)
        elif isinstance(node, ast.Compare) and any(_name(one) in hidden for one in (node.left, *node.comparators)):
            for one in (node.left, *node.comparators):
                yield from _constants(one)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in hidden:
                    yield from _constants(value)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _constants(node: ast.expr) -> Iterator[ast.expr]:
    for one in ast.walk(node):
        if (
            isinstance(one, ast.Constant)
            and isinstance(one.value, str | bytes | int | float)
            and not isinstance(one.value, bool)
        ):
            yield one


def _cut(lines: list[str], node: ast.expr) -> list[str]:
    """Put the mark in the place of a node; columns are counted in bytes."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head = lines[first].encode()[: node.col_offset].decode()
    tail = lines[last].encode()[node.end_col_offset or 0 :].decode()
    return [*lines[:first], f'{head}"{PERSONAL}"{tail}', *lines[last + 1 :]]
