"""Policies: each part names a role, a field, a path or a membership that exists and can decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from techlead.declare.access import AllOf, AnyOf, Member, Not, Owner, Policy, Role, SignedIn, The, Where, atoms
from techlead.declare.account import Account
from techlead.declare.backend import Declarations
from techlead.declare.origin import Origin
from techlead.declare.resource import Resource
from techlead.derive.checks import paths
from techlead.derive.checks.problem import Problem, nearest
from techlead.derive.plan import Plan
from techlead.derive.refusals import Refusals, field_origin

VERBS: Final = ("read", "create", "update", "delete", "history")


@dataclass(frozen=True, slots=True)
class Stated:
    """A policy as it was stated: of what, for what, and where."""

    policy: Policy
    resource: type[Resource]
    verb: str
    origin: Origin

    @property
    def where(self) -> str:
        """Name it in a refusal."""
        return f"{self.resource.__name__}: {self.verb}={self.policy}"


def stated(declared: type[Resource]) -> Iterator[Stated]:
    """List every policy that a resource, its fields and its actions state."""
    said = declared.declaration
    for verb in VERBS:
        yield Stated(getattr(said, verb), declared, verb, said.origin)
    for name, spec in said.fields.items():
        for verb, policy in (("read", spec.read), ("write", spec.write)):
            if policy is not None:
                yield Stated(policy, declared, f"{name}.{verb}", field_origin(declared, name, said.origin))
    for action in said.actions:
        yield Stated(action.by, declared, f"{action.name}.by", action.origin)


def check_declared(declarations: Declarations, refusals: Refusals) -> None:
    """Refuse policies that need what the backend does not declare: accounts, a role, an owner."""
    for declared in declarations.resources:
        for one in stated(declared):
            for reason, mend in _declared(one, declarations):
                refusals.add(one.origin, one.where, reason, mend)
        owners = [name for name, spec in declared.declaration.fields.items() if spec.source.kind == "owner"]
        for name in owners[1:]:
            origin = field_origin(declared, name, declared.declaration.origin)
            reason = f"{owners[0]} is owned_by() already, and a row has one owner"
            mend = f'write it as a plain Ref and allow it with the("{name}")'
            refusals.add(origin, f"{declared.__name__}.{name}", reason, mend)


def check(plan: Plan, refusals: Refusals) -> None:
    """Refuse conditions, paths and memberships that lead nowhere or can never decide."""
    for resource in plan.resources.values():
        for one in stated(resource.declared):
            for atom in dict.fromkeys(atoms(one.policy)):
                for reason, mend in _atom(atom, plan, resource.name):
                    refusals.add(one.origin, one.where, reason, mend)


def _declared(one: Stated, declarations: Declarations) -> Iterator[Problem]:
    if not isinstance(one.policy, Policy):
        yield "it is not a policy", "use anyone, signed_in, owner, the(...), role(...), where(...) or member(...)"
        return
    if not _is_frozen(one.policy):
        yield (
            "a condition compares with a value that could change",
            "compare with a text, a number, an Enum member or a set",
        )
        return
    if _is_empty(one.policy):
        yield "role() names no role", "name one, as in role('admin'), or leave it out"
    for atom in dict.fromkeys(atoms(one.policy)):
        if isinstance(atom, SignedIn | Owner | The | Role | Member) and not declarations.accounts:
            yield f"{atom} needs accounts, and this backend has none", _ACCOUNT
        elif isinstance(atom, Role) and atom.name not in declarations.roles:
            mend = f'{nearest(atom.name, declarations.roles)} Or grant it: Backend(..., roles=[..., "{atom.name}"])'
            yield f"no role {atom.name!r} is declared", mend
        elif isinstance(atom, Owner) and not _has_owner(one.resource):
            account = declarations.accounts[0].__name__
            yield (
                "owner means nothing here: no field is owned_by()",
                f"add `owner: Mapped[Ref[{account}]] = owned_by()`",
            )


def _has_owner(declared: type[Resource]) -> bool:
    specs = declared.declaration.fields.values()
    return issubclass(declared, Account) or any(spec.source.kind == "owner" for spec in specs)


def _is_frozen(policy: Policy) -> bool:
    try:
        hash(policy)
    except TypeError:
        return False
    return True


def _is_empty(policy: Policy) -> bool:
    if isinstance(policy, AnyOf | AllOf):
        return not policy.parts or any(map(_is_empty, policy.parts))
    return isinstance(policy, Not) and _is_empty(policy.part)


def _atom(atom: Any, plan: Plan, name: str) -> Iterator[Problem]:
    resource = plan.resources[name]
    if isinstance(atom, The):
        yield from paths.to_account(plan, resource, atom.path)
    elif isinstance(atom, Where):
        yield from paths.conditions(resource, atom.conditions)
    elif isinstance(atom, Member):
        yield from paths.membership(plan, resource, atom)


_ACCOUNT: Final = "declare one: `@backend.account` on `class Person(Account):`"
