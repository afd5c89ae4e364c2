"""The public names of a package: few, in order, each documented where it is defined; answers findings, one sentence each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from unit.house.limits import PUBLIC_NAMES_MAX


def findings(package: Path) -> list[str]:
    """Tell what is wrong with the names that the package's `__init__.py` exports."""
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    exported = _exported(tree)
    undocumented = (name for name in exported if not _documented(name, _definition(name, tree, package)))
    return [*_too_many(exported), *_unsorted(exported), *(f"{name} is not documented" for name in undocumented)]


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def _too_many(exported: Sequence[str]) -> Iterator[str]:
    if len(exported) > PUBLIC_NAMES_MAX:
        yield f"{len(exported)} public names, over {PUBLIC_NAMES_MAX}"


def _unsorted(exported: Sequence[str]) -> Iterator[str]:
    if list(exported) != sorted(set(exported)):
        yield "__all__ is not sorted"


def _definition(name: str, tree: ast.Module, package: Path) -> ast.Module:
    """Find the module in which a name that `__init__.py` imports is defined."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            file = package.joinpath(*(node.module or "").split(".")[1:])
            found = file.with_suffix(".py") if file.with_suffix(".py").is_file() else file / "__init__.py"
            return ast.parse(found.read_text(encoding="utf-8"))
    return tree


def _documented(name: str, module: ast.Module) -> bool:
    """A class or function has a docstring; a value or an alias has a string below it."""
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return ast.get_docstring(node) is not None
        if name in _assigned(node):
            return isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return False


def _assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {ast.unparse(target) for target in node.targets}
    return {ast.unparse(node.target)} if isinstance(node, ast.AnnAssign) else set()
