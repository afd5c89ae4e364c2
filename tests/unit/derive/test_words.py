"""Policies and fields are said in words that a person who does not read Python understands."""

import pytest
from backends import example
from pages import plan_of

from techlead.declare.access import (
    anyone,
    between,
    member,
    nobody,
    owner,
    role,
    signed_in,
    the,
    where,
)
from techlead.derive.words import policy_words, source_words, traits, type_words

PAGE = """
backend = Backend("kinds")

@backend.account
class Person(Account): ...

class Size(Enum):
    SMALL = "small"
    LARGE = "large"

@backend.resource(read=signed_in, create=signed_in)
class Thing(Resource):
    maker: Mapped[Ref[Person]] = owned_by()
    line: Mapped[str] = field(max_length=10, indexed=True)
    lines: Mapped[str] = field(max_length=10, multiline=True, default="")
    code: Mapped[str] = field(max_length=6, pattern="[A-Z]+", unique=True)
    count: Mapped[int] = field(ge=0, default=1)
    most: Mapped[int] = field(le=9)
    free: Mapped[int | None]
    weight: Mapped[Decimal] = field(places=2, ge=Decimal("0"), le=Decimal("20"))
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"))
    size: Mapped[Size] = field(default=Size.SMALL, set_by=action)
    done: Mapped[bool] = field(default=False)
    day: Mapped[date]
    at: Mapped[datetime] = field(default=now)
    link: Mapped[Url]
    pin: Mapped[Secret[str] | None] = field(max_length=4)
    score: Mapped[Internal[int]] = field(default=0)
    more: Mapped[Json] = field(max_bytes=100)
    short: Mapped[str] = computed(lambda thing: thing.line[:3], max_length=3)
"""


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    plan = plan_of(tmp_path_factory.mktemp("kinds"), PAGE)
    return {field.name: field for field in plan.resources["Thing"].fields}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (anyone, "anyone"),
        (nobody, "nobody"),
        (signed_in, "anyone signed in"),
        (owner | the("seller"), "the owner or the seller"),
        (
            owner | the("listing.seller") | role("admin"),
            "the owner, the listing's seller, or accounts with the role admin",
        ),
        (owner & ~role("banned"), "the owner and everybody but accounts with the role banned"),
        ((owner | role("a")) & signed_in, "(the owner or accounts with the role a) and anyone signed in"),
        (~(owner | role("a")), "everybody but (the owner or accounts with the role a)"),
        (where(state="open", left_at=None), "anyone if left at is empty and state is open"),
        (where(state=["open", "sold"], done=True), "anyone if done is true and state is open or sold"),
        (where(size=between(1, 5)), "anyone if size is at least 1 and at most 5"),
        (where(size=between(None, 5)), "anyone if size is at most 5"),
        (member("Seat"), "accounts with a Seat"),
        (
            member("Seat", of="board.workspace", level="admin"),
            "accounts with a Seat of the board's workspace where level is admin",
        ),
    ],
)
def test_a_policy_in_words(policy, words):
    assert policy_words(policy) == words


def test_the_owner_of_an_account_is_itself():
    plan = example("marketplace")

    assert policy_words(owner, plan.accounts) == "the account itself"
    assert policy_words(owner, plan.resources["Order"]) == "the owner"


def test_what_fields_hold_in_words(fields):
    assert {name: type_words(field) for name, field in fields.items()} == {
        "maker": "id of a Person",
        "line": "text, 1 to 10 characters",
        "lines": "text of several lines, 0 to 10 characters",
        "code": "text that matches [A-Z]+, 1 to 6 characters",
        "count": "whole number, at least 0",
        "most": "whole number, at most 9",
        "free": "whole number",
        "weight": "decimal with 2 places, 0 to 20",
        "price": "money in EUR, at least 1.00 EUR",
        "size": "one of small, large",
        "done": "true or false",
        "day": "day",
        "at": "moment with its offset",
        "link": "http or https address, at most 2048 characters",
        "pin": "text, 0 to 4 characters",
        "score": "whole number",
        "more": "JSON object, at most 100 bytes",
        "short": "text, 0 to 3 characters",
    }


def test_where_values_come_from_in_words(fields):
    said = {name: source_words(field) for name, field in fields.items()}

    assert said["maker"] == "who creates the row"
    assert said["line"] == "required"
    assert said["lines"] == "optional, empty at first"
    assert said["count"] == "optional, 1 at first"
    assert said["free"] == "optional"
    assert said["size"] == "set by actions, small at first"
    assert said["done"] == "optional, false at first"
    assert said["score"] == "internal"
    assert said["at"] == "the moment of creation"
    assert said["short"] == "computed"
    assert source_words(example("marketplace").resources["Order"].field("price")) == "copied from listing.price"


def test_what_else_is_true_of_a_field(fields):
    assert list(traits(fields["pin"])) == ["may be empty", "secret"]
    assert list(traits(fields["code"])) == ["unique"]
    assert list(traits(fields["line"])) == ["indexed"]
