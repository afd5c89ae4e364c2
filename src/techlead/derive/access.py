"""One policy, three readings: what is left of it for a class of actors, its SQL, and its decision in Python.

`residual` answers what is known before any row is seen (signed in or not, which roles), so that SQL holds only what
depends on rows. `to_sql` and `decide` read the same residual; the property tests hold them against each other.
Negation never meets SQL's NULL: a negated atom is `NOT coalesce(atom, FALSE)`, as `not` is in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, MetaData, and_, bindparam, exists, false, func, not_, or_, select, true

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Anyone,
    Between,
    Condition,
    Member,
    Not,
    Owner,
    Policy,
    Role,
    SignedIn,
    The,
    Where,
    anyone,
    nobody,
)
from techlead.derive.plan import FieldPlan, Plan, ResourcePlan
from techlead.derive.tables import ID

ACTOR: Final = "actor"
Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class ActorClass:
    """What a policy may know of an actor before it sees a row."""

    signed_in: bool
    roles: frozenset[str] = frozenset()


ANONYMOUS: Final = ActorClass(signed_in=False)


def residual(policy: Policy, actor: ActorClass) -> Policy:
    """Answer the parts of a policy that depend on no row; `anyone` and `nobody` are what is left of a decided one."""
    left = _RESIDUALS.get(type(policy))
    return policy if left is None else left(policy, actor)


def _left_of_not(policy: Not, actor: ActorClass) -> Policy:
    part = residual(policy.part, actor)
    return {anyone: nobody, nobody: anyone}.get(part, Not(part))


def _left_of_own(policy: Policy, actor: ActorClass) -> Policy:
    """Nothing is theirs whom nobody knows."""
    return policy if actor.signed_in else nobody


def _joined(parts: list[Policy], kind: type[AnyOf | AllOf], absorbing: Policy, neutral: Policy) -> Policy:
    if absorbing in parts:
        return absorbing
    left = tuple(dict.fromkeys(part for part in parts if part != neutral))
    if not left:
        return neutral
    return left[0] if len(left) == 1 else kind(left)


_RESIDUALS: Final[Mapping[type, Callable[[Any, ActorClass], Policy]]] = {
    AnyOf: lambda policy, actor: _joined([residual(part, actor) for part in policy.parts], AnyOf, anyone, nobody),
    AllOf: lambda policy, actor: _joined([residual(part, actor) for part in policy.parts], AllOf, nobody, anyone),
    Not: _left_of_not,
    Role: lambda policy, actor: anyone if policy.name in actor.roles else nobody,
    SignedIn: lambda _, actor: anyone if actor.signed_in else nobody,
    Owner: _left_of_own,
    The: _left_of_own,
    Member: _left_of_own,
}
"""What is left of each kind of policy; all others depend on the row alone."""


@dataclass(frozen=True, slots=True)
class SqlPolicies:
    """Turns policies into SQL over the tables of one Plan."""

    plan: Plan
    metadata: MetaData

    def to_sql(self, policy: Policy, resource: ResourcePlan, columns: Columns | None = None) -> ColumnElement[bool]:
        """Give the condition under which a residual policy allows; `columns` stand for the row (default: its table)."""
        row = self.columns(resource) if columns is None else columns
        if isinstance(policy, AnyOf):
            return or_(*(self.to_sql(part, resource, row) for part in policy.parts))
        if isinstance(policy, AllOf):
            return and_(*(self.to_sql(part, resource, row) for part in policy.parts))
        if isinstance(policy, Not):
            return not_(func.coalesce(self.to_sql(policy.part, resource, row), false()))
        return self._atom(policy, resource, row)

    def columns(self, resource: ResourcePlan) -> Columns:
        """Give a resource's columns by the names of its fields."""
        table = self.metadata.tables[resource.table]
        return {"id": table.c.id, **{field.name: table.c[field.column] for field in resource.stored}}

    def conditions(self, resource: ResourcePlan, given: tuple[Condition, ...]) -> list[ColumnElement[bool]]:
        """Give the SQL of conditions on a resource's own rows."""
        row = self.columns(resource)
        return [_condition(resource.field(one.field), one, row) for one in given]

    def _atom(self, policy: Policy, resource: ResourcePlan, row: Columns) -> ColumnElement[bool]:
        if isinstance(policy, Anyone):
            return true()
        if isinstance(policy, Owner):
            return row[owner_field(resource)] == _actor()
        if isinstance(policy, The):
            return self._path(resource, policy.path, row) == _actor()
        if isinstance(policy, Where):
            return and_(*(_condition(resource.field(one.field), one, row) for one in policy.conditions))
        if isinstance(policy, Member):
            return self._member(policy, resource, row)
        return false()

    def _path(self, resource: ResourcePlan, path: tuple[str, ...], row: Columns) -> ColumnElement[Any]:
        value = row[path[0]]
        for step, name in pairwise(path):
            resource = self.plan.resources[resource.field(step).target or ""]
            table = self.metadata.tables[resource.table].alias()
            found = select(table.c[resource.field(name).column]).select_from(table).where(table.c.id == value)
            # Only the alias is this query's own: left to itself, SQLAlchemy would join the outer row's table anew
            # when the row lies two queries out, and then *some* row would decide instead of this one.
            value = found.correlate_except(table).scalar_subquery()
        return value

    def _member(self, policy: Member, resource: ResourcePlan, row: Columns) -> ColumnElement[bool]:
        members = self.plan.resources[policy.resource]
        table = self.metadata.tables[members.table].alias()
        target, value = resource, row["id"]
        if policy.path:
            value = self._path(resource, policy.path, row)
            target = at_path(self.plan, resource, policy.path)
        own = {field.name: table.c[field.column] for field in members.stored}
        parts = [
            own[account_field(self.plan, members)] == _actor(),
            own[field_to(members, target)] == value,
            *(_condition(members.field(one.field), one, own) for one in policy.conditions),
        ]
        if members.soft_delete:
            parts.append(table.c.deleted_at.is_(None))
        return exists(select(1).select_from(table).where(*parts).correlate_except(table))


