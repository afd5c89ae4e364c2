"""Audiences: somebody may read each resource, and nobody gets in unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Member,
    Not,
    Owner,
    Policy,
    Role,
    The,
    Where,
    anyone,
    atoms,
    nobody,
)
from techlead.declare.types import Sensitivity
from techlead.derive.access import ANONYMOUS, ActorClass, residual
from techlead.derive.checks.paths import find
from techlead.derive.checks.policies import Stated, stated
from techlead.derive.checks.problem import Problem
from techlead.derive.plan import Plan
from techlead.derive.refusals import Refusals, field_origin


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse rows that nobody may read, negations that let strangers in, and personal fields that anyone may read."""
    for resource in plan.resources.values():
        if not resource.is_account and not may_anybody(resource.access.read, plan):
            reason = (
                "nobody may read it" if resource.access.read == nobody else f"read={resource.access.read} allows nobody"
            )
            mend = 'say who may: @backend.resource(read=owner), or read=role("admin") for what only staff sees'
            refusals.add(resource.origin, resource.name, reason, mend)
        if resource.is_account and resource.access.create != nobody:
            reason = "accounts are created by POST /auth/register, with a password"
            refusals.add(resource.origin, resource.name, reason, "leave out `create`")
        for one in stated(resource.declared):
            for reason, mend in _strangers(one):
                refusals.add(one.origin, one.where, reason, mend)
            for reason, mend in _oracle(one, plan):
                refusals.add(one.origin, one.where, reason, mend)
        for field in resource.fields:
            if field.sensitivity is Sensitivity.PERSONAL and field.read and residual(field.read, ANONYMOUS) == anyone:
                origin = field_origin(resource.declared, field.name, resource.origin)
                mend = "name who needs it: read=owner, read=the(...), read=role(...)"
                refusals.add(origin, f"{resource.name}.{field.name}", "anyone may read a Personal field", mend)


def actor_classes(plan: Plan) -> tuple[ActorClass, ...]:
    """List the classes of actors that a policy can tell apart: strangers, accounts, and each role."""
    if plan.account is None:
        return (ANONYMOUS,)
    plain = ActorClass(signed_in=True)
    return (ANONYMOUS, plain, *(replace(plain, roles=frozenset({role})) for role in plan.roles))


def may_anybody(policy: Policy, plan: Plan) -> bool:
    """Tell whether a policy allows anybody anything; all roles at once count, too."""
    everything = ActorClass(signed_in=plan.account is not None, roles=frozenset(plan.roles))
    return any(residual(policy, kind) != nobody for kind in (*actor_classes(plan), everything))


def _strangers(one: Stated) -> Iterator[Problem]:
    """Refuse what lets strangers in only because they are not somebody: `~role("banned")`."""
    if residual(one.policy, ANONYMOUS) != nobody and residual(_without_negations(one.policy), ANONYMOUS) == nobody:
        yield (
            "its negation allows everybody who is not signed in",
            f"write it as `signed_in & {_bracketed(one.policy)}`",
        )


def _without_negations(policy: Policy) -> Policy:
    if isinstance(policy, AnyOf | AllOf):
        return type(policy)(tuple(map(_without_negations, policy.parts)))
    if isinstance(policy, Not) and any(isinstance(atom, Owner | The | Role | Member) for atom in atoms(policy)):
        return nobody
    return policy


def _bracketed(policy: Policy) -> str:
    return f"({policy})" if isinstance(policy, AnyOf) else str(policy)


def _oracle(one: Stated, plan: Plan) -> Iterator[Problem]:
    """Refuse a public policy that hangs on a Personal field: who sees the row would know the field."""
    if residual(one.policy, ANONYMOUS) == nobody:
        return
    resource = plan.resources[one.resource.__name__]
    for atom in atoms(one.policy):
        for condition in atom.conditions if isinstance(atom, Where) else ():
            field = find(resource, condition.field)
            if field is not None and field.sensitivity is Sensitivity.PERSONAL:
                name = f"{resource.name}.{field.name}"
                yield f"{name} is Personal, and anyone could tell its value by what they see", "decide by another field"
