"""Reading an app's source: SQLAlchemy and SQLModel models, Pydantic schemas. Nothing of it is run or imported.

The files are those that the given one imports from beside itself, so that `app.py` leads to its `models.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from techlead.scaffold.adopt.columns import Context, column
from techlead.scaffold.adopt.model import Column, Model, Schema, Unclear, Understood
from techlead.scaffold.refused import ScaffoldRefused

FILES_MAX: Final = 200
LIMITS: Final[Mapping[str, str]] = {
    "min_length": "min_length", "max_length": "max_length", "ge": "ge", "le": "le", "gt": "gt", "lt": "lt",
}  # fmt: skip
ENUMS: Final = frozenset({"Enum", "StrEnum", "TextChoices"})


def understand(file: Path) -> Understood:
    """Read an app from one of its files; ScaffoldRefused when that cannot be read."""
    found: list[Understood] = []
    trees = _trees(file)
    context = Context(_enums(trees.values()), _returning_columns(trees.values()))
    for path, tree in trees.items():
        found.append(_file(path.name, tree, context))
    return Understood(
        tuple(model for one in found for model in one.models),
        tuple(schema for one in found for schema in one.schemas),
        tuple(unclear for one in found for unclear in one.unclear),
    )


def _trees(file: Path) -> dict[Path, ast.Module]:
    """Parse a file and what it imports from its own project, in the order in which they are met."""
    if not file.is_file():
        raise ScaffoldRefused(f"There is no {file}: name the file of the app, as in app.py or models.py.")
    root, waiting, found = file.parent, [file], dict[Path, ast.Module]()
    while waiting and len(found) < FILES_MAX:
        path = waiting.pop(0)
        if path in found:
            continue
        try:
            found[path] = ast.parse(path.read_text("utf-8"), path.name)
        except (SyntaxError, UnicodeDecodeError) as error:
            raise ScaffoldRefused(f"{path} cannot be read as Python: {error}.") from error
        waiting += _imported(found[path], path, root)
    return found


def _imported(tree: ast.Module, path: Path, root: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            start = path.parents[node.level - 1] if 0 < node.level <= len(path.parents) else root
            module = (node.module or "").replace(".", "/")
            names = [start / module, *(start / module / one.name for one in node.names)]
            names += [root.parent / module] if not node.level else []
        elif isinstance(node, ast.Import):
            names = [root / one.name.replace(".", "/") for one in node.names]
        for name in names:
            yield from (one for one in (name.with_suffix(".py"), name / "__init__.py") if one.is_file())


def _enums(trees: Iterable[ast.Module]) -> dict[str, tuple[str, ...]]:
    """Give the values of each class of choices, where all are texts."""
    found: dict[str, tuple[str, ...]] = {}
    for node in (one for tree in trees for one in ast.walk(tree)):
        if isinstance(node, ast.ClassDef) and {_last(base) for base in node.bases} & ENUMS:
            values = [one.value for one in node.body if isinstance(one, ast.Assign)]
            texts = [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if texts and len(texts) == len(values):
                found[node.name] = tuple(texts)
    return found


def _returning_columns(trees: Iterable[ast.Module]) -> dict[str, ast.Call]:
    """Find functions that only return a column, such as `def fk(target): return mapped_column(ForeignKey(target))`."""
    found = {}
    for tree in trees:
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            last = node.body[-1]
            if (
                isinstance(last, ast.Return)
                and isinstance(last.value, ast.Call)
                and _last(last.value.func) == "mapped_column"
            ):
                found[node.name] = last.value
    return found


def _file(name: str, tree: ast.Module, context: Context) -> Understood:
    models: list[Model] = []
    schemas: list[Schema] = []
    unclear: list[Unclear] = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        if _is_model(node):
            models.append(_model(name, node, context, unclear))
        elif limits := _limits(node):
            schemas.append(Schema(node.name, limits))
    unclear += [_django(name, one) for one in tree.body if isinstance(one, ast.ClassDef) and _is_django(one)]
    return Understood(tuple(models), tuple(schemas), tuple(unclear))


def _is_model(node: ast.ClassDef) -> bool:
    table = any(_assigned(one) == "__tablename__" for one in node.body)
    return table or any(one.arg == "table" and _constant(one.value) is True for one in node.keywords)


def _is_django(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) in ("models.Model", "AbstractBaseUser", "AbstractUser") for base in node.bases)


def _django(name: str, node: ast.ClassDef) -> Unclear:
    return Unclear(name, node.lineno, node.name, "a Django model: only SQLAlchemy and SQLModel are read")


def _model(file: str, node: ast.ClassDef, context: Context, unclear: list[Unclear]) -> Model:
    columns: list[Column] = []
    for one in node.body:
        try:
            found = column(one, context)
        except ValueError as error:
            unclear.append(Unclear(file, one.lineno, f"{node.name}.{_assigned(one) or '?'}", str(error)))
            continue
        columns += [found] if found else []
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    unclear += [Unclear(file, one.lineno, f"{node.name}.{one.name}", "code is not carried over") for one in methods]
    table = next(
        (
            _constant(one.value)
            for one in node.body
            if isinstance(one, ast.Assign) and _assigned(one) == "__tablename__"
        ),
        None,
    )
    about = (ast.get_docstring(node) or "").strip().partition("\n")[0]
    unique = tuple(_uniques(node))
    return Model(node.name, str(table or node.name.lower()), about, file, node.lineno, tuple(columns), unique)


def _uniques(node: ast.ClassDef) -> Iterator[tuple[str, ...]]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _last(call.func) == "UniqueConstraint":
            names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if names:
                yield tuple(names)


def _limits(node: ast.ClassDef) -> dict[str, dict[str, int]]:
    """Read the limits of a Pydantic schema's fields."""
    found: dict[str, dict[str, int]] = {}
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            for call in (each for each in ast.walk(one) if isinstance(each, ast.Call)):
                said = {LIMITS[each.arg or ""]: _constant(each.value) for each in call.keywords if each.arg in LIMITS}
                whole = {key: value for key, value in said.items() if type(value) is int}
                if whole:
                    found.setdefault(one.target.id, {}).update(whole)
    return found


def _assigned(node: ast.stmt) -> str:
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    )
    return target.id if isinstance(target, ast.Name) else ""


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
