"""Plans in plain words: policies and fields as a sentence says them, for documents and reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
)
from techlead.declare.field import MISSING, Now
from techlead.declare.types import Sensitivity
from techlead.derive.plan import FieldPlan, ResourcePlan


def policy_words(policy: Policy, resource: ResourcePlan | None = None) -> str:
    """Say who a policy allows: "the owner, the seller, or accounts with the role admin"."""
    if isinstance(policy, AnyOf):
        return _joined([policy_words(part, resource) for part in policy.parts], "or")
    if isinstance(policy, AllOf):
        return _joined([_bracketed(part, resource) for part in policy.parts], "and")
    if isinstance(policy, Not):
        return f"everybody but {_bracketed(policy.part, resource)}"
    if isinstance(policy, Owner) and resource is not None and resource.is_account:
        return "the account itself"
    return _ATOMS[type(policy)](policy)


def condition_words(condition: Condition) -> str:
    """Say a condition on a row: "status is open or sold"."""
    name, value = _spaced(condition.field), condition.value
    if value is None:
        return f"{name} is empty"
    if isinstance(value, Between):
        low = f"at least {_constant(value.low)}" if value.low is not None else ""
        high = f"at most {_constant(value.high)}" if value.high is not None else ""
        return f"{name} is {' and '.join(filter(None, (low, high)))}"
    values = value if isinstance(value, tuple) else (value,)
    return f"{name} is {_joined(sorted(map(_constant, values)), 'or')}"


def type_words(field: FieldPlan) -> str:
    """Say what a field holds: "text, 1 to 120 characters"."""
    return _TYPES[field.kind](field)


def source_words(field: FieldPlan) -> str:
    """Say where a field's value comes from: "required", "set by actions", "copied from listing.price"."""
    default = field.spec.default
    start = "" if default is MISSING or default is None else f", {_default(default)} at first"
    if field.sensitivity is Sensitivity.INTERNAL:
        return "internal"
    if field.writable:
        return "required" if field.required else f"optional{start}"
    words = {
        "caller": "the moment of creation",
        "owner": "who creates the row",
        "computed": "computed",
        "copied": f"copied from {'.'.join(field.spec.source.path)}",
        "action": f"set by actions{start}",
    }
    return words[field.spec.source.kind]


def traits(field: FieldPlan) -> Iterator[str]:
    """Name what else is true of a field."""
    if field.nullable:
        yield "may be empty"
    if field.sensitivity is not Sensitivity.PUBLIC:
        yield field.sensitivity.value
    if field.spec.unique:
        yield "unique"
    if field.spec.indexed:
        yield "indexed"


def _bounds(field: FieldPlan) -> str:
    low, high = field.spec.ge, field.spec.le
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else f", at most {high}" if high is not None else ""


def _member(policy: Member) -> str:
    of = f" of the {_path(policy.path)}" if policy.path else ""
    having = [condition_words(one) for one in policy.conditions]
    return f"accounts with a {policy.resource}{of}{' where ' + _joined(having, 'and') if having else ''}"


def _default(default: Any) -> str:
    return "now" if isinstance(default, Now) else _constant(default) or "empty"


def _path(path: tuple[str, ...]) -> str:
    return "'s ".join(_spaced(name) for name in path)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _constant(value: Any) -> str:
    found = getattr(value, "value", value)
    return str(found).lower() if isinstance(found, bool) else str(found)


def _bracketed(policy: Policy, resource: ResourcePlan | None) -> str:
    words = policy_words(policy, resource)
    return f"({words})" if isinstance(policy, AnyOf | AllOf) else words


def _joined(parts: list[str], word: str) -> str:
    if len(parts) <= 2:  # noqa: PLR2004 - two are joined by the word alone
        return f" {word} ".join(parts)
    return f"{', '.join(parts[:-1])}, {word} {parts[-1]}"


_ATOMS: Final[Mapping[type[Policy], Callable[[Any], str]]] = {
    Anyone: lambda _policy: "anyone",
    Nobody: lambda _policy: "nobody",
    SignedIn: lambda _policy: "anyone signed in",
    Owner: lambda _policy: "the owner",
    Role: lambda policy: f"accounts with the role {policy.name}",
    The: lambda policy: f"the {_path(policy.path)}",
    Where: lambda policy: f"anyone if {_joined([condition_words(one) for one in policy.conditions], 'and')}",
    Member: _member,
}


def _text(field: FieldPlan) -> str:
    schema = field.codec.schema
    pattern = f" that matches {field.spec.pattern}" if field.spec.pattern else ""
    kind = "text of several lines" if field.spec.multiline else "text"
    return f"{kind}{pattern}, {schema['minLength']} to {schema['maxLength']} characters"


def _address(field: FieldPlan) -> str:
    words = {"email": "e-mail address", "url": "http or https address", "webhook_url": "https address"}
    return f"{words[field.kind]}, at most {field.codec.schema['maxLength']} characters"


_TYPES: Final[Mapping[str, Callable[[FieldPlan], str]]] = {
    "text": _text,
    "email": _address,
    "url": _address,
    "webhook_url": _address,
    "enum": lambda field: f"one of {', '.join(field.codec.schema['enum'])}",
    "reference": lambda field: f"id of a {field.target}",
    "integer": lambda field: f"whole number{_bounds(field)}",
    "decimal": lambda field: f"decimal with {field.spec.places or 0} places{_bounds(field)}",
    "money": lambda field: f"money in {field.codec.schema['properties']['currency']['const']}{_bounds(field)}",
    "boolean": lambda _field: "true or false",
    "timestamp": lambda _field: "moment with its offset",
    "date": lambda _field: "day",
    "json": lambda field: f"JSON object, at most {field.spec.max_bytes} bytes",
}
