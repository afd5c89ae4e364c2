"""Fields: each can get a value, somebody can write what has a write policy, and its names fit the database."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, Final

from techlead.declare.access import nobody
from techlead.declare.field import MISSING
from techlead.declare.types import Sensitivity
from techlead.derive.access import ANONYMOUS, residual
from techlead.derive.checks.paths import find, unknown
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import FieldPlan, Plan, ResourcePlan
from techlead.derive.refusals import Refusals, field_origin

IDENTIFIER_MAX: Final = 63
"""Bytes of a name in PostgreSQL (NAMEDATALEN - 1); longer ones are cut off, and two may become one."""
PARAMETERS: Final = frozenset({"actor", "now", "body"})
"""What an action's parameters of these names mean, whatever the row's references are called."""


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse fields that can get no value, that nobody can write, or that clash in the database."""
    for resource in plan.resources.values():
        for field in resource.fields:
            for reason, mend in _field(plan, resource, field):
                origin = field_origin(resource.declared, field.name, resource.origin)
                refusals.add(origin, f"{resource.name}.{field.name}", reason, mend)
        for reason, mend in (*_uniques(resource), *_indexes(resource), *_columns(resource), *_identifiers(resource)):
            refusals.add(resource.origin, resource.name, reason, mend)


def _field(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    yield from _owner(plan, resource, field)
    yield from _write(field)
    if field.target is not None and field.name in PARAMETERS:
        yield f"as a parameter of an action, {field.name!r} means something else", "choose another name"
    if field.kind == "json" and (field.spec.indexed or field.spec.unique):
        yield "JSON cannot be searched for or compared", "leave out indexed and unique"
    if not resource.is_account and resource.access.create == nobody:
        return
    why = _no_value(field)
    if why and not any(assigns(action.function, field.name) for action in resource.on_create):
        yield (
            f"a new row must hold a value, but {why}",
            "give it a default, write its type as `... | None`, or assign it in an @action(..., on=create)",
        )


def _owner(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    if field.spec.source.kind != "owner":
        return
    account = plan.account or "YourAccount"
    if field.target is None or field.target != plan.account:
        yield "owned_by() names an account, and this field cannot hold one", f"write it as `Mapped[Ref[{account}]]`"
    elif resource.is_account:
        yield (
            "an account is its own owner, and is created by nobody who is signed in",
            "leave it out: `owner` is the account",
        )
    elif not field.nullable and residual(resource.access.create, ANONYMOUS) != nobody:
        yield (
            f"create={resource.access.create} lets strangers create rows, and a stranger cannot own one",
            f"say create=signed_in, or write the type as `Mapped[Ref[{account}] | None]`",
        )


def _write(field: FieldPlan) -> Iterator[Problem]:
    if field.write is None:
        return
    if not field.writable:
        yield "it has a write policy, but no caller can ever write it", "leave out `write`"
    elif field.required and field.write == nobody:
        yield "callers must send it, and nobody may", "give it a default, or leave out `write`"


def _no_value(field: FieldPlan) -> str:
    """Say why a new row can get no value for a field; empty when it can."""
    if field.nullable or field.spec.default is not MISSING:
        return ""
    if field.sensitivity is Sensitivity.INTERNAL and field.spec.source.kind == "caller":
        return "nothing outside can send what is Internal"
    return "only actions set it" if field.spec.source.kind == "action" else ""


def assigns(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function assigns an attribute of that name; True when its source is not there to read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return True
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == name
        for node in ast.walk(tree)
    )


def _uniques(resource: ResourcePlan) -> Iterator[Problem]:
    for names in resource.unique:
        yield from _together(resource, f"unique=({', '.join(names)})", names)


def _indexes(resource: ResourcePlan) -> Iterator[Problem]:
    """Refuse an index that no list can use: its last field gives the order, those before it are filtered by."""
    for names in resource.indexed:
        shown = f"indexed=({', '.join(names)})"
        problems = list(_together(resource, shown, names))
        yield from problems
        if problems:
            continue
        if len(names) == 1:
            yield f"{shown} names one field alone", f"write `field(indexed=True)` at {names[0]}"
        elif not resource.field(names[-1]).sortable:
            mend = "write `indexed=True` at that field; one that may be empty, or is a reference, gives no order"
            yield f"{shown}: lists cannot be sorted by {names[-1]}", mend
        elif resource.indexed.count(names) > 1:
            yield f"{shown} is there twice", "leave one out"


def _together(resource: ResourcePlan, shown: str, names: tuple[str, ...]) -> Iterator[Problem]:
    """Refuse fields that cannot be compared together."""
    if not names or len(set(names)) < len(names):
        yield f"{shown} names no field, or one twice", "name each field once"
    for name in names:
        field = find(resource, name)
        if field is None:
            reason, mend = unknown(resource, name)
            yield f"{shown}: {reason}", mend
        elif field.computed or field.kind == "json":
            yield f"{shown}: {name} is {'computed' if field.computed else 'JSON'}", "name fields that can be compared"
        elif field.sensitivity is Sensitivity.SECRET:
            yield f"{shown}: {name} is Secret, and who tries values would find it", "leave it out"


def _columns(resource: ResourcePlan) -> Iterator[Problem]:
    """Refuse two fields of one column: that of money is called by its currency, too."""
    holders: dict[str, str] = {}
    for field in resource.stored:
        other = holders.setdefault(field.column, field.name)
        if other != field.name:
            yield f"{other} and {field.name} would share the column {field.column}", "rename one of them"


def _identifiers(resource: ResourcePlan) -> Iterator[Problem]:
    column_of = {field.name: field.column for field in resource.stored}
    names = [f"fk__{resource.table}__{field.column}" for field in resource.stored if field.target]
    names += [f"uq__{resource.table}__{field.column}" for field in resource.stored if field.spec.unique]
    names += [f"ix__{resource.table}__{field.column}" for field in resource.stored if field.spec.indexed]
    names += [f"uq__{resource.table}__{'__'.join(column_of.get(one, one) for one in them)}" for them in resource.unique]
    names += [
        f"ix__{resource.table}__{'__'.join(column_of.get(one, one) for one in them)}" for them in resource.indexed
    ]
    for name in names:
        if len(name) > IDENTIFIER_MAX:
            yield (
                f"the database cannot hold the name {name}: it has {len(name)} characters, {IDENTIFIER_MAX} are possible",
                "shorten the names of the resource or of its fields",
            )
