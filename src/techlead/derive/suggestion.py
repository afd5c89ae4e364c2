"""A missing example, ready to paste: values are tried, near what the rule compares with, until it decides as wanted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from techlead.declare.facts import Example
from techlead.declare.rule import Rule
from techlead.declare.types import Sensitivity
from techlead.derive.examples import facts_of, fields_of, parameters_of
from techlead.derive.plan import BodyPlan, FieldPlan, Parameter, Plan
from techlead.derive.reading import constants_of, names_read
from techlead.primitives.money import Money

TRIES_MAX: Final = 2_000
CHOICES_MAX: Final = 12
NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
Slot = tuple[str, str]
"""A parameter and its field; an empty field for a plain value."""


def suggestion(
    rule: Rule[Any], parameters: Sequence[Parameter], plan: Plan, body: BodyPlan | None, *, allowed: bool
) -> str:
    """Write an example that the rule decides as wanted; one of the right form when none was found in TRIES_MAX tries."""
    own = parameters_of(rule, parameters)
    slots = dict(_slots(rule, own, plan, body))
    first: Example | None = None
    for values in itertools.islice(itertools.product(*slots.values()), TRIES_MAX):
        example = _example(own, dict(zip(slots, values, strict=True)))
        first = first or example
        try:
            if bool(rule.function(**facts_of(rule, parameters, plan, example, body))) is allowed:
                return written(example)
        except Exception:  # noqa: BLE001, S112 - the rule is the user's; what it cannot decide is no example
            continue
    return written(first or Example(()))


def written(value: Any) -> str:
    """Write a value as Python source."""
    if isinstance(value, Example):
        return f"facts({', '.join(f'{name}={written(one)}' for name, one in value.values)})"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, Money):
        return f'Money("{value.amount}", "{value.currency}")'
    if isinstance(value, datetime):
        return f"datetime({value.year}, {value.month}, {value.day}, {value.hour}, {value.minute}, tzinfo=UTC)"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    if isinstance(value, Decimal):
        return f'Decimal("{value}")'
    return f'"{value}"' if isinstance(value, str) and value.isprintable() and '"' not in value else repr(value)


def _slots(
    rule: Rule[Any], own: tuple[Parameter, ...], plan: Plan, body: BodyPlan | None
) -> Iterator[tuple[Slot, list[Any]]]:
    read, constants = names_read(rule.function), constants_of(rule.function)
    for parameter in own:
        fields = fields_of(parameter, plan, body)
        if fields is None:
            yield (parameter.name, ""), _plain(parameter, plan, constants)
            continue
        if "id" in read and parameter.resource:
            yield (parameter.name, "id"), ["alice", "bob"]
        for field in fields:
            if field.name in read and not field.computed and field.sensitivity is not Sensitivity.SECRET:
                yield (parameter.name, field.name), _choices(field, constants)


def _plain(parameter: Parameter, plan: Plan, constants: tuple[Any, ...]) -> list[Any]:
    if parameter.kind == "now":
        return [NOON, NOON + timedelta(days=400)]
    said = parameter.aggregate
    if said is None or said.field is None:
        return sorted({one for one in _integers(constants) if one >= 0})[:CHOICES_MAX]
    return _choices(plan.resources[said.resource].field(said.field), constants)


def _example(own: tuple[Parameter, ...], values: dict[Slot, Any]) -> Example:
    """Put values in the form that the rule's examples have: the fields of its one parameter, or parameters by name."""
    given: dict[str, Any] = {}
    for parameter in own:
        fields = tuple((field, value) for (name, field), value in values.items() if name == parameter.name)
        plain = parameter.kind in ("now", "aggregate")
        given[parameter.name] = fields[0][1] if plain else Example(fields)
    (only, *more) = given.values()
    return only if not more and isinstance(only, Example) else Example(tuple(given.items()))


def _choices(field: FieldPlan, constants: tuple[Any, ...]) -> list[Any]:
    values = [value for value in _values(field, constants) if _fits(field, value)]
    empty = [None] if field.nullable else []
    return [*values[:CHOICES_MAX], *empty]


def _values(field: FieldPlan, constants: tuple[Any, ...]) -> list[Any]:
    spec = field.spec
    bounds = [bound for bound in (spec.ge, spec.le) if bound is not None]
    if field.kind == "enum":
        codec = field.codec
        return [codec.load(value) for value in codec.schema["enum"]]
    if field.kind == "boolean":
        return [True, False]
    if field.kind == "reference":
        return ["alice", "bob"]
    if field.kind == "timestamp":
        return [NOON, NOON - timedelta(days=400), NOON + timedelta(days=400)]
    if field.kind == "date":
        return [NOON.date() + timedelta(days=days) for days in (0, -400, 400)]
    if field.kind == "integer":
        return [*bounds, *_integers(constants)]
    if field.kind == "decimal":
        return [*bounds, *map(Decimal, _integers(constants))]
    if field.kind == "money":
        currency = field.codec.example["currency"]
        return [*bounds, *(Money(one, currency) for one in _integers(constants))]
    texts = [one for one in constants if isinstance(one, str)]
    return [*texts, field.codec.load(field.codec.parse(field.codec.example))]


def _integers(constants: tuple[Any, ...]) -> list[int]:
    """Give the numbers that a rule compares with, and their neighbours."""
    near = [one + step for one in constants if isinstance(one, int) for step in (0, 1, -1)]
    return list(dict.fromkeys([*near, 0, 1]))


def _fits(field: FieldPlan, value: Any) -> bool:
    if field.kind == "reference":
        return True
    try:
        field.codec.dump(value)
    except ValueError:
        return False
    return True
