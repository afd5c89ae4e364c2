"""Fields that are unbounded, that can get no value or that would tell too much are refused at their own line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pages import PEOPLE, SHOP, assert_refused, plan_of, refusals_of

from techlead.derive.checks.fields import assigns


def card(line: str, *, said: str = "read=anyone, create=signed_in", before: str = "", after: str = "") -> str:
    """Write a resource with one field, whose line is where a refusal points."""
    return f"""
{before}
@backend.resource({said})
class Card(Resource):
    listing: Mapped[Ref[Listing]]
    {line}  # HERE
{after}
"""


TYPES = {
    "an unbounded text": ("text: Mapped[str]", "the text is not bounded", "field(max_length=...)"),
    "a text of no length": ("text: Mapped[str] = field(max_length=-1)", "length must be between", "correct min_length"),
    "a text shorter than its minimum": (
        "text: Mapped[str] = field(min_length=9, max_length=3)", "length must be between", "max_length"),
    "a text longer than any": ("text: Mapped[str] = field(max_length=100_001)", "between 0 and 100000", "max_length"),
    "a float": ("weight: Mapped[float]", "a float cannot hold a decimal exactly", "use Decimal with field(places=...)"),
    "an unknown type": ("thing: Mapped[bytes]", "no kind of field for <class 'bytes'>", "use str, int, Decimal"),
    "a type that is not Mapped": ("text: str = ''", "its type is not Mapped[...]", "`name: Mapped[type]`"),
    "two types": ("thing: Mapped[int | str]", "a field has one type", "one and None"),
    "a list": ("things: Mapped[list[int]]", "no kind of field for list[int]", "Json or Ref"),
    "an Any": ("thing: Mapped[Any]", "no kind of field", "use str"),
    "a Decimal without places": ("rate: Mapped[Decimal]", "a Decimal needs its places", "field(places=2)"),
    "a Decimal with too many": ("rate: Mapped[Decimal] = field(places=13)", "needs its places", "0 to 12"),
    "money without a currency": ("price: Mapped[Money]", "money needs one currency", 'field(currency="EUR")'),
    "money in two currencies": (
        'price: Mapped[Money] = field(ge=Money("1", "EUR"), le=Money("2", "USD"))', "two currencies", "in one currency"),
    "money in a currency beside its bound's": (
        'price: Mapped[Money] = field(ge=Money("1", "EUR"), currency="USD")', "money needs one currency", "give a bound"),
    "money in no currency of ISO 4217": ('price: Mapped[Money] = field(currency="XQX")', "ISO 4217", "such as EUR"),
    "unbounded JSON": ("data: Mapped[Json]", "the JSON is not bounded", "field(max_bytes=...)"),
    "JSON beyond all bounds": ("data: Mapped[Json] = field(max_bytes=65_537)", "the JSON is not bounded", "at most 65536"),
    "indexed JSON": ("data: Mapped[Json] = field(max_bytes=99, indexed=True)", "JSON cannot be searched", "leave out indexed"),
    "a limit of another kind": ("size: Mapped[int] = field(max_length=3)", "max_length means nothing", "leave out max_length"),
    "a bound of a date": ("day: Mapped[date] = field(ge=date(2026, 1, 1))", "ge means nothing", "leave out ge"),
    "a bound of another type": ("size: Mapped[int] = field(ge=1.5)", "ge=1.5 is no int", "write it as a int"),
    "a bool as a bound": ("size: Mapped[int] = field(le=True)", "le=True is no int", "write it as a int"),
    "a float as a bound of money": ("price: Mapped[Money] = field(ge=1.0, currency='EUR')", "ge=1.0 is no Money", "as a Money"),
    "bounds the wrong way round": ("size: Mapped[int] = field(ge=3, le=2)", "at least 3 and at most 2", "correct ge and le"),
    "a bound between two places": (
        "rate: Mapped[Decimal] = field(places=2, ge=Decimal('0.005'))", "ge=0.005 has more than its 2 places", "round it"),
    "a bound that is no number": (
        "rate: Mapped[Decimal] = field(places=2, le=Decimal('Infinity'))", "le=Infinity is no number", "finite"),
    "a pattern that is none": ("text: Mapped[str] = field(max_length=9, pattern='(')", "no regular expression", "correct it"),
    "a pattern that takes for ever": (
        "text: Mapped[str] = field(max_length=9, pattern='(a+)+b')", "repeats a repetition", "without nesting"),
    "a pattern that takes for ever in an alternative": (
        "text: Mapped[str] = field(max_length=9, pattern='(?:x|(?=(a*)))*')", "repeats a repetition", "without nesting"),
    "a pattern that takes for ever behind a condition": (
        "text: Mapped[str] = field(max_length=9, pattern='(x)?(?:(?(1)a+|b))*')", "repeats a repetition", "nesting"),
    "a pattern of a page": (
        "text: Mapped[str] = field(max_length=9, pattern='a' * 1001)", "more than 1000 characters", "shorten it"),
    "an Enum of numbers": ("level: Mapped[Level]", "the value 1 of Level is no text", '"open"'),
    "an Enum of integers": ("level: Mapped[Rank]", "the value 1 of Rank is no text", '"open"'),
    "an Enum without members": ("level: Mapped[Empty]", "Empty has no members", "at least one"),
    "an Enum with a control character": ("level: Mapped[Odd]", "a value of Odd must not hold control characters", '"open"'),
    "a default that does not fit": ("size: Mapped[int] = field(default=9, le=3)", "default does not fit the field: it must", "correct"),
    "a default of another type": ("size: Mapped[int] = '3'", "the default does not fit", "correct"),
    "None as a default": ("size: Mapped[int] = field(default=None)", "the default is None", "`... | None`"),
    "now for what is no moment": ("day: Mapped[date] = field(default=now)", "only a datetime can start as now", "another default"),
    "a public Personal field": (
        "phone: Mapped[Personal[str]] = field(max_length=9, read=anyone)", "a Personal field that anyone may read", "read=owner"),
    "a Personal field that is public in other words": (
        "phone: Mapped[Personal[str]] = field(max_length=9, read=signed_in | anyone)", "anyone may read a Personal field",
        "read=owner"),
    "a readable Secret": (
        "code: Mapped[Secret[str]] = field(max_length=9, read=signed_in)", "marked secret is never read", "leave out `read`"),
    "a readable Internal": (
        "code: Mapped[Internal[int]] = field(default=1, read=signed_in)", "marked internal is never read", "mark it Personal"),
    "a Secret to search for": (
        "code: Mapped[Secret[str]] = field(max_length=9, unique=True)", "a Secret cannot be searched for", "leave out indexed"),
    "an Internal without a value": ("score: Mapped[Internal[int]]", "nothing outside can send what is Internal", "a default"),
    "a value that only actions set": ("size: Mapped[int] = field(set_by=action)", "only actions set it", "on=create"),
    "an owner that is no account": ("maker: Mapped[Ref[Listing]] = owned_by()", "this field cannot hold one", "Mapped[Ref[Person]]"),
    "an owner that is no reference": ("maker: Mapped[int] = owned_by()", "this field cannot hold one", "Mapped[Ref[Person]]"),
    "a write policy that nobody can use": (
        "size: Mapped[int] = field(default=1, set_by=action, write=signed_in)", "no caller can ever write it", "leave out `write`"),
    "a field that must be sent by nobody": (
        "size: Mapped[int] = field(write=nobody)", "callers must send it, and nobody may", "give it a default"),
    "a reference called as a parameter": ("actor: Mapped[Ref[Person]]", "'actor' means something else", "another name"),
    "a reference to what is no resource": ("thing: Mapped[Ref[Thing]]", "leads to Thing, which is no resource", "@backend.resource"),
    "a reference to an account that is not the backend's": (
        "thing: Mapped[Ref[Robot]]", "leads to Robot, which is no resource", "decorate Robot with @backend.account"),
}  # fmt: skip
BEFORE = """
class Level(Enum):
    LOW = 1
