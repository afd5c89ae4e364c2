"""Names and attributes: what each stands for when the function runs, and whether it may be read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, Final, NamedTuple

from techlead.declare.purity import scope
from techlead.declare.purity.objects import Kind
from techlead.declare.purity.source import Defined
from techlead.declare.purity.tables import (
    ARGUMENTS_MIN,
    DECLARATION,
    FRAME_PREFIXES,
    INSIDE,
    METHODS,
    METHODS_REFUSED,
    PRIVATE,
    RUNTIME_NAMES,
    TYPES,
    Why,
)

Judge = Callable[[object], Kind | Why]
SHOWN_CHARACTERS_MAX: Final = 60

_UNDEFINED: Final = Why("is not defined", "define it in the module above, or ask for it as a parameter")
_MODULE: Final = Why("is a module, used as a value", "write the name that it is read for: `datetime.timedelta`")
_METHOD: Final = Why("is no method that a pure function may call", "use the row's fields, or a function of your own")


class Refused(NamedTuple):
    """A place in the source that is refused, and how it is shown."""

    node: Any
    shown: str
    why: Why


class Use(NamedTuple):
    """An object that the function uses, whose own code is to be judged too."""

    node: ast.expr
    thing: object


class Found(NamedTuple):
    """The object that an expression names before anything runs; everything else is data."""

    thing: Any


class Names(ast.NodeVisitor):
    """Resolves names as Python will and judges what they stand for."""

    def __init__(self, function: FunctionType, defined: Defined, judge: Judge) -> None:
        """Learn the scope of a function."""
        body = [defined.body] if isinstance(defined, ast.Lambda) else defined.body
        self.refused: list[Refused] = []
        self.uses: list[Use] = []
        self.parameters = scope.parameters(defined.args)
        self.bound = scope.bindings(body)
        self._inner: list[frozenset[str]] = []
        self._outer = scope.outer_values(function)
        self._judge = judge

    def refuse(self, node: ast.AST, why: Why, shown: str = "") -> None:
        """Note a refusal, shown by the first line of its source."""
        line = ast.unparse(node).split("\n", maxsplit=1)[0]
        cut = line if len(line) <= SHOWN_CHARACTERS_MAX else f"{line[:SHOWN_CHARACTERS_MAX]}..."
        self.refused.append(Refused(node, shown or f"`{cut}`", why))

    @contextmanager
    def inside(self, names: frozenset[str]) -> Iterator[None]:
        """Read a lambda or a comprehension, which has names of its own."""
        self._inner.append(names)
        yield
        self._inner.pop()

    def is_inner(self, name: str) -> bool:
        """Tell whether a lambda or comprehension around has this name."""
        return any(name in names for names in self._inner)

    def named(self, node: ast.expr) -> Found | None:
        """Give the object that an expression names; None when it is data."""
        if isinstance(node, ast.Name):
            if node.id in self.bound or node.id in self.parameters or self.is_inner(node.id):
                return None
            return Found(next((names[node.id] for names in self._outer if node.id in names), scope.MISSING))
        base = self.named(node.value) if isinstance(node, ast.Attribute) else None
        if base is not None and isinstance(node, ast.Attribute) and self._judge(base.thing) is Kind.MODULE:
            return Found(vars(base.thing).get(node.attr, scope.MISSING))
        return None

    def kind(self, node: ast.expr, found: Found) -> Kind | None:
        """Judge what an expression names; None when it was refused."""
        kind = _UNDEFINED if found.thing is scope.MISSING else self._judge(found.thing)
        if isinstance(node, ast.Name) and node.id.startswith("__") and not isinstance(kind, Why):
            kind = PRIVATE
        if isinstance(kind, Why):
            self.refuse(node, kind)
            return None
        self.uses.append(Use(node, found.thing))
        return kind

    def read(self, node: ast.expr, found: Found) -> None:
        """Judge what is read as a value: of a declaration or a module, nothing but its use by name is."""
        kind = self.kind(node, found)
        if kind is Kind.KNOWN:
            self.refuse(node, DECLARATION)
        elif kind is Kind.MODULE:
            self.refuse(node, _MODULE)

    def visit_Name(self, node: ast.Name) -> None:
        """Judge a name that is read."""
        found = self.named(node)
        if isinstance(node.ctx, ast.Load) and found is not None:
            self.read(node, found)
        elif node.id.startswith("__"):
            self.refuse(node, PRIVATE)

    def word(self, node: ast.AST, name: str) -> bool:
        """Judge an attribute by its name alone: some lead from any object into Python or the runtime."""
        if name.startswith(("_", *FRAME_PREFIXES)):
            self.refuse(node, PRIVATE)
        elif name in RUNTIME_NAMES:
            self.refuse(node, INSIDE)
        else:
            return True
        return False

    def attribute(self, node: ast.Attribute, arguments: int | None = None) -> None:
        """Judge an attribute that is read, or called with so many arguments."""
        if not self.word(node, node.attr):
            return
        whole, base = self.named(node), self.named(node.value)
        if whole is not None:
            self.read(node, whole)
        elif base is None:
            self.visit(node.value)
            self._of(Kind.DATA, node, None, arguments)
        else:
            kind = self.kind(node.value, base)
            if kind is not None:
                self._of(kind, node, base.thing, arguments)

    def _of(self, kind: Kind, node: ast.Attribute, owner: Any, arguments: int | None) -> None:
        enough = arguments is None or arguments >= ARGUMENTS_MIN.get(node.attr, 0)
        allowed = {
            Kind.DATA: lambda: arguments is None or (node.attr in METHODS and enough),
            Kind.TYPE: lambda: node.attr in TYPES[owner] and enough,
            Kind.ENUM: lambda: node.attr in owner.__members__ and arguments is None,
            Kind.KNOWN: lambda: node.attr in ("send", "call") and arguments is not None and not isinstance(owner, type),
        }
        if kind in allowed and allowed[kind]():
            return
        plain = INSIDE if kind is Kind.KNOWN else _METHOD
        shown = ast.unparse(node) if arguments is None else f"{ast.unparse(node)}()"
        self.refuse(node, METHODS_REFUSED.get(node.attr, plain), f"`{shown}`")
