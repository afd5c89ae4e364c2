"""Reading an action's source: which notifications it sends, which rows it changes, creates and deletes, what it calls.

A pure function is short and says each effect by name, so its syntax tells what it may do; what it does with which facts
is what its examples are for.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from techlead.derive.plan import ActionPlan

MAKERS: Final = frozenset({"create", "delete", "refuse", "call"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One effect that an action may ask for: `sets order.status`, `sends order_cancelled`."""

    verb: str
    what: str

    def __str__(self) -> str:
        """Print in a few words."""
        return f"{self.verb} {self.what}"


def effects_asked(action: ActionPlan) -> tuple[Asked, ...]:
    """List what an action may ask for, in the order of its source; empty when the source is not there."""
    return _effects(action.function)


def sends_of(action: ActionPlan) -> frozenset[str]:
    """Name the notifications that an action may send."""
    return frozenset(one.what for one in effects_asked(action) if one.verb == "sends")


@lru_cache(maxsize=1_024)
def _effects(function: Any) -> tuple[Asked, ...]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ()
    found = sorted(_walk(tree), key=lambda one: one[0])
    return tuple(dict.fromkeys(asked for _, asked in found))


def _walk(tree: ast.AST) -> Iterator[tuple[int, Asked]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                (node.lineno, Asked("sets", ast.unparse(one))) for one in targets if isinstance(one, ast.Attribute)
            )
        elif isinstance(node, ast.Call):
            asked = _called(node)
            if asked is not None:
                yield node.lineno, asked


def _called(node: ast.Call) -> Asked | None:
    first = ast.unparse(node.args[0].func if isinstance(node.args[0], ast.Call) else node.args[0]) if node.args else ""
    if isinstance(node.func, ast.Name) and node.func.id in MAKERS:
        return Asked(f"{node.func.id}s", first)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        verbs = {"send": "sends", "call": "calls"}
        if node.func.attr in verbs:
            return Asked(verbs[node.func.attr], node.func.value.id)
    return None
