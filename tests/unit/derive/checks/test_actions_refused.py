"""Actions that nobody can call, that clash, or that ask for what they cannot be given are refused at their line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import PEOPLE, SHOP, assert_refused, load, plan_of, refusals_of


def act(said: str = "by=owner", parameters: str = "listing: Listing", name: str = "close", rest: str = "") -> str:
    """Write an action on a listing, whose decorator is where a refusal points."""
    return f"""
{rest}
@action(Listing, {said})  # HERE
def {name}({parameters}) -> None:
    listing.status = Status.SOLD
"""


RULE = """
@rule(because="Sold twice (ticket 17, 2020).", allows=[facts({one})], refuses=[facts({two})])
def fine({parameters}) -> bool:
    return {test}
"""
WRONG = {
    "an action without a caller": (act("when=[]"), "nobody may call it", "by=owner"),
    "a caller of what runs in create": (act("by=owner, on=create"), "so `by` decides nothing", "create=..."),
    "another moment than create": (act("by=owner, on=delete"), "on=delete is not possible", "say on=create"),
    "what runs in a create that nobody may": ("""
@backend.resource(read=anyone)
class Card(Resource):
    size: Mapped[int]
@action(Card, on=create)  # HERE
def measure(card: Card) -> None:
    card.size = 3
""", "nobody may create a Card", "create=..."),
    "a body inside create": (act("on=create", "listing: Listing, body: Parcel"), "create, which has no body of its own", "a field"),
    "a body by another name": (act(parameters="listing: Listing, parcel: Parcel"), "'parcel' is a body", "call it `body`"),
    "two bodies": (
        act("by=owner, when=[fine]", "listing: Listing, body: Parcel", rest="""
class Letter(Body):
    size: Mapped[int]
""" + RULE.format(one="size=1", two="size=2", parameters="body: Facts[Letter]", test="body.size < 2")),
        "two bodies, Parcel and Letter", "make them one"),
    "a name of every resource": (act(name="history"), "every resource has 'history' already", "another name"),
    "a name in another case": (act(name="closeIt"), "'closeIt' is not in snake_case", "rename it"),
    "a lambda": ("""
action(Listing, by=owner)(lambda listing: None)  # HERE
""", "'<lambda>' is not in snake_case", "rename it"),
    "a second action of the name": ("""
@action(Listing, by=owner)
def close(listing: Listing) -> None:
    listing.status = Status.SOLD
""" + act(), "another action of this name stands at", "rename one"),
    "a rule that is a function": (act("by=owner, when=[len]"), "when=[...] holds something that is no rule", "@rule(...)"),
    "a parameter without a type": (act(parameters="listing"), "the parameter 'listing' has no type", "annotate it"),
    "a parameter of an unknown type": (act(parameters='listing: "Listng"'), "a type is not known", "correct its name"),
    "a parameter that leads nowhere": (act(parameters="listing: Listing, order: Order"), "'order' leads to nothing", "ask for the row"),
    "a parameter of no class": (act(parameters="listing: Listing, orders: list[Order]"), "'orders' leads to nothing", "ask for the row"),
    "a moment by another name": (act(parameters="listing: Listing, today: datetime"), "'today' leads to nothing", "`now: datetime`"),
    "a parameter with a default": (act(parameters="listing: Listing = None"), "'listing' is not a plain one", "without defaults"),
    "any number of parameters": (act(parameters="*listing: Listing"), "'listing' is not a plain one", "without defaults"),
    "the row twice": (act(parameters="listing: Listing, again: Listing"), "listing and again are both the row itself", "once"),
    "a reference that may be empty": ("""
@backend.resource(read=anyone, create=signed_in)
class Card(Resource):
    listing: Mapped[Ref[Listing] | None]
    size: Mapped[int]
@action(Card, by=signed_in)  # HERE
def measure(card: Card, listing: Listing) -> None:
    card.size = 3
