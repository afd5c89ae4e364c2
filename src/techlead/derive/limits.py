"""The limits of a field: each kind takes its own, of its own type, and what would mean nothing is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any, Final

from techlead.declare.field import FieldSpec
from techlead.primitives import text
from techlead.primitives.money import Money

KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "text": frozenset({"min_length", "max_length", "multiline", "pattern"}),
    "url": frozenset({"max_length"}),
    "webhook_url": frozenset({"max_length"}),
    "integer": frozenset({"ge", "le"}),
    "decimal": frozenset({"ge", "le", "places"}),
    "money": frozenset({"ge", "le", "currency"}),
    "json": frozenset({"max_bytes"}),
}
"""Which limits each kind of field takes; a kind that is not here takes none."""
LIMITS: Final = ("min_length", "max_length", "multiline", "pattern", "ge", "le", "places", "currency", "max_bytes")
BOUND_TYPES: Final[Mapping[str, type]] = {"integer": int, "decimal": Decimal, "money": Money}
PATTERN_CHARACTERS_MAX: Final = 1_000
ENUM_CHARACTERS_MAX: Final = 80
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def limit_problems(kind: str, python: Any, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    """Give each limit that cannot stand: the reason and the mend."""
    takes = KNOWN.get(kind, frozenset())
    for name in LIMITS:
        if getattr(spec, name) not in (None, 0, False) and name not in takes:
            yield f"{name} means nothing for a field of this type", f"leave out {name}"
    if kind in BOUND_TYPES:
        yield from _bounds(BOUND_TYPES[kind], spec)
    if spec.pattern is not None:
        yield from _pattern(spec.pattern)
    if kind == "enum":
        yield from _choices(python)


def _bounds(wanted: type, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    for name, bound in (("ge", spec.ge), ("le", spec.le)):
        if bound is not None and (not isinstance(bound, wanted) or isinstance(bound, bool)):
            yield f"{name}={bound!r} is no {wanted.__name__}", f"write it as a {wanted.__name__}"
            return
        if isinstance(bound, Decimal) and not bound.is_finite():
            yield f"{name}={bound} is no number", "write a finite Decimal"
            return
        if isinstance(bound, Decimal) and (bound * 10 ** (spec.places or 0)) % 1:
            yield f"{name}={bound} has more than its {spec.places or 0} places", "round it, or say field(places=...)"
            return
    if spec.ge is None or spec.le is None:
        return
    if isinstance(spec.ge, Money) and spec.ge.currency != spec.le.currency:
        yield "its bounds are in two currencies", "give both in one currency"
    elif spec.ge > spec.le:
        yield f"nothing is at least {spec.ge} and at most {spec.le}", "correct ge and le"


def _pattern(pattern: str) -> Iterator[tuple[str, str]]:
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        yield f"the pattern has more than {PATTERN_CHARACTERS_MAX} characters", "shorten it"
        return
    try:
        re.compile(pattern)
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        yield f"the pattern is no regular expression: {error}", "correct it"
        return
    if _repeats_a_repeat(parsed, inside=False):
        yield (
            "the pattern repeats a repetition, and some text would keep the process busy for ever",
            "write it without nesting, as in [a-z]+(-[a-z]+){0,5}",
        )


def _repeats_a_repeat(parsed: Any, *, inside: bool) -> bool:
    """Tell whether an unbounded repetition stands inside another (CWE-1333)."""
    for operator, argument in parsed:
        if operator in _REPEATS:
            unbounded = argument[1] is _constants.MAXREPEAT
            if (inside and unbounded) or _repeats_a_repeat(argument[2], inside=inside or unbounded):
                return True
        elif any(_repeats_a_repeat(one, inside=inside) for one in _inner(operator, argument)):
            return True
    return False


def _inner(operator: Any, argument: Any) -> Iterator[Any]:
    if operator is _constants.SUBPATTERN:
        yield argument[-1]
    elif operator is _constants.BRANCH:
        yield from argument[1]
    elif operator in (_constants.ASSERT, _constants.ASSERT_NOT):
        yield argument[1]
    elif operator is _constants.GROUPREF_EXISTS:
        yield from (one for one in argument[1:] if one is not None)


def _choices(choices: type[Enum]) -> Iterator[tuple[str, str]]:
    values = [member.value for member in choices]
    if not values:
        yield f"{choices.__name__} has no members", "give it at least one"
    for value in values:
        if not isinstance(value, str) or not 0 < len(value) <= ENUM_CHARACTERS_MAX:
            yield (
                f"the value {value!r} of {choices.__name__} is no text of 1 to {ENUM_CHARACTERS_MAX} characters",
                _ENUM,
            )
            return
        try:
            text.clean(value, multiline=False)
        except ValueError as error:
            yield f"a value of {choices.__name__} {error}", _ENUM
            return


_ENUM: Final = 'write the members as in OPEN = "open"'