class Rank(IntEnum):
    LOW = 1
class Empty(Enum):
    pass
class Odd(Enum):
    LOW = "lo\\x00w"
class Thing(Resource):
    pass
class Robot(Account):
    pass
"""


@pytest.mark.parametrize(("line", "reason", "mend"), TYPES.values(), ids=TYPES.keys())
def test_a_field_is_refused(tmp_path: Path, line: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, SHOP + card(line, before=BEFORE), reason, mend)


COPIES = {
    "a copy of nothing": ('price: Mapped[Money] = copied("price")', "Card has no field 'price' to copy", "reference.field"),
    "a copy along no reference": (
        'price: Mapped[Money] = copied("lsting.price")', "Card.lsting does not lead to a resource", "reference.field"),
    "a copy of an unknown field": ('price: Mapped[Money] = copied("listing.prize")', "Listing has no field 'prize'", "reference.field"),
    "a copy of another type": ('price: Mapped[int] = copied("listing.price")', "not of the type of Listing.price", "the same type"),
    "a copy that cannot be empty": (
        'name: Mapped[str] = copied("listing.subtitle")', "Listing.subtitle may be empty", "`... | None`"),
    "a copy without its source's mark": (
        'phone: Mapped[str | None] = copied("author.phone")', "Person.phone is marked personal, its copy is not",
        "mark it Personal, too"),
    "a copy whose reader is somebody else here": (
        'phone: Mapped[Personal[str] | None] = copied("author.phone")', "Person.phone has read=owner, which would mean other people",
        'copied("author.phone", read=...)'),
    "a copy of a row that its readers may not see": (
        'name: Mapped[str | None] = copied("author.nickname")', "Person has read=nobody, so the copy shows its nickname",
        'copied("author.nickname", read=...)'),
    "a copy from behind a reference that may be empty": (
        'title: Mapped[str] = copied("reply.text")', "Card.reply may be empty, and then there is nothing to copy", "`... | None`"),
    "a copy from a copy that comes later": (
        'title: Mapped[str] = copied("later.text")', "later is itself copied, and comes later", "declare later before title"),
    "a computed field without the row": (
        "word: Mapped[str] = computed(lambda: 'a', max_length=9)", "does not take exactly the row", "lambda row"),
    "a computed field with more than the row": (
        "word: Mapped[str] = computed(lambda card, x=1: 'a', max_length=9)", "does not take exactly the row", "lambda row"),
    "a computed field that is no function": ("word: Mapped[str] = computed(3, max_length=9)", "does not take exactly", "lambda row"),
    "a computed field that tells a Secret": (
        "word: Mapped[str] = computed(lambda card: card.code[:1], max_length=9)", "Card.code is secret, and would be told", "other fields"),
    "a computed field that tells an Internal": (
        "word: Mapped[int] = computed(lambda card: card.score)", "Card.score is internal, and would be told", "other fields"),
    "a computed field that tells a Personal field": (
        "word: Mapped[str] = computed(lambda card: initials(card), max_length=9)", 'Card.mobile has read=the("author")',
        'computed(..., read=the("author"))'),
    "a computed field that tells a Personal field to anyone": (
        "word: Mapped[str] = computed(lambda card: initials(card), max_length=9, read=anyone)", "Card.mobile is Personal, and would",
        'read=the("author")'),
}  # fmt: skip
AROUND = """
    other: Mapped[Ref["Card"] | None]
    reply: Mapped[Ref["Reply"] | None]
    author: Mapped[Ref[Person] | None]
    code: Mapped[Secret[str] | None] = field(max_length=9)
    score: Mapped[Internal[int]] = field(default=1)
    mobile: Mapped[Personal[str] | None] = field(max_length=9, read=the("author"))
    size: Mapped[int] = field(default=1)
    later: Mapped[Ref["Reply"]] = copied("listing.reply")
