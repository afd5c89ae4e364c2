"""Policies that name what is not there, that can never decide, or that let in whom nobody meant, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import PEOPLE, SHOP, assert_refused, plan_of


def resource(read: str = "anyone", fields: str = "", **policies: str) -> str:
    """Write a resource with policies, whose class line is where a refusal points."""
    said = ", ".join(f"{verb}={policy}" for verb, policy in {"read": read, **policies}.items())
    return f"""
class Stage(Enum):
    DRAFT = "draft"
    DONE = "done"
@backend.resource({said})
class Card(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
    size: Mapped[int] = field(default=1, ge=0, le=9)
    price: Mapped[Money | None] = field(currency="EUR")
    due: Mapped[date | None]
    stage: Mapped[Stage] = field(default=Stage.DRAFT)
    pin: Mapped[Secret[str] | None] = field(max_length=8)
    phone: Mapped[Personal[str] | None] = field(max_length=8)
    data: Mapped[Json | None] = field(max_bytes=100)
    listing: Mapped[Ref[Listing] | None]
    author: Mapped[Ref[Person] | None]
    shout: Mapped[str] = computed(lambda card: card.title.upper(), max_length=10)
{fields}
"""


WRONG = {
    "a policy that is none": (resource("True"), "it is not a policy", "signed_in, owner"),
    "an unknown role": (resource('role("amdin")'), "no role 'amdin' is declared", "did you mean 'admin'?"),
    "no role at all": (resource("anyone & role()"), "role() names no role", "role('admin')"),
    "no role, negated": (resource("signed_in & ~role()"), "role() names no role", "role('admin')"),
    "an owner of a resource without one": (
        resource(update="owner"), "owner means nothing here", "`owner: Mapped[Ref[Person]] = owned_by()`"),
    "a path with an unknown field": (resource('the("auhtor")'), "Card has no field 'auhtor'", "did you mean 'author'?"),
    "a path through no reference": (resource('the("title.author")'), "Card.title is no reference", "Ref[...]"),
    "a path that ends elsewhere": (resource('the("listing")'), "listing leads to Listing, not to Person", "go on to a reference"),
    "a condition on an unknown field": (resource("where(stag=1)"), "Card has no field 'stag'", "did you mean 'stage'?"),
    "a condition on nothing": (resource("where()"), "where() has no condition", "name a field"),
    "a condition with another class's value": (
        resource("where(stage=Status.OPEN)"), "Card.stage cannot hold <Status.OPEN: 'open'>: it must be one of: draft, done",
        "correct the value"),
    "a condition with a value out of bounds": (
        resource("where(size={3, 10})"), "Card.size cannot hold 10: it must be at most 9", "the limits of the field"),
    "a condition with a float for money": (
        resource("where(price=1.5)"), "Card.price cannot hold 1.5: it must be Money in EUR", "correct the value"),
    "limits of money in another currency": (
        resource('where(price=between(Money("1", "USD"), None))'), "it must be Money in EUR", "correct the value"),
    "a condition that nothing is null": (resource("where(title=None)"), "Card.title is never empty", "leave the condition out"),
    "a null among values": (resource("where(due=[None])"), "Card.due cannot hold None", "correct the value"),
    "a condition with no value": (resource("where(stage=set())"), "compared with no value", "name at least one"),
    "limits of what has no order": (
        resource("where(stage=between(Stage.DRAFT, None))"), "Card.stage has no order", "a set means any of them"),
    "a condition on a computed field": (
        resource('where(shout="A")'), "Card.shout is computed", "the fields that it is computed from"),
    "a condition on a Secret": (resource('where(pin="1")'), "Card.pin is Secret, and who passes", "another field"),
    "a condition on JSON": (resource("where(data=None) & where(data=())"), "Card.data is JSON", "a field of its own"),
    "a condition with a value that could change": (
        resource("where(data={})"), "a condition compares with a value that could change", "an Enum member"),
    "a public condition on a Personal field": (
        resource('where(phone="1")'), "Card.phone is Personal, and anyone could tell", "another field"),
    "a resource that nobody may read": (resource("nobody"), "nobody may read it", "@backend.resource(read=owner)"),
    "a read policy that allows nobody": (
        resource("signed_in & nobody"), "read=signed_in & nobody allows nobody", "read="),
    "a negation that lets strangers in": (
        resource(create='~role("admin")'), "allows everybody who is not signed in", 'signed_in & ~role("admin")'),
    "a negation beside another policy": (
        resource(create='signed_in | ~the("author")'), "allows everybody who is not signed in",
        'signed_in & (signed_in | ~the("author"))'),
    "members of an unknown resource": (
        resource('member("Membrship")'), "'Membrship' is no resource of this backend", "there is"),
    "members along an unknown path": (
        resource('member("Order", of="lsting")'), "Card has no field 'lsting'", "did you mean 'listing'?"),
    "members of what they do not lead to": (
        resource('member("Listing")'), "no field of Listing leads to Card: of what is one a member?", "of="),
    "members with an unknown condition": (
        resource('member("Seat", of="listing", kid=1)', """
@backend.resource(read=signed_in)
class Seat(Resource):
    member: Mapped[Ref[Person]]
    listing: Mapped[Ref[Listing]]
    kind: Mapped[int] = field(default=1)
"""), "Seat has no field 'kid'", "did you mean 'kind'?"),
    "members without an account": (
        resource('member("Seat", of="listing")', """
@backend.resource(read=signed_in)
class Seat(Resource):
    listing: Mapped[Ref[Listing]]
"""), "no field of Seat leads to Person: who is the member?", "`member`"),
    "members with two accounts": (
        resource('member("Seat", of="listing")', """
@backend.resource(read=signed_in, create=signed_in)
class Seat(Resource):
    invited_by: Mapped[Ref[Person]] = owned_by()
    guest: Mapped[Ref[Person]]
    listing: Mapped[Ref[Listing]]
"""), "invited_by and guest of Seat leads to Person: who is the member?", "`member`"),
    "members that lead twice": (
        resource('member("Seat", of="listing")', """
@backend.resource(read=signed_in, create=signed_in)
class Seat(Resource):
    member: Mapped[Ref[Person]]
    listing: Mapped[Ref[Listing]]
    before: Mapped[Ref[Listing]]
"""), "listing and before of Seat leads to Listing: of what", "keep one reference to Listing"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "reason", "mend"), WRONG.values(), ids=WRONG.keys())
def test_a_policy_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, SHOP + page, reason, mend)


def test_a_policy_of_an_action_is_refused_at_the_action(tmp_path: Path) -> None:
    page = """
@action(Listing, by=role("amdin"))  # HERE
def close(listing: Listing) -> None:
    listing.status = Status.SOLD
"""
    assert_refused(tmp_path, SHOP + page, "no role 'amdin' is declared", 'roles=[..., "amdin"]')


def test_a_policy_of_a_field_is_refused_at_the_field(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone, create=signed_in)
class Card(Resource):
    title: Mapped[str] = field(max_length=10)
    price: Mapped[int] = field(  # HERE
        default=1,
        read=the("author"),
    )
"""
    assert_refused(tmp_path, SHOP + page, "Card has no field 'author'", "there is")


NO_ACCOUNTS = ["signed_in", "owner", 'the("listing")', 'role("admin")', 'member("Card")']


@pytest.mark.parametrize("policy", NO_ACCOUNTS)
def test_a_policy_that_needs_accounts_is_refused_where_there_are_none(tmp_path: Path, policy: str) -> None:
    page = f"""
backend = Backend("shop", roles=["admin"])
@backend.resource(read={policy})
class Card(Resource):  # HERE
    title: Mapped[str] = field(max_length=10)
"""
    assert_refused(tmp_path, page, "needs accounts, and this backend has none", "@backend.account")


def test_two_owners_are_refused_at_the_second(tmp_path: Path) -> None:
    page = """
@backend.resource(read=owner, create=signed_in)
class Card(Resource):
    author: Mapped[Ref[Person]] = owned_by()
    editor: Mapped[Ref[Person]] = owned_by()  # HERE
"""
    assert_refused(tmp_path, PEOPLE + page, "author is owned_by() already", 'the("editor")')


def test_an_account_that_callers_create_as_a_resource_is_refused(tmp_path: Path) -> None:
    page = """
backend = Backend("shop")
@backend.account(create=anyone)
class Person(Account):  # HERE
    pass
"""
    assert_refused(tmp_path, page, "accounts are created by POST /auth/register", "leave out `create`")


GOOD = [
    'signed_in & ~role("admin")',
    "~where(size=1)",
    "~signed_in | signed_in",
    "where(size=between(1, 3), due=None, stage={Stage.DRAFT, Stage.DONE})",
    'the("listing.seller") | the("author")',
    'member("Seat", of="listing", kind=2)',
    'role("admin") & where(phone="1")',
]


@pytest.mark.parametrize("policy", GOOD)
def test_a_good_policy_stands(tmp_path: Path, policy: str) -> None:
    seat = """
@backend.resource(read=member("Seat", of="listing") | owner, create=signed_in)
class Seat(Resource):
    invited_by: Mapped[Ref[Person]] = owned_by()
    member: Mapped[Ref[Person]]
    listing: Mapped[Ref[Listing]]
    kind: Mapped[int] = field(default=1)
"""
    plan = plan_of(tmp_path, SHOP + resource(policy, seat))
    assert str(plan.resources["Card"].access.read)