def decide(policy: Policy, resource: ResourcePlan, row: Mapping[str, Any], account: bytes | None) -> bool | None:
    """Decide a residual policy for one row of stored values; None when other rows must be asked (Kleene's logic)."""
    if isinstance(policy, AnyOf | AllOf):
        answers = {decide(part, resource, row, account) for part in policy.parts}
        decisive = isinstance(policy, AnyOf)
        return decisive if decisive in answers else (None if None in answers else not decisive)
    if isinstance(policy, Not):
        answer = decide(policy.part, resource, row, account)
        return None if answer is None else not answer
    if isinstance(policy, Owner):
        return account is not None and row.get(owner_field(resource)) == account
    if isinstance(policy, The):
        return None if len(policy.path) > 1 else account is not None and row.get(policy.path[0]) == account
    if isinstance(policy, Where):
        return all(_holds(resource.field(one.field), one, row.get(one.field)) for one in policy.conditions)
    return None if isinstance(policy, Member) else isinstance(policy, Anyone)


def owner_field(resource: ResourcePlan) -> str:
    """Name the field that `owner` means: of an account, its id."""
    return "id" if resource.is_account else (resource.owner or "")


def at_path(plan: Plan, resource: ResourcePlan, path: tuple[str, ...]) -> ResourcePlan:
    """Follow references from a resource; KeyError when a step is no reference."""
    for name in path:
        resource = plan.resources[resource.field(name).target or ""]
    return resource


def account_field(plan: Plan, members: ResourcePlan) -> str:
    """Name the field of a membership that leads to the member; the checks see to it that there is one."""
    return accounts_of(plan, members)[0]


def accounts_of(plan: Plan, members: ResourcePlan) -> tuple[str, ...]:
    """Name the fields of a membership that may mean the member: of several, those called so."""
    return _leading(members, plan.account or "", prefer=("member", "account"))


def field_to(members: ResourcePlan, target: ResourcePlan) -> str:
    """Name the field of a membership that leads to the thing one is a member of; KeyError when there is none."""
    found = fields_to(members, target)
    if not found:
        raise KeyError(target.name)
    return found[0]


def fields_to(members: ResourcePlan, target: ResourcePlan) -> tuple[str, ...]:
    """Name the fields of a membership that may mean the thing one is a member of; the member itself is none."""
    found = _leading(members, target.name)
    member = _leading(members, target.name, prefer=("member", "account")) if target.is_account else ()
    return tuple(name for name in found if name not in member[:1])


def _leading(members: ResourcePlan, target: str, prefer: tuple[str, ...] = ()) -> tuple[str, ...]:
    found = tuple(field.name for field in members.stored if field.target == target)
    called = tuple(name for name in prefer if name in found)
    return called[:1] or found


def stored_constant(field: FieldPlan, value: Any) -> Any:
    """Give a constant of a condition as the database holds it; ValueError when the field cannot hold it."""
    return field.codec.dump(value)


def _actor() -> ColumnElement[bytes]:
    return bindparam(ACTOR, type_=ID)


def _condition(field: FieldPlan, condition: Condition, row: Columns) -> ColumnElement[bool]:
    column = row[field.name]
    value = condition.value
    if value is None:
        return column.is_(None)
    if isinstance(value, Between):
        limits = [column >= stored_constant(field, value.low)] if value.low is not None else []
        limits += [column <= stored_constant(field, value.high)] if value.high is not None else []
        return and_(column.is_not(None), *limits)
    if isinstance(value, tuple):
        return or_(*(column == stored_constant(field, one) for one in value))
    equal: ColumnElement[bool] = column == stored_constant(field, value)
    return equal


def _holds(field: FieldPlan, condition: Condition, stored: Any) -> bool:
    value = condition.value
    if value is None or stored is None:
        return value is None and stored is None
    if isinstance(value, Between):
        above = value.low is None or bool(stored >= stored_constant(field, value.low))
        return above and (value.high is None or bool(stored <= stored_constant(field, value.high)))
    values = value if isinstance(value, tuple) else (value,)
    return any(stored == stored_constant(field, one) for one in values)
