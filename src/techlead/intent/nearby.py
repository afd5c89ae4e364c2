"""Facts near an example: at most two of them changed, each to a value at which a function may begin to decide otherwise."""

from __future__ import annotations

import ast
import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from techlead.derive.examples import word_reference
from techlead.intent.code import Code
from techlead.intent.subject import Point, Slot, SlotName
from techlead.primitives.money import Money

VALUES_MAX: Final = 40
"""Values tried of one slot."""
PAIRS_MAX: Final = 20_000
"""Pairs tried around one example."""
NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
YEARS: Final = range(1_900, 2_200)
HOURS: Final = range(24)
WEEKDAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Constants:
    """What functions compare with, by type."""

    integers: Sequence[int]
    texts: Sequence[str]
    decimals: Sequence[Decimal]
    money: Sequence[Money]
    spans: Sequence[timedelta]
    moments: Sequence[datetime]
    days: Sequence[date]


def constants_of(codes: Iterable[Code]) -> Constants:
    """Collect the constants of functions: written, named, and made by a call of constants alone."""
    found: dict[Any, None] = {}
    for code in codes:
        for part in code.parts.values():
            for value in part.outer.values():
                _collect(value, found)
            for node in ast.walk(part.tree):
                if isinstance(node, ast.Constant):
                    _collect(node.value, found)
                elif isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp):
                    _collect(worked_out(node, part.outer), found)
    integers, texts, decimals, money, spans, moments, days = (
        [one for of, one in found if of is kind] for kind in KINDS
    )
    return Constants(integers, texts, decimals, money, spans, moments, days)


KINDS: Final[tuple[Any, ...]] = (int, str, Decimal, Money, timedelta, datetime, date)


def _collect(value: Any, found: dict[Any, None]) -> None:
    if isinstance(value, tuple | frozenset):
        for one in value:
            _collect(one, found)
    elif type(value) in KINDS:
        found[type(value), value] = None  # by type, too: 1 is equal to Decimal(1)


