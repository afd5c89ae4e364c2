"""One column of a model, from its annotation and from the call that makes it: `Mapped[str] = mapped_column(String(80))`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from techlead.scaffold.adopt.model import Column

COLUMN_KINDS: Final[Mapping[str, str]] = {
    "str": "text", "String": "text", "Unicode": "text", "VARCHAR": "text", "AutoString": "text", "Text": "long",
    "UnicodeText": "long", "int": "int", "Integer": "int", "BigInteger": "int", "SmallInteger": "int", "bool": "bool",
    "Boolean": "bool", "datetime": "datetime", "DateTime": "datetime", "date": "date", "Date": "date",
    "Decimal": "decimal", "Numeric": "decimal", "float": "decimal", "Float": "decimal", "dict": "json", "JSON": "json",
    "JSONB": "json", "EmailStr": "email", "HttpUrl": "url", "AnyUrl": "url", "Enum": "choice", "UUID": "uuid", "Uuid": "uuid",
}  # fmt: skip
"""What each type of SQLAlchemy, SQLModel and Pydantic is among ours."""
MAKERS: Final = frozenset({"mapped_column", "Column", "Field"})
RELATIONS: Final = frozenset(
    {"relationship", "Relationship", "column_property", "association_proxy", "synonym", "deferred"}
)


@dataclass(frozen=True, slots=True)
class Context:
    """What the rest of the app says: classes of choices, and functions that make columns."""

    choices: Mapping[str, tuple[str, ...]]
    makers: Mapping[str, ast.Call]


def column(node: ast.stmt, context: Context) -> Column | None:
    """Read a column; None when the statement is none; ValueError says what was not understood."""
    annotation: ast.expr | None
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if _called(value) in MAKERS:
            annotation = None
        case _:
            return None
    call = value if isinstance(value, ast.Call) else None
    if name.startswith("_") or (call and _called(call) in RELATIONS):
        return None
    if call and _called(call) not in MAKERS and _called(call) not in context.makers:
        raise ValueError(f"{_called(call)}(...) makes it, and what that is cannot be seen")
    calls = [call] if call else []
    calls += [context.makers[_called(call)]] if call and _called(call) in context.makers else []
    words = list(_types(annotation, calls))
    keywords = {one.arg: one.value for each in reversed(calls) for one in each.keywords if one.arg}
    if _constant(keywords.get("primary_key")) is True and not (target := _target(calls)):
        return None
    target = _target(calls)
    choices = next((context.choices[one] for one in words if one in context.choices), ())
    kind = (
        "reference"
        if target
        else "choice"
        if choices
        else next((COLUMN_KINDS[one] for one in words if one in COLUMN_KINDS), "")
    )
    if not kind or (kind == "choice" and not choices):
        raise ValueError(f"its type {' '.join(words) or 'is not written, and'} is not known")
    if "list" in words or "List" in words:
        raise ValueError("a list: declare a resource of its rows, or a bounded Json")
    optional = "None" in words or "Optional" in words or _constant(keywords.get("nullable")) is True
    given = call.args[0] if call and _called(call) == "Field" and call.args else keywords.get("default")
    return Column(
        name, kind, node.lineno, optional, _length(calls, keywords), target,
        _constant(keywords.get("unique")) is True, _constant(keywords.get("index")) is True,
        _default(given, keywords), choices,
    )  # fmt: skip


def _types(annotation: ast.expr | None, calls: list[ast.Call]) -> Iterator[str]:
    """Name every type in the order in which it says more: the call's `String(80)` before the annotation's `str`."""
    for call in calls:
        for one in call.args:
            inner = one.func if isinstance(one, ast.Call) else one
            if isinstance(inner, ast.Name | ast.Attribute):
                yield ast.unparse(inner).rpartition(".")[2]
            if isinstance(one, ast.Call) and _called(one) == "Enum":
                yield from (each.id for each in one.args if isinstance(each, ast.Name))
    for node in ast.walk(annotation) if annotation is not None else ():
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and node.value is None:
            yield "None"


def _target(calls: list[ast.Call]) -> str:
    """Give the table that a foreign key leads to: of `fk("users.id")` its first text, of Field its keyword."""
    keys = [one for call in calls for one in call.args if isinstance(one, ast.Call) and _called(one) == "ForeignKey"]
    texts = [one.args[0] for one in keys if one.args]
    texts += [one.value for call in calls for one in call.keywords if one.arg == "foreign_key"]
    if keys and calls and _called(calls[0]) not in MAKERS and calls[0].args:
        texts.insert(0, calls[0].args[0])
    for one in texts:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            return one.value.rpartition(".")[0].rpartition(".")[2]
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            return one.value.id
    return ""


def _length(calls: list[ast.Call], keywords: Mapping[str, ast.expr]) -> int | None:
    said = [_constant(one.args[0]) for call in calls for one in call.args if isinstance(one, ast.Call) and one.args]
    said.append(_constant(keywords.get("max_length")))
    return next((one for one in said if type(one) is int), None)


def _default(given: ast.expr | None, keywords: Mapping[str, ast.expr]) -> object:
    if given is not None:
        constant = _constant(given)
        return constant if isinstance(given, ast.Constant) and constant is not ... else None if constant is ... else ...
    return ... if {"default_factory", "server_default", "insert_default"} & set(keywords) else None


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]
