"""Symbols: a value of a rule as a term of z3, with the condition under which it is None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import z3

from techlead.intent.subject import Member, Slot
from techlead.primitives.money import MINOR_MAX, MINOR_MIN, Money

MICROSECOND: Final = timedelta(microseconds=1)
DAY_MICROSECONDS: Final = 86_400_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT_MIN: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
MOMENT_MAX: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
YEARS: Final = (1900, 3000)
"""Facts are of these years: without limits, every proof ends in the year 9999, where sums overflow."""
TRUE: Final = z3.BoolVal(True)  # noqa: FBT003 - z3's own form
FALSE: Final = z3.BoolVal(False)  # noqa: FBT003 - as above


class Untranslated(Exception):
    """Something that has no translation; the verdict is then NOT SHOWN, and names it."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One value: its kind, its term, and when it is None."""

    kind: str
    term: Any
    none: Any = FALSE
    of: str = ""
    """The currency of money, the Enum of a member, the name of a row."""


NOTHING: Final = Symbol("none", None, TRUE)


class Enums:
    """The members of each Enum, numbered alike in both versions."""

    def __init__(self) -> None:
        """Know none."""
        self._names: dict[str, list[str]] = {}

    def number(self, of: str, name: str) -> int:
        """Number a member."""
        names = self._names.setdefault(of, [])
        if name not in names:
            names.append(name)
        return names.index(name)

    def names(self, of: str) -> list[str]:
        """List the members that are numbered."""
        return self._names.get(of, [])


def lifted(value: Any, enums: Enums) -> Symbol:
    """Turn a constant into a symbol; Untranslated when there is no form for it."""
    if isinstance(value, Enum | Member):
        of = value.of if isinstance(value, Member) else type(value).__name__
        return Symbol("enum", z3.IntVal(enums.number(of, value.name)), of=of)
    if isinstance(value, tuple | frozenset):
        return Symbol("many", [lifted(one, enums) for one in value])
    for kind, lift in LIFTS:
        if type(value) is kind:
            return lift(value)
    raise Untranslated(f"the constant {value!r}")


def _moment(value: datetime) -> Symbol:
    if value.utcoffset() != timedelta(0):
        raise Untranslated(f"the moment {value.isoformat()}, which is not in UTC")
    return Symbol("moment", z3.IntVal((value - EPOCH) // MICROSECOND))


LIFTS: Final[tuple[tuple[type, Callable[[Any], Symbol]], ...]] = (
    (type(None), lambda _one: NOTHING),
    (bool, lambda one: Symbol("bool", z3.BoolVal(one))),
    (int, lambda one: Symbol("int", z3.IntVal(one))),
    (str, lambda one: Symbol("text", z3.StringVal(one))),
    (Decimal, lambda one: Symbol("decimal", z3.RealVal(str(one)))),
    (Money, lambda one: Symbol("money", z3.IntVal(one.minor), of=one.currency)),
    (timedelta, lambda one: Symbol("span", z3.IntVal(one // MICROSECOND))),
    (datetime, _moment),
    (date, lambda one: Symbol("day", z3.IntVal(one.toordinal()))),
)
KINDS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "enum": ("enum", z3.Int),
    "boolean": ("bool", z3.Bool),
    "presence": ("bool", z3.Bool),
    "integer": ("int", z3.Int),
    "decimal": ("decimal", z3.Real),
    "money": ("money", z3.Int),
    "timestamp": ("moment", z3.Int),
    "date": ("day", z3.Int),
    "reference": ("ref", z3.Int),
    "text": ("text", z3.String),
    "email": ("text", z3.String),
    "url": ("text", z3.String),
    "webhook_url": ("text", z3.String),
}
"""The symbol of each kind of field."""


def symbol_of(slot: Slot, enums: Enums) -> tuple[Symbol, list[Any]]:
    """Make the symbol of a fact, and what is known of it before any rule is asked."""
    if slot.kind not in KINDS:
        raise Untranslated(f"{slot}, which is of the kind {slot.kind}")
    kind, make = KINDS[slot.kind]
    term = make(str(slot))
    none = z3.Bool(f"{slot} is None") if slot.nullable else FALSE
    of = slot.currency or (slot.members[0].of if slot.members else slot.target)
    return Symbol(kind, term, none, of), [*_known(slot, term, enums), *_bounded(slot, term)]


def _known(slot: Slot, term: Any, enums: Enums) -> list[Any]:
    if slot.kind == "enum":
        return [z3.Or(*(term == enums.number(one.of, one.name) for one in slot.members))]
    if slot.kind == "timestamp":
        first, last = (lifted(datetime(year, 1, 1, tzinfo=UTC), enums).term for year in YEARS)
        return [term >= first, term < last]
    if slot.kind == "date":
        first_day, last_day = (date(year, 1, 1).toordinal() for year in YEARS)
        return [term >= first_day, term < last_day]
    if slot.kind == "money":
        return [term >= MINOR_MIN, term <= MINOR_MAX]
    if KINDS[slot.kind][0] == "text":
        longest = [z3.Length(term) <= slot.length_max] if slot.length_max is not None else []
        return [z3.Length(term) >= slot.length_min, *longest]
    return []


def _bounded(slot: Slot, term: Any) -> list[Any]:
    found = []
    if slot.low is not None:
        found.append(term >= _number(slot.low))
    if slot.high is not None:
        found.append(term <= _number(slot.high))
    return found


def _number(value: Any) -> Any:
    if isinstance(value, Money):
        return value.minor
    return z3.RealVal(str(value)) if isinstance(value, Decimal) else value


def value_of(slot: Slot, symbol: Symbol, model: Any, enums: Enums) -> Any:
    """Give the value that a model says a fact has."""
    if z3.is_true(model.eval(symbol.none, model_completion=True)):
        return None
    found = model.eval(symbol.term, model_completion=True)
    return READ[symbol.kind](found, slot, enums)


def _fraction(found: Any, _slot: Slot, _enums: Enums) -> Decimal:
    return Decimal(found.numerator_as_long()) / Decimal(found.denominator_as_long())


READ: Final[Mapping[str, Callable[[Any, Slot, Enums], Any]]] = {
    "bool": lambda found, _slot, _enums: z3.is_true(found),
    "int": lambda found, _slot, _enums: found.as_long(),
    "enum": lambda found, slot, enums: Member(slot.members[0].of, enums.names(slot.members[0].of)[found.as_long()]),
    "decimal": _fraction,
    "money": lambda found, slot, _enums: Money.of_minor(found.as_long(), slot.currency),
    "moment": lambda found, _slot, _enums: EPOCH + found.as_long() * MICROSECOND,
    "day": lambda found, _slot, _enums: date.fromordinal(found.as_long()),
    "text": lambda found, _slot, _enums: found.py_value(),
    "ref": lambda found, _slot, _enums: found.as_long(),
}
