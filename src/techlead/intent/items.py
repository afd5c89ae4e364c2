"""Everything of a Plan that a person signs: rules, actions, policies, settings, messages, and what lies outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Anyone,
    Between,
    Condition,
    Member,
    Nobody,
    Not,
    Owner,
    Policy,
    Role,
    SignedIn,
    The,
    Where,
    anyone,
    atoms,
    nobody,
    owner,
    signed_in,
)
from techlead.derive.matrix import policies_of
from techlead.derive.plan import ActionPlan, FieldPlan, NotificationPlan, Plan, ResourcePlan
from techlead.intent.code import read_code
from techlead.intent.outward import outward_records, started_by
from techlead.intent.record import Record, hash_of, record_of
from techlead.intent.risk import Risk, risk_of
from techlead.intent.subject import Subject
from techlead.intent.subjects import actions_of, subjects_of
from techlead.intent.values import Data, Lookup, NoData, decoded, encoded
from techlead.intent.walk import digest, normal


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One thing that is signed."""

    title: str
    """`rule not_handed_over`, `action Order.cancel`, `policy Order`, `setting Order`, `setting roles`."""
    record: Record
    hash: str
    risk: Risk
    subject: Subject | None = None
    """Of a rule or an action: how it is run."""


FIXED: Final = frozenset({"setting", "message", "system", "incoming", "channel"})
"""The kinds that are data: compared value by value, and not to be swapped for what was signed."""


def items_of(plan: Plan) -> dict[str, Item]:
    """List every item of a Plan by title."""
    actions = {f"action {one.resource}.{one.name}": one for one in actions_of(plan)}
    found = [_of_subject(one, actions.get(one.title)) for one in subjects_of(plan)]
    found += [item(_policies(resource, plan)) for resource in plan.resources.values()]
    found += [item(_fields(resource)) for resource in plan.resources.values()]
    found.append(item({"kind": "setting", "name": "roles", "roles": sorted(plan.roles)}))
    found += [item(_notification(one)) for one in plan.notifications]
    found += map(item, outward_records(plan))
    return {one.title: one for one in found}


def item(record: Record, subject: Subject | None = None) -> Item:
    """Make an item of a record."""
    return Item(title_of(record), record, digest_of(record), risk_of(record), subject)


def title_of(record: Record) -> str:
    """Name a record among all of a backend."""
    return f"{record['kind']} {record['name']}"


def digest_of(record: Record) -> str:
    """Hash a record of any kind; ValueError when a source in it cannot be parsed."""
    return hash_of(record) if "parts" in record else digest(record)


def _of_subject(subject: Subject, action: ActionPlan | None) -> Item:
    record = record_of(subject)
    if action is not None:
        record["when"] = [rule.name for rule, _ in action.rules]
        record["on_create"] = action.on_create
        record["outside"] = started_by(action.outside)
    return item(record, subject)


def _policies(resource: ResourcePlan, plan: Plan) -> Record:
    said = resource.access
    guards = {name: policy_data(getattr(said, name)) for name in ACCESS}
    fields = {
        one.name: [policy_data(one.read) if one.read else None, policy_data(one.write) if one.write else None]
        for one in resource.fields
        if one.read is not None or one.write is not None
    }
    actions = {one.name: policy_data(one.by) for one in resource.actions}
    owner_field = "id" if resource.is_account else resource.owner or ""
    policies = {
        "guards": guards,
        "fields": fields,
        "actions": actions,
        "owner": owner_field,
        "members": dict(sorted(_members(resource, plan))),
    }
    return {"kind": "policy", "name": resource.name, **policies}


def _members(resource: ResourcePlan, plan: Plan) -> Iterator[tuple[str, list[str | None]]]:
    """List the members of each Enum that a policy of the resource compares with, by resource and field."""
    for policy in policies_of(resource):
        for atom in atoms(policy):
            owner_of = plan.resources[atom.resource] if isinstance(atom, Member) else resource
            for condition in atom.conditions if isinstance(atom, Member | Where) else ():
                asked = owner_of.field(condition.field)
                if asked.kind == "enum":
                    found = sorted(asked.codec.load(value).name for value in asked.codec.schema["enum"])
                    yield f"{owner_of.name}.{asked.name}", [*found, *([None] if asked.nullable else [])]


ACCESS: Final = ("read", "create", "update", "delete", "history")


def _fields(resource: ResourcePlan) -> Record:
    return {
        "kind": "setting",
        "name": resource.name,
        "fields": {one.name: _field(one) for one in resource.fields},
        "soft_delete": resource.soft_delete,
        "unique": sorted(map(list, resource.unique)),
    }


