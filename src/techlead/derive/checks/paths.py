"""Paths, conditions and memberships: what policies, counts and notifications say about related rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from techlead.declare.access import Between, Condition, Member
from techlead.declare.types import Sensitivity
from techlead.derive.access import accounts_of, fields_to, stored_constant
from techlead.derive.checks.problem import Problem, nearest
from techlead.derive.plan import FieldPlan, Plan, ResourcePlan

ORDERED: Final = frozenset({"integer", "decimal", "money", "timestamp", "date"})
"""Kinds of field that between() can compare."""


def to_account(plan: Plan, resource: ResourcePlan, path: tuple[str, ...]) -> Iterator[Problem]:
    """Refuse a path that does not end at an account."""
    end = follow(plan, resource, path)
    if not isinstance(end, ResourcePlan):
        yield end
    elif end.name != plan.account:
        account = plan.account or "an account"
        yield (
            f"{'.'.join(path)} leads to {end.name}, not to {account}",
            f"go on to a reference to {account}, or use member(...)",
        )


def follow(plan: Plan, resource: ResourcePlan, path: tuple[str, ...]) -> ResourcePlan | Problem:
    """Follow references from a resource; gives the problem when a step is none."""
    for name in path:
        field = find(resource, name)
        if field is None:
            return unknown(resource, name)
        if field.target is None:
            return f"{resource.name}.{name} is no reference", "name a field of the type Ref[...]"
        resource = plan.resources[field.target]
    return resource


def find(resource: ResourcePlan, name: str) -> FieldPlan | None:
    """Find a field; None when there is none."""
    return next((field for field in resource.fields if field.name == name), None)


def unknown(resource: ResourcePlan, name: str) -> Problem:
    """Say that a resource has no such field, and which was probably meant."""
    return f"{resource.name} has no field {name!r}", nearest(name, (field.name for field in resource.fields))


def conditions(resource: ResourcePlan, given: tuple[Condition, ...]) -> Iterator[Problem]:
    """Refuse conditions on fields that cannot be compared, or with values that they cannot hold."""
    if not given:
        yield "where() has no condition", "name a field: where(status=...), or leave it out"
    for condition in given:
        yield from held_by(resource, condition)


def held_by(resource: ResourcePlan, condition: Condition) -> Iterator[Problem]:
    """Refuse a condition on a field that cannot be compared, or with a value that it cannot hold."""
    field = find(resource, condition.field)
    name = f"{resource.name}.{condition.field}"
    if field is None:
        yield unknown(resource, condition.field)
    elif field.computed:
        yield f"{name} is computed and has no column to compare", "compare the fields that it is computed from"
    elif field.sensitivity is Sensitivity.SECRET:
        yield f"{name} is Secret, and who passes the condition would learn it", "compare another field"
    elif field.kind == "json":
        yield f"{name} is JSON and cannot be compared", "keep what decides in a field of its own"
    else:
        yield from _value(field, name, condition.value)


def _value(field: FieldPlan, name: str, value: Any) -> Iterator[Problem]:
    if value is None:
        if not field.nullable:
            yield f"{name} is never empty", "leave the condition out, or write the type as `... | None`"
    elif isinstance(value, Between) and field.kind not in ORDERED:
        yield f"{name} has no order to compare by", "name the values: a set means any of them"
    elif value == ():
        yield f"{name} is compared with no value", "name at least one value"
    else:
        for one in _constants(value):
            try:
                stored_constant(field, one)
            except ValueError as error:
                yield f"{name} cannot hold {one!r}: it {error}", "correct the value, or the limits of the field"


def _constants(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Between):
        return tuple(limit for limit in (value.low, value.high) if limit is not None)
    return value if isinstance(value, tuple) else (value,)


def membership(plan: Plan, resource: ResourcePlan, policy: Member) -> Iterator[Problem]:
    """Refuse a membership whose rows do not lead to one account and to one row that is asked about."""
    members = plan.resources.get(policy.resource)
    if members is None:
        yield f"{policy.resource!r} is no resource of this backend", nearest(policy.resource, plan.resources)
        return
    target = follow(plan, resource, policy.path)
    if not isinstance(target, ResourcePlan):
        yield target
    else:
        yield from _leads_to(plan, members, target)
    for condition in policy.conditions:
        yield from held_by(members, condition)


def _leads_to(plan: Plan, members: ResourcePlan, target: ResourcePlan) -> Iterator[Problem]:
    accounts = accounts_of(plan, members)
    account = plan.account or "the account"
    if len(accounts) != 1:
        which = "no field" if not accounts else " and ".join(accounts)
        yield f"{which} of {members.name} leads to {account}: who is the member?", "call that reference `member`"
        return
    ends = [name for name in fields_to(members, target) if name != accounts[0]]
    if len(ends) != 1:
        which = "no field" if not ends else " and ".join(ends)
        yield (
            f"{which} of {members.name} leads to {target.name}: of what is one a member?",
            'name the path to what they lead to: member(..., of="board.workspace")' if not ends
            else f"keep one reference to {target.name} in {members.name}",
        )  # fmt: skip