def worked_out(node: ast.expr, outer: Mapping[str, Any]) -> Any:
    """Work out an expression that only constants and known types make; None for any other."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    known = {name: outer[name] for name in names if name in outer}
    if names - known.keys() or not all(_harmless(value) for value in known.values()):
        return None
    try:
        return eval(compile(ast.Expression(node), "<constant>", "eval"), {"__builtins__": {}, **known})  # noqa: S307 - only constants and types that make values
    except Exception:  # noqa: BLE001 - what cannot be worked out is no constant
        return None


def _harmless(value: Any) -> bool:
    makers = (Money, Decimal, timedelta, datetime, date)
    return (
        value in makers
        if isinstance(value, type)
        else type(value) in (*KINDS, type(UTC)) or value.__class__ is type(UTC)
    )


def whole(point: Point, slots: Sequence[Slot], constants: Constants) -> dict[SlotName, Any]:
    """Give every slot a value: those that an example leaves out, their first."""
    made = dict(point)
    for slot in slots:
        if slot.name not in made:
            made[slot.name] = next(iter(values_of(slot, made, constants)), None)
    return made


def nearby(point: Point, slots: Sequence[Slot], constants: Constants, *, pairs: bool) -> Iterator[dict[SlotName, Any]]:
    """Give the point itself and each slot changed alone; with `pairs`, every two changed instead."""
    start = whole(point, slots, constants)
    choices = {
        slot.name: [one for one in values_of(slot, start, constants) if one != start[slot.name]] for slot in slots
    }
    if not pairs:
        yield start
        for name, values in choices.items():
            yield from ({**start, name: value} for value in values)
        return
    both = (
        {**start, one: left, other: right}
        for one, other in itertools.combinations(choices, 2)
        for left, right in itertools.product(choices[one], choices[other])
    )
    yield from itertools.islice(both, PAIRS_MAX)


def values_of(slot: Slot, point: Point, constants: Constants) -> list[Any]:
    """List the values of a slot at which something may change, given the other facts."""
    others = [value for name, value in point.items() if name != slot.name]
    found = (
        [one for one in VALUES[slot.kind](slot, others, constants) if _within(slot, one)] if slot.kind in VALUES else []
    )
    unique = list({_identity(one): one for one in found}.values())[:VALUES_MAX]
    return [*unique, None] if slot.nullable else unique


def _identity(value: Any) -> Any:
    return type(value), value


def _within(slot: Slot, value: Any) -> bool:
    if isinstance(value, str):
        longest = slot.length_max if slot.length_max is not None else len(value)
        return slot.length_min <= len(value) <= longest and bool(re.fullmatch(slot.pattern or ".*", value, re.DOTALL))
    try:
        above = slot.low is None or bool(value >= slot.low)
        return above and (slot.high is None or bool(value <= slot.high))
    except (TypeError, ValueError):
        return False


def _around(values: Iterable[Any], step: Any) -> Iterator[Any]:
    for value in values:
        yield value
        for move in (operator.add, operator.sub):
            try:
                yield move(value, step)
            except (OverflowError, ValueError):  # beyond the last year, or more money than there is
                continue


def _integers(slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    numbers = [one for one in others if type(one) is int]
    bounds = [one for one in (slot.low, slot.high) if one is not None]
    sums = [left + right for left in numbers for right in constants.integers] + [
        left - right for left in numbers for right in constants.integers
    ]
    yield from _around([*constants.integers, *numbers, *bounds, *sums[:8]], 1)
    yield from (1, 0)


def _decimals(slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    texts = [Decimal(one) for one in constants.texts if _is_number(one)]
    numbers = [one for one in others if type(one) is Decimal]
    bounds = [one for one in (slot.low, slot.high) if one is not None]
    whole_numbers = [Decimal(one) for one in constants.integers]
    yield from _around([*constants.decimals, *texts, *numbers, *bounds, *whole_numbers], Decimal("0.01"))
    yield Decimal(1)


def _money(slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    step = Money.of_minor(1, slot.currency)
    known = [one for one in constants.money if one.currency == slot.currency]
    amounts = [one for one in others if isinstance(one, Money) and one.currency == slot.currency]
    bounds = [one for one in (slot.low, slot.high) if isinstance(one, Money)]
    whole_numbers = [Money(one, slot.currency) for one in constants.integers if abs(one) < 10**9]
    minors = [Money.of_minor(one, slot.currency) for one in constants.integers if abs(one) < 10**12]
    yield from _around([*known, *amounts, *bounds, *whole_numbers, *minors], step)
    yield Money(10, slot.currency)


def _texts(slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    yield from (slot.sample,) if slot.sample is not None else ()
    texts = [*constants.texts, *(one for one in others if isinstance(one, str))]
    for one in texts:
        yield from (one, f"x{one}", f"{one}x", f"x{one}x", one.upper(), one.lower())
    yield from ("a", "", " ")


def _moments(_slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    anchors = [*(one for one in others if isinstance(one, datetime)), *constants.moments]
    dated = [datetime(one.year, one.month, one.day, tzinfo=UTC) for one in (*constants.days, *_dates(others))]
    base = anchors[:6] or [NOON]
    yield from _around([*base, *dated], SECOND)
    spans = [span for one in constants.spans for span in (one, -one)]
    yield from _around([moment + span for moment in base for span in spans if _fits(moment, span)], SECOND)
    yield from (moment.replace(year=year, month=1, day=1, hour=0, minute=0) + less
                for moment in base[:1] for year in constants.integers if year in YEARS
                for less in (timedelta(0), -SECOND, timedelta(days=366)))  # fmt: skip
    yield from (moment.replace(hour=hour, minute=0, second=0) + less
                for moment in base[:1] for hour in constants.integers if hour in HOURS
                for less in (timedelta(0), -SECOND))  # fmt: skip
    yield from (
        base[0] + timedelta(days=day) for day in (*range(1, WEEKDAYS), -400, 400) if _fits(base[0], timedelta(days=day))
    )


def _days(_slot: Slot, others: list[Any], constants: Constants) -> Iterator[Any]:
    anchors = [*_dates(others), *(one.date() for one in others if isinstance(one, datetime)), *constants.days]
    base = anchors[:6] or [NOON.date()]
    yield from _around(base, timedelta(days=1))
    yield from _around(
        [day + span for day in base for one in constants.spans for span in (one, -one)], timedelta(days=1)
    )
    yield from (
        date(year, 1, 1) + timedelta(days=less) for year in constants.integers if year in YEARS for less in (0, -1)
    )
    yield from (base[0] + timedelta(days=day) for day in (*range(1, WEEKDAYS), -400, 400))


def _dates(others: list[Any]) -> list[date]:
    return [one for one in others if type(one) is date]


def _fits(moment: datetime, span: timedelta) -> bool:
    try:
        return bool(moment + span)
    except OverflowError:
        return False


def _references(slot: Slot, others: list[Any], _constants: Constants) -> Iterator[Any]:
    yield from (word_reference(slot.target, word) for word in ("alice", "bob"))
    yield from (one for one in others if getattr(one, "prefix", None) == slot.target)


def _is_number(text: str) -> bool:
    whole_part, point, part = text.partition(".")
    return whole_part.lstrip("-").isdecimal() and (not point or part.isdecimal()) and len(text) < 20  # noqa: PLR2004 - digits of a price


VALUES: Final[Mapping[str, Callable[[Slot, list[Any], Constants], Iterable[Any]]]] = {
    "enum": lambda slot, _others, _constants: slot.members,
    "boolean": lambda _slot, _others, _constants: (True, False),
    "presence": lambda _slot, _others, _constants: (True,),
    "integer": _integers,
    "decimal": _decimals,
    "money": _money,
    "text": _texts,
    "email": _texts,
    "url": _texts,
    "webhook_url": _texts,
    "timestamp": _moments,
    "date": _days,
    "reference": _references,
}
"""The values of each kind; a kind that is not here keeps the values of the examples, and the report says so."""