def _field(one: FieldPlan) -> Data:
    source = one.spec.source
    return {
        "kind": one.kind,
        "sensitivity": one.sensitivity.value,
        "source": [source.kind, *source.path],
        "nullable": one.nullable,
        "unique": one.spec.unique,
        "bounds": [encoded(one.spec.ge), encoded(one.spec.le)],
        "default": _default(one.spec.default),
        "computed": _computed(one),
    }


def _default(value: Any) -> Data:
    try:
        return encoded(value)
    except NoData:  # no default, the moment of creation, or JSON
        return ["shown", repr(value)]


def _computed(one: FieldPlan) -> str:
    """Hash what works a field out, with the helpers that it calls."""
    function = one.spec.source.function
    if function is None:
        return ""
    parts = read_code(function).parts
    return digest({key: normal(part.tree) for key, part in parts.items()})


def _notification(one: NotificationPlan) -> Record:
    to = policy_data(one.to) if isinstance(one.to, Policy) else one.to
    said = {"about": one.resource, "to": to, "via": _ways(one), "subject": one.subject, "text": one.text}
    templates = {language or "others": found.source.split("\n") for language, found in one.templates.items()}
    return {"kind": "message", "name": one.name, **said, "code": one.code, "templates": templates}


def _ways(one: NotificationPlan) -> Data:
    """Name each way to reach somebody: a channel, or a channel at the address in a field."""
    return sorted(f"{way.value} at {'.'.join(one.at[way])}" if way in one.at else way.value for way in one.via)


ATOMS: Final[Mapping[type[Policy], Callable[[Any], list[Data]]]] = {
    Anyone: lambda _one: ["anyone"],
    Nobody: lambda _one: ["nobody"],
    SignedIn: lambda _one: ["signed_in"],
    Owner: lambda _one: ["owner"],
    The: lambda one: ["the", *one.path],
    Role: lambda one: ["role", one.name],
    Where: lambda one: ["where", _conditions(one.conditions)],
    Member: lambda one: ["member", one.resource, list(one.path), _conditions(one.conditions)],
    AnyOf: lambda one: ["any", *map(policy_data, one.parts)],
    AllOf: lambda one: ["all", *map(policy_data, one.parts)],
    Not: lambda one: ["not", policy_data(one.part)],
}


def policy_data(policy: Policy) -> Data:
    """Write a policy as data."""
    return ATOMS[type(policy)](policy)


def _conditions(conditions: tuple[Condition, ...]) -> Data:
    return [[one.field, _constant(one.value)] for one in conditions]


def _constant(value: Any) -> Data:
    if isinstance(value, Between):
        return ["between", encoded(value.low), encoded(value.high)]
    if isinstance(value, tuple):
        return ["any of", *sorted((encoded(one) for one in value), key=str)]
    return encoded(value)


def policy_of(data: Data, lookup: Lookup) -> Policy:
    """Read a policy; NoData when it names what is not there any more."""
    kind, *rest = data
    if kind in PLAIN:
        return PLAIN[kind]
    if kind in ("any", "all"):
        parts = tuple(policy_of(one, lookup) for one in rest)
        return AnyOf(parts) if kind == "any" else AllOf(parts)
    readers: Mapping[str, Callable[[], Policy]] = {
        "the": lambda: The(tuple(rest)),
        "role": lambda: Role(rest[0]),
        "not": lambda: Not(policy_of(rest[0], lookup)),
        "where": lambda: Where(_read(rest[0], lookup)),
        "member": lambda: Member(rest[0], tuple(rest[1]), _read(rest[2], lookup)),
    }
    if kind not in readers:
        raise NoData(f"{kind} is no kind of policy")
    return readers[kind]()


PLAIN: Final[Mapping[str, Policy]] = {"anyone": anyone, "nobody": nobody, "signed_in": signed_in, "owner": owner}


def _read(data: Data, lookup: Lookup) -> tuple[Condition, ...]:
    return tuple(Condition(name, _constant_of(value, lookup)) for name, value in data)


def _constant_of(data: Data, lookup: Lookup) -> Any:
    kind, *rest = data
    if kind == "between":
        return Between(*(decoded(one, lookup) for one in rest))
    if kind == "any of":
        return tuple(decoded(one, lookup) for one in rest)
    return decoded(data, lookup)


def changed_titles(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[str]:
    """List the items that two versions do not have alike, in a stable order."""
    for title in sorted({*old, *new}):
        if title not in old or title not in new or old[title].hash != new[title].hash:
            yield title