@backend.resource(read=anyone)
class Reply(Resource):
    text: Mapped[str] = field(max_length=9)
"""
COPY_SHOP = SHOP.replace(
    "    title: Mapped[str]",
    '    subtitle: Mapped[str | None] = field(max_length=9)\n    reply: Mapped[Ref["Reply"]]\n    title: Mapped[str]',
)
HELPERS = """
def initials(card):
    return card.mobile[:1]
"""


@pytest.mark.parametrize(("line", "reason", "mend"), COPIES.values(), ids=COPIES.keys())
def test_a_copy_or_a_computed_field_is_refused(tmp_path: Path, line: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, COPY_SHOP + card(line, before=HELPERS, after=AROUND), reason, mend)


def test_a_copy_of_itself_is_refused_wherever_the_circle_is_entered(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone)
class Left(Resource):
    right: Mapped[Ref["Right"]]
    price: Mapped[Money] = copied("right.price")
@backend.resource(read=anyone)
class Right(Resource):
    left: Mapped[Ref[Left]]
    price: Mapped[Money] = copied("left.price")
"""
    assert [refusal.reason for refusal in refusals_of(tmp_path, PEOPLE + page)] == [
        "the field is copied from itself"
    ] * 2


def test_an_unknown_type_is_refused_once_and_not_again_where_it_is_copied(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone)
class Left(Resource):  # HERE
    price: Mapped["Mony"]
