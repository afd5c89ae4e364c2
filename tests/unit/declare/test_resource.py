"""A row is one of three: facts that are frozen, a draft that records, or a new row that an action describes."""

from __future__ import annotations

from typing import Any

import pytest

from techlead.declare.account import Account
from techlead.declare.effect import Create, Delete, Refuse, Send, create, delete, refuse
from techlead.declare.field import MISSING, FieldSpec, Mapped, computed, copied, field, now, owned_by
from techlead.declare.notification import notification
from techlead.declare.resource import Body, FactMissing, FrozenFacts, Resource, changes_of, draft, frozen
from techlead.declare.types import Ref


class Card(Resource):
    title: Mapped[str] = field(max_length=9)
    size: Mapped[int] = 3  # type: ignore[assignment]
    author: Mapped[Ref[Any]] = owned_by()
    price: Mapped[int] = copied("listing.price")
    loud: Mapped[str] = computed(lambda card: card.title.upper())
    _private: int


class Poster(Card):
    paper: Mapped[str]


def test_fields_are_the_annotations_in_their_order_inherited_ones_first() -> None:
    assert list(Card.declaration.fields) == ["title", "size", "author", "price", "loud"]
    assert list(Poster.declaration.fields) == [*Card.declaration.fields, "paper"]
    assert Poster.declaration is not Card.declaration
    assert Card.declaration.fields["size"] == FieldSpec(default=3)


def test_the_class_knows_where_it_stands() -> None:
    assert Card.declaration.origin.file == __file__


def test_a_field_on_the_class_is_the_field() -> None:
    assert isinstance(Card.title, Mapped)
    assert (Card.title.name, Card.title.spec.max_length) == ("title", 9)


def test_facts_are_read_and_never_assigned() -> None:
    card = frozen(Card, {"title": "a", "id": Ref("card", bytes(16))})
    assert (card.title, card.loud, card.id.prefix) == ("a", "A", "card")
    with pytest.raises(FrozenFacts, match=r"Card.title cannot be assigned: facts are frozen"):
        card.title = "b"
    assert changes_of(card) == {}


def test_facts_do_not_make_up_what_they_do_not_know() -> None:
    with pytest.raises(FactMissing, match="the facts give no 'size' of Card"):
        _ = frozen(Card, {"title": "a"}).size


def test_a_draft_records_what_is_assigned_and_reads_it_back() -> None:
    values = {"title": "a", "size": 3}
    card = draft(Card, values)
    card.title = "b"
    card.title += "c"
    assert (card.title, card.loud, changes_of(card)) == ("bc", "BC", {"title": "bc"})
    assert values == {"title": "a", "size": 3}


@pytest.mark.parametrize("name", ["titel", "id", "declaration", "read_value"])
def test_a_misspelt_assignment_is_an_error_and_not_lost(name: str) -> None:
    with pytest.raises(AttributeError, match=f"Card has no field '{name}' that can be assigned"):
        setattr(draft(Card, {}), name, "b")


def test_a_new_row_holds_what_it_is_given() -> None:
    card = Card(title="a")
    assert (card.title, changes_of(card)) == ("a", {"title": "a"})
    card.size = 4
    assert changes_of(card) == {"title": "a", "size": 4}


def test_a_new_row_has_no_unknown_fields() -> None:
    with pytest.raises(TypeError, match="Card has no field 'titel'"):
        Card(titel="a")  # type: ignore[call-arg]


def test_a_body_has_fields_as_a_resource_has() -> None:
    class Parcel(Body):
        code: Mapped[str] = field(max_length=9)

    assert frozen(Parcel, {"code": "a"}).code == "a"


def test_an_account_has_an_address_and_can_be_disabled() -> None:
    assert list(Account.declaration.fields) == ["email", "disabled"]


def test_effects_say_what_is_asked_for() -> None:
    card = Card(title="a")
    told = notification(Card, to="author")
    assert [create(card), delete(card), refuse("no"), told.send(card)] == [
        Create(card), Delete(card), Refuse("no"), Send(told, card),
    ]  # fmt: skip


def test_what_stands_for_nothing_and_for_now_prints_so() -> None:
    assert (repr(MISSING), repr(now)) == ("MISSING", "now")