""", "listing may be empty", "`listing: Listing | None`"),
    "one name for two things": (
        act("by=owner, when=[fine]", "listing: Listing, now: datetime", rest=RULE.format(
            one="now=1", two="now=2", parameters='now: Annotated[int, count("Order", of="listing")]', test="now < 2")),
        "the parameter 'now' means two things here", "another name"),
    "an actor where strangers may call": (
        act("by=anyone", "listing: Listing, actor: Person"), "anyone lets strangers in, and 'actor' needs an account", "signed_in & ..."),
    "a count of the actor's rows where strangers may call": (
        act("by=anyone", 'listing: Listing, mine: Annotated[int, count("Order", of="buyer")]'),
        "'mine' needs an account", "do without the actor"),
    "a count of nothing": (
        act(parameters='listing: Listing, n: Annotated[int, count("Ordr", of="listing")]'), "'Ordr' is not a resource", "name a resource"),
    "a count along no reference": (
        act(parameters='listing: Listing, n: Annotated[int, count("Order", of="note")]'), "Order.note is not a reference", "name the field"),
    "a count of an unknown field": (
        act(parameters='listing: Listing, n: Annotated[int, count("Order", of="listing", nte=1)]'), "Order has no field 'nte'", "correct"),
    "a count of a value that cannot be": (
        act(parameters='listing: Listing, n: Annotated[int, count("Order", of="listing", note=1)]'),
        "Order.note cannot hold 1: it must be a string", "correct the value"),
    "a count that leads to nothing here": (
        act(parameters='listing: Listing, n: Annotated[int, count("Card", of="order")]', rest="""
@backend.resource(read=anyone)
class Card(Resource):
    order: Mapped[Ref[Order]]
"""), "'n' leads to nothing", "Annotated[int, count(...)]"),
    "a count along a reference that may be empty": ("""
@backend.resource(read=anyone, create=signed_in)
class Card(Resource):
    buyer: Mapped[Ref[Person] | None]
    size: Mapped[int]
@action(Card, by=signed_in)  # HERE
def measure(card: Card, n: Annotated[int, count("Order", of="buyer")]) -> None:
    card.size = 3
""", "buyer may be empty, and then nothing is counted", "`buyer: Person | None`, too"),
    "a count in another type": (
        act(parameters='listing: Listing, n: Annotated[str, count("Order", of="listing")]'), "gives int", "Annotated[int, ...]"),
    "a sum of text": (
        act(parameters='listing: Listing, n: Annotated[int, total("Order", "note", of="listing")]'), "Order.note cannot be summed",
        "an int, Decimal or Money"),
    "a sum of an unknown field": (
        act(parameters='listing: Listing, n: Annotated[int, total("Order", "nte", of="listing")]'), "Order.nte cannot be summed",
        "an int, Decimal or Money"),
    "a sum of money as a number": (
        act(parameters='listing: Listing, n: Annotated[int, total("Listing", "price", of="seller")]'), "gives Money",
        "Annotated[Money, ...]"),
    "a count that could mean two rows": ("""
@backend.resource(read=anyone, create=signed_in)
class Swap(Resource):
    left: Mapped[Ref[Listing]]
    right: Mapped[Ref[Listing]]
    size: Mapped[int]
@action(Swap, by=signed_in)  # HERE
def measure(swap: Swap, left: Listing, right: Listing, n: Annotated[int, count("Order", of="listing")]) -> None:
    swap.size = 3
""", "not clear whether 'listing' means left or right", "name the right one 'listing'"),
    "a rule that reads a Secret": (
        """
@rule(because="Sold twice (ticket 17, 2020).", allows=[facts(note="1")], refuses=[facts(note="2")])
def fine(order: Facts[Order]) -> bool:
    return order.note == order.pin
@action(Order, by=owner, when=[fine])  # HERE
def close(order: Order) -> None:
    order.note = "a"
""", "its rule fine reads pin, which is Secret", "mark it Internal"),
    "two operations of one name": ("""
@backend.resource(read=anyone)
class List(Resource):
    size: Mapped[int] = field(default=1)
@action(List, by=signed_in)  # HERE
def read_my(list: List) -> None:
    list.size = 3
@backend.resource(read=anyone)
class MyList(Resource):
    size: Mapped[int] = field(default=1)
""", "two operations are called read_my_list", "rename the action"),
}  # fmt: skip
PARCEL = """
class Parcel(Body):
    size: Mapped[int]
