"""Judging a drafted Python file by its text alone: each statement that is new must be made of what `allowed` lists.

Default deny, twice: by syntax, and by names. A name may be used when it is bound in the draft itself, is imported from a table, or
is of the project and judged in the same way. What a person wrote and the draft leaves as it is (an import, a verifier) stays; what is
new may not lean on it unless it would pass itself.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from techlead.delegate.allowed import (
    BUILTINS,
    FIXTURES,
    IN_FUNCTIONS,
    IN_TESTS,
    METHODS,
    MODULES,
    NAMES,
    TEST_MODULES,
    TEST_NAMES,
    WHILE_LOADED,
)

Fault = tuple[int, str]
"""A line, and what is wrong there."""
NODES_MAX: Final = 40_000
"""How many parts a file may have: judging takes time, too."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one kind of file may import and say."""

    names: Mapping[str, frozenset[str]]
    modules: Mapping[str, frozenset[str]]
    in_functions: frozenset[type[ast.AST]]


PAGE: Final = Rules(NAMES, MODULES, frozenset(IN_FUNCTIONS))
TEST: Final = Rules(TEST_NAMES, TEST_MODULES, frozenset(IN_TESTS))


@dataclass(slots=True)
class Sources:
    """The project's files with the draft laid over them, and which of their names are known to be harmless."""

    files: Mapping[str, str]
    before: Mapping[str, str]
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def harmless(self, module: str) -> frozenset[str]:
        """Name what may be used of one of the project's own modules; of a module that imports itself, nothing."""
        if module not in self.known:
            self.known[module] = frozenset()
            path = f"{module.replace('.', '/')}.py"
            if path in self.files:
                self.known[module] = frozenset(Judged(self, path, PAGE).clean)
        return self.known[module]

    def is_own(self, module: str) -> bool:
        """Tell whether a module is one of the project's files."""
        return f"{module.replace('.', '/')}.py" in self.files


