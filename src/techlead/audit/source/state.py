"""What goes wrong with money and connections: floats, and one sqlite3 connection for many threads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from techlead.audit.finding import Note
from techlead.audit.source.module import Module, constant, keyword, text_of

MONEY: Final = re.compile(
    r"(^|_)(price|amount|balance|cost|fee|salary|payout|refund|deposit|subtotal|total_price|total_amount|total)(_|$)",
    re.IGNORECASE,
)
NO_MONEY: Final = re.compile(
    r"percent|rate|ratio|score|count|quantity|seconds|minutes|hours|days|weight|rating|size|average", re.IGNORECASE
)
FLOATS: Final = frozenset({"Float", "FLOAT", "REAL", "Double", "DOUBLE", "FloatField"})
COLUMN: Final = re.compile(r"\b(?P<name>\w+)\s+(REAL|FLOAT|DOUBLE(\s+PRECISION)?)\b", re.IGNORECASE)


def floats(module: Module) -> Iterator[Note]:
    """Find fields and columns for money that are floats."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            name = target.id if isinstance(target, ast.Name) else ""
            if _money(name) and (_is_float(node) or _is_float_column(module, node.value)):
                yield Note("money.float", module.where(node), f"`{name}` is a float")
        elif isinstance(node, ast.Constant) and (text := text_of(node)) and "create table" in text.lower():
            for column in COLUMN.finditer(text):
                if _money(column["name"]):
                    yield Note("money.float", module.where(node), f"the column `{column['name']}` is a float")


def connections(module: Module) -> Iterator[Note]:
    """Find sqlite3 connections that are given to more than one thread."""
    for call in module.nodes(ast.Call):
        if module.called(call) == "sqlite3.connect" and constant(keyword(call, "check_same_thread"), value=False):
            what = "one sqlite3 connection for many threads: their transactions run into each other"
            yield Note("race.torn-read", module.where(call), what)


def _money(name: str) -> bool:
    return bool(MONEY.search(name)) and not NO_MONEY.search(name)


def _is_float(node: ast.AnnAssign | ast.Assign) -> bool:
    """Whether its annotation says float: `float`, `float | None`, `Optional[float]`, `Mapped[float]`."""
    if not isinstance(node, ast.AnnAssign):
        return False
    return any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(node.annotation))


def _is_float_column(module: Module, value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    named = [
        module.called(value),
        *(module.dotted(argument.func if isinstance(argument, ast.Call) else argument) for argument in value.args),
    ]
    return any(name.rpartition(".")[2] in FLOATS for name in named)
