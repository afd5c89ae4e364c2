"""Refusals are collected, each once, and end in one error in the order of the user's files."""

from __future__ import annotations

import linecache

import pytest

from techlead.declare.field import Mapped, field
from techlead.declare.origin import Origin
from techlead.declare.resource import Resource
from techlead.derive.refusals import Refusals, field_origin
from techlead.errors import DeclarationsRefused


class Shared(Resource):
    below: Mapped[int]


class Thing(Shared):
    first: Mapped[int]
    second: Mapped[str] = field(
        max_length=3,
    )


NOWHERE = Origin("nowhere.py", 1, {})


def test_nothing_refused_is_no_error() -> None:
    refusals = Refusals()
    refusals.end()
    assert not refusals


def test_each_is_kept_once_and_all_are_sorted() -> None:
    refusals = Refusals()
    for file, line in (("b.py", 1), ("a.py", 9), ("a.py", 2), ("a.py", 9)):
        refusals.add(Origin(file, line, {}), "Thing", "it is wrong", "correct it")
    assert refusals
    with pytest.raises(DeclarationsRefused, match="3 declarations refused") as refused:
        refusals.end()
    assert [(one.file, one.line) for one in refused.value.refusals] == [("a.py", 2), ("a.py", 9), ("b.py", 1)]


@pytest.mark.parametrize(
    ("name", "text"), [("first", "first: Mapped[int]"), ("second", "second: Mapped[str]"), ("below", "below:")]
)
def test_a_field_is_found_at_its_own_line(name: str, text: str) -> None:
    found = field_origin(Thing, name, NOWHERE)
    assert found.file == __file__
    assert text in linecache.getline(found.file, found.line)


def test_an_unknown_field_is_found_at_its_class() -> None:
    assert field_origin(Thing, "third", NOWHERE) == NOWHERE


def test_a_class_without_source_is_found_where_it_was_declared() -> None:
    made = type("Made", (Resource,), {"__annotations__": {"size": Mapped[int]}, "__module__": "nowhere"})
    assert field_origin(made, "size", NOWHERE) == NOWHERE


def test_a_field_that_its_class_s_text_does_not_show_is_found_at_the_class() -> None:
    Thing.__annotations__["added"] = Mapped[int]
    try:
        assert field_origin(Thing, "added", NOWHERE) == NOWHERE
    finally:
        del Thing.__annotations__["added"]