class Judged:
    """One file: the faults of what is new in it, and the names that it binds harmlessly."""

    def __init__(self, sources: Sources, path: str, rules: Rules) -> None:
        """Judge every statement in its order, for a later one may use what an earlier one binds."""
        tree = ast.parse(sources.files[path])
        kept = {ast.dump(one) for one in ast.parse(sources.before.get(path, "")).body}
        self._sources, self._rules, self._package = sources, rules, PurePosixPath(path).parent.as_posix()
        self.clean: set[str] = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
        self.modules: dict[str, frozenset[str]] = {}
        self.faults: list[Fault] = []
        self._settled(tree, kept)

    def _settled(self, tree: ast.Module, kept: set[str]) -> None:
        """Judge again while a function turns out to be unfit: what uses it is unfit, too."""
        functions = set(self.clean)
        while True:
            self.clean, self.modules, self.faults = set(functions), {}, []
            unfit = set()
            for node in tree.body:
                found = [] if _is_docstring(node, tree) else list(self._statement(node))
                names = set(_bound(node))
                if found:
                    self.clean -= names
                    unfit |= names & functions
                elif not isinstance(node, ast.Import):
                    self.clean |= names - self.clean if not self._rebound(names, node, tree) else set()
                if ast.dump(node) not in kept:
                    self.faults += found
            if not unfit:
                return
            functions -= unfit

    def _rebound(self, names: set[str], node: ast.stmt, tree: ast.Module) -> bool:
        """Tell whether one of the names is bound by another statement as well: which of them counts is not asked."""
        others = {name for one in tree.body if one is not node for name in _bound(one)}
        self.clean -= names & others
        return bool(names & others)

    def _statement(self, node: ast.stmt) -> Iterator[Fault]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._imports(node)
            case ast.FunctionDef() | ast.ClassDef():
                yield from self._defined(node, frozenset())
            case ast.Assign() | ast.AnnAssign() | ast.Expr():
                yield from self._parts(node, WHILE_LOADED, frozenset())
                yield from self._targets(node)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]) if all(
                isinstance(one, ast.Import | ast.ImportFrom) for one in node.body
            ):
                yield from (fault for one in node.body for fault in self._imports(one))
            case _:
                yield (
                    node.lineno,
                    f"`{type(node).__name__.lower()}` would run while the page is loaded: declare, and let functions do the rest",
                )

    def _imports(self, node: ast.stmt) -> Iterator[Fault]:
        """Judge an import; of a whole module only what a table lists of it may be read."""
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name in self._rules.modules:
                    self.modules[one.asname or one.name] = self._rules.modules[one.name]
                else:
                    yield node.lineno, f"it imports {one.name}, and a draft imports names: from {one.name} import ..."
        elif isinstance(node, ast.ImportFrom):
            module = self._module(node)
            own = self._sources.is_own(module)
            known = self._sources.harmless(module) if own else self._rules.names.get(module)
            for one in node.names:
                if known is None:
                    yield (
                        node.lineno,
                        f"it imports {module}, which is nothing that a draft may: declarations and pure functions need no library",
                    )
                elif one.name not in known:
                    yield (
                        node.lineno,
                        f"it imports {one.name} from {module}, of which a draft may take {', '.join(sorted(known)) or 'nothing'}",
                    )

    def _module(self, node: ast.ImportFrom) -> str:
        inside = [one for one in self._package.split("/") if one not in ("", ".")]
        above = inside[: len(inside) - node.level + 1] if node.level else []
        return ".".join([*above, *filter(None, [node.module])])

    def _defined(self, node: ast.FunctionDef | ast.ClassDef, inside: frozenset[str]) -> Iterator[Fault]:
        """Judge a function or a class: its decorators, defaults and annotations run while the page is loaded, its body does not."""
        if node.name.startswith("__") and node.name not in ("__str__", "__repr__"):
            yield node.lineno, f"`{node.name}` is Python's own name"
        for decorator in node.decorator_list:
            yield from self._parts(decorator, WHILE_LOADED, inside)
        if isinstance(node, ast.ClassDef):
            for part in (*node.bases, *node.keywords):
                yield from self._parts(part, WHILE_LOADED, inside)
            yield from self._class_body(node, inside)
            return
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *_annotations(node)):
            yield from self._parts(part, WHILE_LOADED, inside)
        names = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        if self._rules is TEST:
            yield from (
                (node.lineno, f"`{one}` leads to files or to the process: tests ask the backend")
                for one in sorted(names & FIXTURES)
            )
        local = inside | names | _assigned(node.body)
        for step in node.body:
            yield from self._parts(step, self._rules.in_functions, local)

    def _class_body(self, node: ast.ClassDef, inside: frozenset[str]) -> Iterator[Fault]:
        seen = inside
        for one in node.body:
            match one:
                case ast.FunctionDef():
                    yield from self._defined(one, inside)
                case ast.Assign() | ast.AnnAssign() | ast.Expr() | ast.Pass():
                    yield from self._parts(one, WHILE_LOADED, seen)
                    yield from self._targets(one)
                    seen |= frozenset(_bound(one))
                case _:
                    yield one.lineno, f"`{type(one).__name__.lower()}` is no part of a declaration"

    def _targets(self, node: ast.stmt) -> Iterator[Fault]:
        targets: Sequence[ast.expr] = node.targets if isinstance(node, ast.Assign) else ()
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            if not isinstance(target, ast.Name | ast.Tuple):
                yield node.lineno, "it changes something that is there: give a new value a name of its own"
            elif any(one.id.startswith("__") for one in ast.walk(target) if isinstance(one, ast.Name)):
                yield node.lineno, "it gives a value to one of Python's own names"

    def _parts(self, node: ast.AST, allowed: frozenset[type[ast.AST]], local: frozenset[str]) -> Iterator[Fault]:
        """Judge a part and all below it; what is bound in a function, a lambda or a comprehension is known in there alone."""
        if type(node) not in allowed:
            yield getattr(node, "lineno", 1), f"`{type(node).__name__.lower()}` is nothing that a draft may say"
        elif isinstance(node, ast.FunctionDef):
            yield from self._defined(node, local)
        elif isinstance(node, ast.Lambda):
            yield from self._lambda(node, allowed, local)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            yield from self._comprehension(node, allowed, local)
        else:
            yield from self._part(node, local)
            for child in () if self._is_of_module(node, local) else ast.iter_child_nodes(node):
                yield from self._parts(child, allowed, local)

    def _part(self, node: ast.AST, local: frozenset[str]) -> Iterator[Fault]:
        match node:
            case ast.Name():
                yield from self._name(node, local)
            case ast.Attribute():
                yield from self._attribute(node, local)
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield node.lineno, f"`.{name}(...)` reaches beyond declarations and pure functions"
            case ast.MatchClass(kwd_attrs=names):
                yield from (
                    (node.lineno, f"`.{one}` reaches into Python itself") for one in names if one.startswith("_")
                )

    def _is_of_module(self, node: ast.AST, local: frozenset[str]) -> bool:
        """Tell whether a node reads something of a whole module: which of it, has been judged."""
        return (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in self.modules
            and node.value.id not in local
        )

    def _lambda(self, node: ast.Lambda, allowed: frozenset[type[ast.AST]], local: frozenset[str]) -> Iterator[Fault]:
        for one in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            yield from self._parts(one, allowed, local)
        names = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        yield from self._parts(node.body, allowed, local | names)

    def _comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
        allowed: frozenset[type[ast.AST]],
        local: frozenset[str],
    ) -> Iterator[Fault]:
        """Judge a comprehension; what it loops over first stands outside of it."""
        yield from self._parts(node.generators[0].iter, allowed, local)
        inner = local | {
            one.id for each in node.generators for one in ast.walk(each.target) if isinstance(one, ast.Name)
        }
        for number, each in enumerate(node.generators):
            if number:
                yield from self._parts(each.iter, allowed, inner)
            for part in (each.target, *each.ifs):
                yield from self._parts(part, allowed, inner)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            yield from self._parts(part, allowed, inner)

    def _name(self, node: ast.Name, local: frozenset[str]) -> Iterator[Fault]:
        name = node.id
        if isinstance(node.ctx, ast.Store) or name in local or name in self.clean:
            return
        if name in self.modules:
            yield node.lineno, f"`{name}` is a whole module: name what you need of it"
        elif name.startswith("__") or (hasattr(builtins, name) and name not in BUILTINS):
            yield node.lineno, f"`{name}` reaches beyond declarations and pure functions"
        elif name not in BUILTINS:
            yield node.lineno, f"`{name}` is nothing that this page declares, nor takes from where a draft may"

    def _attribute(self, node: ast.Attribute, local: frozenset[str]) -> Iterator[Fault]:
        if node.attr.startswith("_"):
            yield node.lineno, f"`.{node.attr}` reaches into Python itself"
        whole = (
            self.modules.get(node.value.id) if isinstance(node.value, ast.Name) and node.value.id not in local else None
        )
        if whole is not None and node.attr not in whole:
            yield (
                node.lineno,
                f"`.{node.attr}` of that module is nothing that a draft may use: it may use {', '.join(sorted(whole))}",
            )


def faults(path: str, files: Mapping[str, str], before: Mapping[str, str], *, test: bool) -> Sequence[Fault]:
    """List what a drafted file may not say; `files` are the project's with the draft over them, `before` without it."""
    if sum(1 for _ in ast.walk(ast.parse(files[path]))) > NODES_MAX:
        return [(1, f"it has more than {NODES_MAX} parts")]
    return sorted(dict.fromkeys(Judged(Sources(files, before), path, TEST if test else PAGE).faults))


def _bound(node: ast.stmt) -> Iterator[str]:
    """Name what a statement binds where it stands."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((one.asname or one.name).partition(".")[0] for one in names)
        case _:
            yield from _assigned([node])


def _assigned(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Name what a body binds itself, in its own scope and in those inside."""
    found: set[str] = set()
    for one in (each for node in body for each in ast.walk(node)):
        match one:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                found.add(name)
    return frozenset(found)


def _annotations(node: ast.FunctionDef) -> Iterator[ast.expr]:
    every = (one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg))
    yield from (one for one in (*every, node.returns) if one is not None)


def _is_docstring(node: ast.stmt, tree: ast.Module) -> bool:
    return node is tree.body[0] and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
