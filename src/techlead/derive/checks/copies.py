"""Copies and computed fields: neither tells more than the fields they come from."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from techlead.declare.access import AllOf, Member, Owner, Policy, The, Where, anyone, atoms, nobody
from techlead.declare.types import Sensitivity
from techlead.derive.access import ANONYMOUS, residual
from techlead.derive.checks.audience import actor_classes
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import FieldPlan, Plan, ResourcePlan
from techlead.derive.reading import names_read
from techlead.derive.refusals import Refusals, field_origin


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse copies and computed fields that give access to what their sources forbid, or that have no value."""
    for resource in plan.resources.values():
        for field in resource.fields:
            for reason, mend in _field(plan, resource, field):
                origin = field_origin(resource.declared, field.name, resource.origin)
                refusals.add(origin, f"{resource.name}.{field.name}", reason, mend)


def _field(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    if field.spec.source.kind == "copied":
        yield from _path(plan, resource, field)
        yield from _exposed(plan, resource, field)
    elif field.computed:
        yield from _signature(field)
        yield from _computed(resource, field)


def _path(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    """Refuse a copy whose path may be empty, or that comes before the copy it starts from."""
    order = [one.name for one in resource.fields]
    first = field.spec.source.path[0]
    if resource.field(first).spec.source.kind == "copied" and order.index(first) > order.index(field.name):
        yield f"{first} is itself copied, and comes later", f"declare {first} before {field.name}"
    holder = resource
    for step in field.spec.source.path[:-1]:
        reference = holder.field(step)
        if reference.nullable and not field.nullable:
            yield (
                f"{holder.name}.{step} may be empty, and then there is nothing to copy",
                "write the type as `... | None`",
            )
        holder = plan.resources[reference.target or ""]


def _exposed(plan: Plan, resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    if _said_read(resource, field) is not None:
        return
    holder = resource
    *steps, last = field.spec.source.path
    for step in steps:
        holder = plan.resources[holder.field(step).target or ""]
    source = holder.field(last)
    path = ".".join(field.spec.source.path)
    mend = f'say who may read the copy: copied("{path}", read=...)'
    if source.read is not None and any(isinstance(atom, Owner | The | Where | Member) for atom in atoms(source.read)):
        yield f"{holder.name}.{last} has read={source.read}, which would mean other people on this row", mend
    elif _wider(holder.access.read, AllOf((resource.access.read, source.read or anyone)), plan):
        yield (
            f"{holder.name} has read={holder.access.read}, so the copy shows its {last} to people who may not see that row",
            mend,
        )


def _wider(source: Policy, copy: Policy, plan: Plan) -> bool:
    """Tell whether some class of actors can see a copy and never its source."""
    return any(residual(source, kind) == nobody != residual(copy, kind) for kind in actor_classes(plan))


def _said_read(resource: ResourcePlan, field: FieldPlan) -> Policy | None:
    return resource.declared.declaration.fields[field.name].read


def _signature(field: FieldPlan) -> Iterator[Problem]:
    function = field.spec.source.function
    try:
        parameters = list(inspect.signature(function).parameters.values()) if function else []
    except (TypeError, ValueError):
        parameters = []
    if len(parameters) != 1 or parameters[0].kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        yield "its function does not take exactly the row", "write computed(lambda row: ...)"


def _computed(resource: ResourcePlan, field: FieldPlan) -> Iterator[Problem]:
    read = _read_by(field)
    if field.name in _reached(resource, field):
        yield "it is computed from itself", "compute it from stored fields"
    said = _said_read(resource, field)
    for source in resource.fields:
        if source.name not in read or source.name == field.name:
            continue
        name = f"{resource.name}.{source.name}"
        if source.sensitivity in (Sensitivity.SECRET, Sensitivity.INTERNAL):
            yield f"{name} is {source.sensitivity.value}, and would be told", "compute it from other fields"
        elif source.read is not None and said is None:
            yield (
                f"{name} has read={source.read}, and would be told to others",
                f"say computed(..., read={source.read})",
            )
        elif source.sensitivity is Sensitivity.PERSONAL and said and residual(said, ANONYMOUS) == anyone:
            yield f"{name} is Personal, and would be told to anyone", f"say computed(..., read={source.read})"


def _reached(resource: ResourcePlan, field: FieldPlan) -> set[str]:
    """Name the computed fields that a computed field reads, directly or through others."""
    computed = {one.name: _read_by(one) for one in resource.fields if one.computed}
    reached: set[str] = set()
    waiting = set(computed[field.name]) & set(computed)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (set(computed[name]) & set(computed)) - reached
    return reached


def _read_by(field: FieldPlan) -> frozenset[str]:
    function = field.spec.source.function
    return names_read(function) if function else frozenset()