@backend.resource(read=anyone)
class Right(Resource):
    left: Mapped[Ref[Left]]
    price: Mapped[Money] = copied("left.price")
"""
    assert_refused(tmp_path, PEOPLE + page, "a type is not known: name 'Mony' is not defined", "correct its name")


def test_computed_fields_of_each_other_are_refused(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone)
class Card(Resource):
    once: Mapped[int] = computed(lambda card: card.twice)
    twice: Mapped[int] = computed(lambda card: card.once)
    size: Mapped[int] = field(default=1)
    last: Mapped[int] = computed(lambda card: card.once + card.size)
"""
    found = refusals_of(tmp_path, PEOPLE + page)
    assert [(refusal.where, refusal.reason) for refusal in found] == [
        ("Card.once", "it is computed from itself"),
        ("Card.twice", "it is computed from itself"),
    ]


RESOURCES = {
    "unique fields that are not there": (
        'read=anyone, unique=[("listing", "titel")]', "unique=(listing, titel): Card has no field 'titel'", "'title'"),
    "one unique field twice": ('read=anyone, unique=[("title", "title")]', "names no field, or one twice", "each field once"),
    "no unique field": ("read=anyone, unique=[()]", "names no field, or one twice", "each field once"),
    "a unique computed field": ('read=anyone, unique=[("shout",)]', "unique=(shout): shout is computed", "can be compared"),
    "unique JSON": ('read=anyone, unique=[("data",)]', "unique=(data): data is JSON", "can be compared"),
    "a unique Secret": ('read=anyone, unique=[("pin", "title")]', "pin is Secret, and who tries values", "leave it out"),
    "an index of a field that is not there": (
        'read=anyone, indexed=[("listing", "titel")]', "indexed=(listing, titel): Card has no field 'titel'", "'title'"),
    "an index of one field": (
        'read=anyone, indexed=[("title",)]', "indexed=(title) names one field alone", "`field(indexed=True)` at title"),
    "an index that gives no order": (
        'read=anyone, indexed=[("title", "listing")]', "lists cannot be sorted by listing", "gives no order"),
    "an index of a Secret": (
        'read=anyone, indexed=[("pin", "title")]', "pin is Secret, and who tries values", "leave it out"),
    "an index of one field twice": (
        'read=anyone, indexed=[("title", "title")]', "names no field, or one twice", "each field once"),
    "a name longer than a database's": (
        'read=anyone, unique=[("title", "listing", "a_rather_long_name_of_a_field", "title_of_another_field")]',
        "characters, 63 are possible", "shorten the names"),
    "two fields of one column": ("read=anyone", "price and price_eur would share the column price_eur", "rename one"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "reason", "mend"), RESOURCES.values(), ids=RESOURCES.keys())
