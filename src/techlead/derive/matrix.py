"""The access matrix: each kind of actor, each operation, each field: who may do it, who may read and write it.

A kind holds one thing (it is the owner, it has a role, it is a member), or the few that a policy asks for together, and
what follows from them, nothing else. What is left of a policy for a kind is `anyone` (it may), `nobody` (it may not), or
a condition on the row that decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Anyone,
    Condition,
    Member,
    Nobody,
    Not,
    Owner,
    Policy,
    Role,
    The,
    anyone,
    nobody,
    owner,
)
from techlead.declare.types import Sensitivity
from techlead.derive.access import ActorClass, residual
from techlead.derive.plan import FieldPlan, Operation, Plan, ResourcePlan

OWN_ROW: Final = ("create", "register", "me", "change_me")
"""Kinds of operations whose row is the actor's own: new, or the account itself."""
ANSWERS_WITH_ROW: Final = ("list", "read", "create", "update", "action", *OWN_ROW)
TAKES_FIELDS: Final = ("create", "update", "register", "change_me")
Held = tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class ActorKind:
    """A kind of actor: its name, the parts of policies that it holds, and what is known of it before any row is seen."""

    name: str
    holds: tuple[Policy, ...]
    known: ActorClass


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """What is left, for a kind of actor in an operation, of who may read and who may write a field."""

    field: str
    read: Policy
    write: Policy


@dataclass(frozen=True, slots=True)
class Cell:
    """What is left, for a kind of actor, of who may do an operation; of a list, of who finds the row in it.

    `own` says that the row is the actor's own: a new one, or the account itself.
    """

    resource: str
    operation: str
    own: bool
    actor: ActorKind
    may: Policy
    fields: tuple[FieldAccess, ...]


ANONYMOUS_KIND: Final = ActorKind("anonymous", (), ActorClass(signed_in=False))
SIGNED_IN_KIND: Final = ActorKind("signed in", (), ActorClass(signed_in=True))


def access_matrix(plan: Plan) -> tuple[Cell, ...]:
    """Give every cell in a stable order: by resource, then operation, then kind of actor."""
    return tuple(cell for resource in plan.resources.values() for cell in _cells(plan, resource))


def actor_kinds(plan: Plan, resource: ResourcePlan) -> tuple[ActorKind, ...]:
    """List the kinds of actors that the policies of a resource can tell apart, the least allowed first."""
    if plan.account is None:
        return (ANONYMOUS_KIND,)
    own: list[Held] = [(owner,)] if resource.owner or resource.is_account else []
    named = [held for policy in policies_of(resource) for held in _ways(policy, resource) if held]
    single = [(atom,) for held in named for atom in held]
    roles: list[Held] = [(Role(name),) for name in plan.roles]
    ranked = sorted(
        dict.fromkeys((*own, *single, *roles, *named)), key=lambda held: (len(held), isinstance(held[0], Role))
    )
    return (ANONYMOUS_KIND, SIGNED_IN_KIND, *map(_kind, ranked))


def policies_of(resource: ResourcePlan) -> Iterator[Policy]:
    """List every policy of a resource, its fields (with that of the row, which stands before it) and its actions."""
    access = resource.access
    row = access.read | owner if resource.is_account else access.read
    yield from (access.read, access.create, access.update, access.delete, access.history)
    for field in resource.fields:
        yield from (AllOf((row, field.read)),) if field.read is not None else ()
        yield from (AllOf((access.update, field.write)),) if field.write is not None else ()
    for action in resource.actions:
        yield action.by


def verdict(left: Policy) -> str:
    """Say what is left of a policy in a word: yes, no, or the condition that decides."""
    return {anyone: "yes", nobody: "no"}.get(left, str(left))


def _cells(plan: Plan, resource: ResourcePlan) -> Iterator[Cell]:
    kinds = actor_kinds(plan, resource)
    for operation in plan.operations:
        about = operation.resource or (plan.account if operation.kind == "register" else None)
        if about == resource.name:
            for kind in kinds:
                may = _left(operation.policy, kind, resource, operation)
                fields = tuple(_fields(kind, resource, operation, may))
                yield Cell(resource.name, operation.name, operation.kind in OWN_ROW, kind, may, fields)


def _fields(kind: ActorKind, resource: ResourcePlan, operation: Operation, may: Policy) -> Iterator[FieldAccess]:
    for field in resource.fields:
        read = _read(field, resource, operation)
        write = _write(field, operation)
        yield FieldAccess(
            field.name,
            nobody if isinstance(may, Nobody) else _left(read, kind, resource, operation),
            nobody if isinstance(may, Nobody) else _left(write, kind, resource, operation),
        )


