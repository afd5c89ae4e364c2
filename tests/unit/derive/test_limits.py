"""The limits of a field are those of its kind, of its type, and none that takes for ever to check."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from techlead.declare.field import FieldSpec
from techlead.derive.limits import limit_problems
from techlead.primitives.money import Money


class Empty(Enum):
    pass


class Numbers(Enum):
    ONE = 1
    TWO = 2


class Long(Enum):
    WORD = "x" * 81


class Odd(Enum):
    FIRST = "a\x00"
    SECOND = "b\x00"


PROBLEMS: dict[str, tuple[str, Any, FieldSpec, list[str]]] = {
    "several limits of other kinds": (
        "boolean", bool, FieldSpec(max_length=3, places=2), ["max_length means nothing", "places means nothing"]),
    "two wrong bounds, named once": ("integer", int, FieldSpec(ge="1", le=2.5), ["ge='1' is no int"]),
    "a wrong upper bound": ("integer", int, FieldSpec(ge=1, le=2.5), ["le=2.5 is no int"]),
    "no number": ("decimal", Decimal, FieldSpec(places=2, ge=Decimal("NaN")), ["ge=NaN is no number"]),
    "too fine a bound": ("decimal", Decimal, FieldSpec(places=1, le=Decimal("0.25")), ["le=0.25 has more than its 1 places"]),
    "two currencies": ("money", Money, FieldSpec(ge=Money("1", "EUR"), le=Money("2", "USD")), ["two currencies"]),
    "bounds that cross": ("money", Money, FieldSpec(ge=Money("3", "EUR"), le=Money("2", "EUR")), ["at least 3.00 EUR and at most 2.00"]),
    "a long pattern that is none": ("text", str, FieldSpec(max_length=9, pattern="(" * 1001), ["more than 1000 characters"]),
    "a pattern that is none": ("text", str, FieldSpec(max_length=9, pattern="[a"), ["no regular expression"]),
    "no members": ("enum", Empty, FieldSpec(), ["Empty has no members"]),
    "members that are numbers, named once": ("enum", Numbers, FieldSpec(), ["the value 1 of Numbers is no text"]),
    "a long member": ("enum", Long, FieldSpec(), ["is no text of 1 to 80 characters"]),
    "members with control characters, named once": ("enum", Odd, FieldSpec(), ["a value of Odd must not hold"]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "python", "spec", "reasons"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_each_problem_is_named_once(kind: str, python: Any, spec: FieldSpec, reasons: list[str]) -> None:
    found = list(limit_problems(kind, python, spec))
    assert len(found) == len(reasons)
    for (reason, mend), said in zip(found, reasons, strict=True):
        assert said in reason
        assert mend


FOR_EVER = [
    "(a+)+",
    "(a*)*b",
    "(a|b+)*",
    "((a+)b)+",
    "(?:a{2,})*",
    "(?=(a+))+",
    "(a+?)+?",
    "(x)?(?(1)(b+)|c)*",
    "(?P<n>a+)*(?P=n)",
]
IN_TIME = [
    "a+b+",
    "(a+){2}",
    "(ab){1,5}",
    "[a-z]+(-[a-z]+){0,5}",
    "(a|b)*",
    "(?:a{2,5})*",
    "(x)?(?(1)b|c)",
    "",
    "a{1,9}",
]


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_a_repetition_of_a_repetition_is_refused(pattern: str) -> None:
    (problem,) = limit_problems("text", str, FieldSpec(max_length=9, pattern=pattern))
    assert "repeats a repetition" in problem[0]


@pytest.mark.parametrize("pattern", IN_TIME)
def test_other_patterns_stand(pattern: str) -> None:
    assert list(limit_problems("text", str, FieldSpec(max_length=9, pattern=pattern))) == []