def test_what_is_said_of_several_fields_is_refused_at_the_class(
    tmp_path: Path, said: str, reason: str, mend: str
) -> None:
    page = f"""
@backend.resource({said})
class Card(Resource):  # HERE
    title: Mapped[str] = field(max_length=9)
    listing: Mapped[Ref[Listing]]
    shout: Mapped[str] = computed(lambda card: card.title.upper(), max_length=9)
    data: Mapped[Json] = field(max_bytes=99)
    pin: Mapped[Secret[str]] = field(max_length=9)
    price: Mapped[Money] = field(currency="EUR")
    a_rather_long_name_of_a_field: Mapped[int]
    title_of_another_field: Mapped[int]
    {"price_eur: Mapped[int]" if "share" in reason else ""}
"""
    assert_refused(tmp_path, SHOP + page, reason, mend)


def test_a_stranger_cannot_own_what_strangers_may_create(tmp_path: Path) -> None:
    page = card("author: Mapped[Ref[Person]] = owned_by()", said="read=anyone, create=anyone")
    assert_refused(tmp_path, SHOP + page, "create=anyone lets strangers create rows", "create=signed_in")


def test_an_account_owns_itself(tmp_path: Path) -> None:
    page = """
backend = Backend("shop")
@backend.account
class Person(Account):
    parent: Mapped[Ref["Person"]] = owned_by()  # HERE
"""
    assert_refused(tmp_path, page, "an account is its own owner", "`owner` is the account")


def test_a_body_sends_only_what_a_caller_can_send(tmp_path: Path) -> None:
    page = """
class Shipping(Body):
    parent: Mapped[int] = field(default=1)
class Parcel(Shipping):
    sender: Mapped[Ref[Person]] = owned_by()
    code: Mapped[str] = field(max_length=9, unique=True)
    score: Mapped[Internal[int]] = field(default=1)
    thing: Mapped[Ref[Thing]]
class Thing(Resource):
    pass
@action(Listing, by=owner)
def ship(listing: Listing, body: Parcel) -> None:
    listing.status = Status.SOLD
"""
    found = refusals_of(
        tmp_path, SHOP.replace("class Status", "class Thing(Resource):\n    pass\nclass Status", 1) + page
    )
    assert [refusal.where for refusal in found] == [
        "Parcel", "Parcel.sender", "Parcel.code", "Parcel.score", "Parcel.thing",
    ]  # fmt: skip


GOOD = [
    "author: Mapped[Ref[Person] | None] = owned_by()",
    "size: Mapped[int | None] = field(set_by=action)",
    "stage: Mapped[Stage] = field(default=Stage.DRAFT, indexed=True)",
    "tone: Mapped[Tone]",
    "flag: Mapped[bool] = False",
    "link: Mapped[Url | None] = field(max_length=200)",
    "rate: Mapped[Decimal] = field(places=2, ge=Decimal('0.05'))",
    "word: Mapped[str] = field(max_length=20, pattern='[a-z]+(-[a-z]+){0,5}')",
    "word: Mapped[str] = field(max_length=20, pattern='(?:[A-Z]{2}|x*|(a)?(?(1)b|c))')",
    "price: Mapped[Money] = copied('listing.price')",
    "name: Mapped[str | None] = copied('listing.seller.nickname', read=signed_in)",
    "word: Mapped[str] = computed(lambda card: card.id.prefix, max_length=9)",
]


@pytest.mark.parametrize("line", GOOD)
def test_a_good_field_stands(tmp_path: Path, line: str) -> None:
    before = """
class Stage(str, Enum):
    DRAFT = "draft"
class Tone(StrEnum):
    LOUD = "loud"
"""
    plan = plan_of(tmp_path, SHOP + card(line, before=before))
    assert len(plan.resources["Card"].fields) == 2


def test_a_function_whose_source_is_not_there_may_assign_anything() -> None:
    names: dict[str, Any] = {}
    exec("def measure(card): pass", names)
    assert assigns(names["measure"], "size")
    assert not assigns(test_a_good_field_stands, "size")


def test_a_value_may_come_from_the_action_that_runs_on_create(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone, create=signed_in)
class Card(Resource):
    size: Mapped[int] = field(set_by=action)
@action(Card, on=create)
def measure(card: Card) -> None:
    card.size = 3
"""
    assert plan_of(tmp_path, PEOPLE + page).resources["Card"].on_create[0].name == "measure"
