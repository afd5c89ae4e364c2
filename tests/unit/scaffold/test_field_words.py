"""A field in a few words becomes the line that a person would have written, or a sentence that says how it is written."""

import pytest

from techlead.scaffold.field_words import field_text
from techlead.scaffold.refused import ScaffoldRefused


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("title:text", "title: Mapped[str] = field(max_length=200)"),
        ("title:text(12)", "title: Mapped[str] = field(max_length=12)"),
        ("story:long", "story: Mapped[str] = field(max_length=4_000, multiline=True)"),
        ("seats:int", "seats: Mapped[int]"),
        ("seats:int(1..40)", "seats: Mapped[int] = field(ge=1, le=40)"),
        ("floor:int(-2..)", "floor: Mapped[int] = field(ge=-2)"),
        ("share:decimal(3)", "share: Mapped[Decimal] = field(places=3)"),
        ("price:money", 'price: Mapped[Money] = field(currency="EUR")'),
        ("price:money(CHF)", 'price: Mapped[Money] = field(currency="CHF")'),
        ("phone:personal text(32)?", "phone: Mapped[Personal[str] | None] = field(max_length=32)"),
        ("pin:secret text(8)", "pin: Mapped[Secret[str]] = field(max_length=8)"),
        ("done:bool=false", "done: Mapped[bool] = field(default=False)"),
        ("placed_at:datetime=now", "placed_at: Mapped[datetime] = field(default=now)"),
        ("seats:int(1..9)=3", "seats: Mapped[int] = field(ge=1, le=9, default=3)"),
        ("word:text(9)=two words", 'word: Mapped[str] = field(max_length=9, default="two words")'),
        ('word:text(9)=a "b"', "word: Mapped[str] = field(max_length=9, default='a \"b\"')"),
        ("listing:Listing?", "listing: Mapped[Ref[Listing] | None]"),
        ("buyer:owner", "buyer: Mapped[Ref[Person]] = owned_by()"),
    ],
)
def test_words_become_the_line_that_a_person_would_write(words, line):
    assert field_text(words, "Order", "Person").line == f"    {line}"


@pytest.mark.parametrize(("default", "first"), [("", "OPEN"), ("=sold_out", "SOLD_OUT")])
def test_choices_become_a_class_that_actions_set(default, first):
    said = field_text(f"sale_state:choice(open|sold_out){default}", "Order", "Person")
    assert said.line == f"    sale_state: Mapped[OrderSaleState] = field(default=OrderSaleState.{first}, set_by=action)"
    assert said.choices == 'class OrderSaleState(Enum):\n    OPEN = "open"\n    SOLD_OUT = "sold_out"'


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("title", "is no field: write it as in title:text(120)"),
        ("Title:text", "cannot be a field's name"),
        ("class:text", "cannot be a field's name"),
        ("title:text(long)", "is no number"),
        ("seats:int(7)", "is no range"),
        ("seats:int(one..nine)", "is no range"),
        ("price:money(euro)", "is no currency"),
        ("done:bool(1)", "takes nothing in brackets"),
        ("listing:Listing(1)", "takes nothing in brackets"),
        ("size:float", "is no kind of field: choose one of text"),
        ("state:choice(open|open)", "are no choices"),
        ("state:choice(Open)", "are no choices"),
        ("state:choice(open|sold)=lost", "is none of the choices"),
    ],
)
def test_what_is_no_field_is_refused_with_how_it_is_written(words, says):
    with pytest.raises(ScaffoldRefused, match=says.replace("(", r"\(").replace(")", r"\)")):
        field_text(words, "Order", "Person")
