"""References: each leads to a resource of this backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from techlead.declare.account import Account
from techlead.derive.plan import FieldPlan
from techlead.derive.refusals import Refusals, field_origin


def check(known: Mapping[str, Any], found: Mapping[str, tuple[FieldPlan, ...]], refusals: Refusals) -> None:
    """Refuse references to what is not a resource of the backend."""
    for name, fields in found.items():
        check_fields(known[name], fields, known, refusals)


def check_fields(
    declared: type[Any], fields: tuple[FieldPlan, ...], known: Mapping[str, Any], refusals: Refusals
) -> None:
    """Refuse a class's references to what is not a resource of the backend."""
    for field in fields:
        if field.target is None or field.target in known:
            continue
        origin = field_origin(declared, field.name, declared.declaration.origin)
        target = origin.names.get(field.target)
        is_account = isinstance(target, type) and issubclass(target, Account)
        decorator = "@backend.account" if is_account else "@backend.resource(read=...)"
        reason = f"it leads to {field.target}, which is no resource of this backend"
        refusals.add(origin, f"{declared.__name__}.{field.name}", reason, f"decorate {field.target} with {decorator}")