"""


@pytest.mark.parametrize(("page", "reason", "mend"), WRONG.values(), ids=WRONG.keys())
def test_an_action_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    found = refusals_of(tmp_path, SHOP + PARCEL + page)
    if "two operations" in reason:
        assert [refusal.reason for refusal in found] == [reason, reason]
        assert all(mend in refusal.mend for refusal in found)
        return
    assert_refused(tmp_path, SHOP + PARCEL + page, reason, mend)


def test_an_action_on_what_is_no_resource_of_the_backend_is_refused(tmp_path: Path) -> None:
    page = """
class Card(Resource):
    size: Mapped[int]
@action(Card, by=signed_in)  # HERE
def measure(card: Card) -> None:
    card.size = 3
"""
    assert_refused(tmp_path, SHOP + page, "Card is no resource of this backend", "@backend.resource")


def test_a_notification_about_what_is_no_resource_of_the_backend_is_refused(tmp_path: Path) -> None:
    page = """
class Card(Resource):
    size: Mapped[int]
sent = notification(Card, to="size")  # HERE
"""
    assert_refused(tmp_path, SHOP + page, "Card is no resource of this backend", "@backend.resource")


def test_two_backends_may_stand_in_one_module(tmp_path: Path) -> None:
    page = """
other = Backend("other")
@other.resource(read=anyone)
class Card(Resource):
    size: Mapped[int]
@action(Card, by=anyone)
def measure(card: Card) -> None:
    card.size = 3
"""
    assert load(tmp_path, SHOP + page).other.resources
    assert sorted(plan_of(tmp_path, SHOP + page).resources) == ["Listing", "Order", "Person"]


GOOD = {
    "strangers who may be nobody": act("by=anyone", "listing: Listing, actor: Person | None"),
    "a count beside the reference it hangs on": """
@action(Order, by=owner)
def close(order: Order, n: Annotated[int, count("Order", of="listing")], listing: Facts[Listing], *, now: datetime) -> None:
    order.note = "a"
""",
    "a count by the name of its reference": """
@action(Order, by=owner)
def close(order: Order, buyer: Person, seller: Person, n: Annotated[int, count("Order", of="buyer")]) -> None:
    order.note = "a"
""",
    "a sum of money of the actor": act(parameters='listing: Listing, n: Annotated[Money, total("Listing", "price", of="seller")]'),
    "a Secret that is set": """
class Pin(Body):
    pin: Mapped[Secret[str]] = field(max_length=8)
@action(Order, by=owner)
def close(order: Order, body: Pin) -> None:
    order.pin = body.pin
""",
    "no changes and no effects": act().replace("listing.status = Status.SOLD", "pass"),
}  # fmt: skip


@pytest.mark.parametrize("page", GOOD.values(), ids=GOOD.keys())
def test_a_good_action_stands(tmp_path: Path, page: str) -> None:
    plan = plan_of(tmp_path, SHOP + page)
    assert plan.resources["Listing"].actions or plan.resources["Order"].actions


def test_a_sum_hangs_on_what_is_asked_for_and_on_the_actor_otherwise(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        SHOP
        + """
@action(Order, by=owner)
def asked(order: Order, n: Annotated[int, count("Order", of="buyer")], buyer: Person) -> None:
    order.note = "a"
@action(Order, by=owner)
def led_to(order: Order, n: Annotated[int, count("Order", of=("buyer", "listing"))], listing: Listing) -> None:
    order.note = "a"
@action(Listing, by=owner)
def unasked(listing: Listing, n: Annotated[int, count("Order", of=("buyer", "listing"))]) -> None:
    listing.stock = 2
""",
    )
    actions = (*plan.resources["Order"].actions, *plan.resources["Listing"].actions)
    assert {action.name: one.anchors for action in actions for one in action.parameters if one.aggregate} == {
        "asked": (("buyer", "buyer"),),
        "led_to": (("buyer", "buyer"), ("listing", "listing")),
        "unasked": (("buyer", "actor"), ("listing", "")),
    }


def test_a_page_of_people_alone_stands(tmp_path: Path) -> None:
    assert plan_of(tmp_path, PEOPLE).accounts.name == "Person"
