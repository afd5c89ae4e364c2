"""What a function reads is seen in its code, without running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from techlead.declare.facts import facts
from techlead.declare.rule import rule
from techlead.derive.reading import constants_of, names_loaded, names_read

LIMIT = 7


def helper(row: Any) -> Any:
    return row.deep


def first(row: Any) -> Any:
    return second(row)


def second(row: Any) -> Any:
    return row.far or first(row)


def enclosed(other: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda row: other(row) and row.near


@rule(because="An example of a rule (2020).", allows=[facts()], refuses=[facts()])
def allowed(row: Any) -> bool:
    return bool(row.ruled)


def test_attributes_are_seen_in_inner_functions_and_helpers() -> None:
    assert {"size", "inner", "deep"} <= names_read(lambda row: [one.inner for one in row.size] or helper(row))


def test_helpers_that_call_each_other_are_followed_once() -> None:
    assert "far" in names_read(first)


def test_what_a_closure_holds_is_followed() -> None:
    assert {"near", "deep"} <= names_read(enclosed(helper))


def test_rules_built_from_rules_are_followed() -> None:
    assert "ruled" in names_read(lambda row: allowed(row) and row.size)


def test_a_closure_not_filled_yet_is_no_error() -> None:
    def outer() -> frozenset[str]:
        def inner(row: Any) -> Any:
            return later(row) or row.here

        found = names_read(inner)
        later = helper
        assert later
        return found

    assert "here" in outer()


def test_what_is_no_function_reads_nothing() -> None:
    assert names_read(len) == frozenset()


def test_constants_are_those_it_compares_with() -> None:
    assert constants_of(lambda row: row.size > 3 and row.name != "old" and row.flag is True) == (3, "old")
    assert set(constants_of(lambda row: row.size in (3, 4) or row.name in {"old", "new"})) == {3, 4, "old", "new"}


def test_what_is_assigned_is_not_read() -> None:
    def sets(row: Any) -> None:
        row.old = row.new
        row.total += 1

    assert {"new", "total"} == names_loaded(sets)
    assert {"old", "new", "total"} <= names_read(sets)
