"""A missing example, ready to paste: values are tried, near what the rule compares with, until it decides as wanted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    rule: Rule[...], parameters: Sequence[Parameter], plan: Plan, body: BodyPlan | None, *, allowed: bool
) -> str:
    """Write an example that the rule decides as wanted; one of the right form when none was found in TRIES_MAX tries."""
    own = parameters_of(rule, parameters)
    slots = dict(_slots(rule, own, plan, body))

    def decides(values: Mapping[Slot, Any]) -> bool:
        try:
            facts = facts_of(rule, parameters, plan, _example(own, values), body)
            return bool(rule.function(**facts)) is allowed
        except Exception:  # noqa: BLE001 - the rule is the user's; what it cannot decide is no example
            return False

    tries = (dict(zip(slots, values, strict=True)) for values in itertools.product(*slots.values()))
    first = next(iter(tries), {})
    for values in itertools.chain([first], itertools.islice(tries, TRIES_MAX)):
        if decides(values):
            return written(_example(own, _needed(values, decides)))
    return written(_example(own, first))


def _needed(values: dict[Slot, Any], decides: Callable[[Mapping[Slot, Any]], bool]) -> dict[Slot, Any]:
    """Leave out every field that the decision does not need."""
    for slot in list(values):
        fewer = {one: value for one, value in values.items() if one != slot}
        if slot[1] and decides(fewer):
            values = fewer
    return values


def written(value: Any) -> str:
    """Write a value as Python source."""
    for kind, write in SOURCES:
        if isinstance(value, kind):
            return write(value)
    return repr(value)


SOURCES: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (Example, lambda one: f"facts({', '.join(f'{name}={written(value)}' for name, value in one.values)})"),
    (Enum, lambda one: f"{type(one).__name__}.{one.name}"),
    (Money, lambda one: f'Money("{one.amount}", "{one.currency}")'),
    (datetime, lambda one: f"datetime({one.year}, {one.month}, {one.day}, {one.hour}, {one.minute}, tzinfo=UTC)"),
    (date, lambda one: f"date({one.year}, {one.month}, {one.day})"),
    (Decimal, lambda one: f'Decimal("{one}")'),
    (str, lambda one: f'"{one}"' if one.isprintable() and '"' not in one and "\\" not in one else repr(one)),
)
"""How each type is written, the first that fits; a `class Status(str, Enum)` is an Enum, a datetime is a date."""


def _slots(
    rule: Rule[...], own: tuple[Parameter, ...], plan: Plan, body: BodyPlan | None
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
    if parameter.kind == "delivered":
        return [True, False]
    said = parameter.aggregate
    if said is None or said.field is None:
        return sorted({one for one in _integers(constants) if one >= 0})[:CHOICES_MAX]
    return _choices(plan.resources[said.resource].field(said.field), constants)


def _example(own: tuple[Parameter, ...], values: Mapping[Slot, Any]) -> Example:
    """Put values in the form that the rule's examples have: the fields of its one parameter, or parameters by name."""
    given: dict[str, Any] = {}
    for parameter in own:
        fields = tuple((field, value) for (name, field), value in values.items() if name == parameter.name)
        plain = parameter.kind in ("now", "aggregate", "delivered")
        given[parameter.name] = fields[0][1] if plain else Example(fields)
    (only, *more) = given.values()
    return only if not more and isinstance(only, Example) else Example(tuple(given.items()))


def _choices(field: FieldPlan, constants: tuple[Any, ...]) -> list[Any]:
    values = [value for value in _values(field, constants) if _fits(field, value)]
    empty = [None] if field.nullable else []
    return [*values[:CHOICES_MAX], *empty]


def _values(field: FieldPlan, constants: tuple[Any, ...]) -> list[Any]:
    known = VALUES.get(field.kind)
    if known is not None:
        return known(field)
    bounds = [bound for bound in (field.spec.ge, field.spec.le) if bound is not None]
    if field.kind == "integer":
        return [*_integers(constants), *bounds]
    if field.kind == "decimal":
        return [*_decimals(constants), *bounds]
    if field.kind == "money":
        currency = field.codec.example["currency"]
        return [*(money for one in _decimals(constants) if (money := _money(one, currency))), *bounds]
    texts = [one for one in constants if isinstance(one, str)]
    return [*texts, field.codec.load(field.codec.parse(field.codec.example))]


DAYS: Final = (0, -400, 400)
VALUES: Final[Mapping[str, Callable[[FieldPlan], list[Any]]]] = {
    "enum": lambda field: [field.codec.load(value) for value in field.codec.schema["enum"]],
    "boolean": lambda _field: [True, False],
    "reference": lambda _field: ["alice", "bob"],
    "timestamp": lambda _field: [NOON + timedelta(days=days) for days in DAYS],
    "date": lambda _field: [NOON.date() + timedelta(days=days) for days in DAYS],
}
"""The values to try of each kind that has no numbers."""


def _integers(constants: tuple[Any, ...]) -> list[int]:
    """Give the numbers that a rule compares with, and their neighbours."""
    near = [one + step for one in constants if isinstance(one, int) for step in (0, 1, -1)]
    return list(dict.fromkeys([*near, 0, 1]))


def _decimals(constants: tuple[Any, ...]) -> list[Decimal]:
    """Give the numbers that a rule compares with, those in texts first: `Money("5.00", "EUR")`."""
    texts = [one for one in constants if isinstance(one, str) and _NUMBER.fullmatch(one)]
    return [*map(Decimal, texts), *map(Decimal, _integers(constants))]


def _money(amount: Decimal, currency: str) -> Money | None:
    try:
        return Money(amount, currency)
    except ValueError:
        return None


_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)


def _fits(field: FieldPlan, value: Any) -> bool:
    if field.kind == "reference":
        return True
    try:
        field.codec.dump(value)
    except ValueError:
        return False
    return True