def _read(field: FieldPlan, resource: ResourcePlan, operation: Operation) -> Policy:
    if not field.readable:
        return nobody
    if operation.kind == "history":
        shown = field.sensitivity is Sensitivity.PUBLIC and field.read is None and not field.computed
        return resource.access.history if shown else nobody
    if operation.kind not in ANSWERS_WITH_ROW:
        return nobody
    row = resource.access.read | owner if resource.is_account else resource.access.read
    return row if field.read is None else AllOf((row, field.read))


def _write(field: FieldPlan, operation: Operation) -> Policy:
    if operation.kind not in TAKES_FIELDS or not field.writable:
        return nobody
    if operation.kind == "change_me" and field.name == "email":
        return nobody
    return operation.policy if field.write is None else AllOf((operation.policy, field.write))


def _left(policy: Policy, kind: ActorKind, resource: ResourcePlan, operation: Operation) -> Policy:
    own = operation.kind in OWN_ROW and (kind.known.signed_in or operation.kind == "register")
    return residual(_assumed(policy, kind, resource, own=own), kind.known)


def _assumed(policy: Policy, kind: ActorKind, resource: ResourcePlan, *, own: bool) -> Policy:
    """Answer the parts of a policy that hang on who the actor is to the row, as the kind says."""
    if isinstance(policy, AnyOf | AllOf):
        return type(policy)(tuple(_assumed(part, kind, resource, own=own) for part in policy.parts))
    if isinstance(policy, Not):
        return Not(_assumed(policy.part, kind, resource, own=own))
    atom = _normal(policy, resource)
    if isinstance(atom, Owner | The | Member):
        held = (own and isinstance(atom, Owner)) or any(follows(one, atom) for one in kind.holds)
        return anyone if held else nobody
    return policy


def _kind(held: Held) -> ActorKind:
    roles = frozenset(one.name for one in held if isinstance(one, Role))
    return ActorKind(str(AllOf(held)), held, ActorClass(signed_in=True, roles=roles))


def _ways(policy: Policy, resource: ResourcePlan) -> tuple[Held, ...]:
    """List what an actor can hold to be allowed, without what more it could hold besides."""
    found = _clauses(policy, resource)
    least = [one for one in found if not any(other < one for other in found)]
    return tuple(tuple(sorted(one, key=str)) for one in sorted(least, key=lambda one: sorted(map(str, one))))


def _clauses(policy: Policy, resource: ResourcePlan) -> frozenset[frozenset[Policy]]:
    if isinstance(policy, AnyOf):
        return frozenset(clause for part in policy.parts for clause in _clauses(part, resource))
    if isinstance(policy, AllOf):
        together: frozenset[frozenset[Policy]] = frozenset({frozenset()})
        for part in policy.parts:
            together = frozenset(one | other for one in together for other in _clauses(part, resource))
        return together
    if isinstance(policy, Nobody):
        return frozenset()
    if isinstance(policy, Not):
        return frozenset({frozenset(), *(clause for clause in _clauses(policy.part, resource) if len(clause) == 1)})
    atom = _normal(policy, resource)
    return frozenset({frozenset({atom} if isinstance(atom, Owner | The | Member | Role) else ())})


def _normal(atom: Policy, resource: ResourcePlan) -> Policy:
    return owner if isinstance(atom, The) and atom.path == (resource.owner,) else atom


def follows(held: Policy, asked: Policy) -> bool:
    """Tell whether who holds one part of a policy surely holds another: a member with a level is a member."""
    if isinstance(held, Member) and isinstance(asked, Member):
        same = (held.resource, held.path) == (asked.resource, asked.path)
        return same and all(_implied(held.conditions, condition) for condition in asked.conditions)
    return held == asked


def _implied(held: tuple[Condition, ...], asked: Condition) -> bool:
    return any(one.field == asked.field and _values(one) <= _values(asked) for one in held)


def _values(condition: Condition) -> frozenset[object]:
    value = condition.value
    return frozenset(value) if isinstance(value, tuple) else frozenset({value})


def may_ever(left: Policy) -> bool:
    """Tell whether what is left of a policy allows anything at all."""
    return not isinstance(left, Nobody)


def may_always(left: Policy) -> bool:
    """Tell whether what is left of a policy allows every row."""
    return isinstance(left, Anyone)
