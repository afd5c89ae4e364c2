"""A page of declarations becomes one frozen Plan: the marketplace of the design, whole, and in a stable order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pages import PEOPLE, load, plan_of

from techlead.declare.access import anyone, nobody, owner, signed_in
from techlead.declare.notification import email, inbox
from techlead.derive.compile import derive
from techlead.derive.plan import Plan
from techlead.errors import DeclarationsRefused

MARKETPLACE = '''
"""A small second-hand marketplace."""

backend = Backend("marketplace", roles=["admin"])

class ListingStatus(Enum):
    OPEN = "open"
    RESERVED = "reserved"
    SOLD = "sold"

class OrderStatus(Enum):
    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"

@backend.account
class Person(Account):
    phone: Mapped[Personal[str] | None] = field(max_length=32)
    payout_iban: Mapped[Personal[str] | None] = field(max_length=34)
    webhook_url: Mapped[WebhookUrl | None]

@backend.resource(read=anyone, create=signed_in, update=owner, delete=owner | role("admin"), soft_delete=True, history=owner)
class Listing(Resource):
    """Something for sale."""
    seller: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=120)
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"), indexed=True)
    status: Mapped[ListingStatus] = field(default=ListingStatus.OPEN, set_by=action, indexed=True)

@backend.resource(read=owner | the("seller") | role("admin"), create=signed_in, unique=[("listing", "buyer")],
    indexed=[("buyer", "placed_at")])
class Order(Resource):
    """One buyer's order for one listing."""
    buyer: Mapped[Ref[Person]] = owned_by()
    listing: Mapped[Ref[Listing]]
    seller: Mapped[Ref[Person]] = copied("listing.seller")
    price: Mapped[Money] = copied("listing.price")
    status: Mapped[OrderStatus] = field(default=OrderStatus.PLACED, set_by=action)
    placed_at: Mapped[datetime] = field(default=now, indexed=True)
    summary: Mapped[str] = computed(lambda order: f"{order.status.value}: {order.price}", max_length=80)

order_placed = notification(Order, to="seller", via=[inbox, email], text="{listing} was ordered")
order_cancelled = notification(Order, to="seller", subject="Cancelled", text="{summary}")

@rule(
    because="Parcels cancelled after hand-over were refunded and kept (ticket 482, March 2021).",
    allows=[facts(status=OrderStatus.PLACED)],
    refuses=[facts(status=OrderStatus.SHIPPED), facts(status=OrderStatus.CANCELLED)],
)
def not_handed_over(order: Facts[Order]) -> bool:
    return order.status is OrderStatus.PLACED

@rule(
    because="Two buyers paid for one bicycle (ticket 117, May 2020).",
    allows=[facts(status=ListingStatus.OPEN)],
    refuses=[facts(status=ListingStatus.SOLD)],
)
def on_sale(listing: Facts[Listing]) -> bool:
    return listing.status is ListingStatus.OPEN

class Parcel(Body):
    tracking: Mapped[str] = field(max_length=40)

@action(Order, by=owner, when=[not_handed_over])
def cancel(order: Order, listing: Listing) -> Effects:
    """Cancel an order and put the listing back on sale.

    The seller is told.
    """
    order.status = OrderStatus.CANCELLED
    listing.status = ListingStatus.OPEN
    yield order_cancelled.send(order)

@action(Order, by=the("seller"), when=[not_handed_over])
def ship(order: Order, body: Parcel, now: datetime, actor: Person) -> None:
    order.status = OrderStatus.SHIPPED

@action(Order, on=create, when=[on_sale])
def place(order: Order, listing: Listing) -> Effects:
    listing.status = ListingStatus.RESERVED
    yield order_placed.send(order)
'''


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(tmp_path_factory.mktemp("marketplace"), MARKETPLACE)


def test_resources_have_their_names_and_come_by_name(plan: Plan) -> None:
    assert [(one.name, one.table, one.path) for one in plan.resources.values()] == [
        ("Listing", "listing", "listings"), ("Order", "order", "orders"), ("Person", "person", "people"),
    ]  # fmt: skip
    assert plan.accounts.name == plan.account == "Person"
    assert (plan.name, plan.roles) == ("marketplace", ("admin",))


def test_what_was_said_of_a_resource_stands_in_the_plan(plan: Plan) -> None:
    listing, order = plan.resources["Listing"], plan.resources["Order"]
    assert (listing.access.read, listing.access.create, listing.access.history) == (anyone, signed_in, owner)
    assert (listing.soft_delete, order.soft_delete) == (True, False)
    assert (listing.owner, order.owner, plan.accounts.owner) == ("seller", "buyer", None)
    assert order.unique == (("listing", "buyer"),)
    assert order.indexed == (("buyer", "placed_at"),)
    assert (order.access.update, order.access.delete) == (nobody, nobody)
    assert listing.description == "Something for sale."
    assert plan.accounts.description == ""


def test_operations_are_those_that_somebody_may_ask_for(plan: Plan) -> None:
    assert [(one.method, one.path) for one in plan.operations if one.resource == "Order"] == [
        ("GET", "/orders"), ("POST", "/orders"), ("GET", "/orders/{id}"),
        ("POST", "/orders/{id}/cancel"), ("POST", "/orders/{id}/ship"),
    ]  # fmt: skip
    assert len({one.name for one in plan.operations}) == len(plan.operations)


def test_actions_know_what_their_parameters_name_and_nothing_else(plan: Plan) -> None:
    cancel, ship = plan.resources["Order"].actions
    (place,) = plan.resources["Order"].on_create
    assert [(one.name, one.kind, one.resource, one.via) for one in cancel.parameters] == [
        ("order", "row", "Order", None), ("listing", "reference", "Listing", ("", "listing")),
    ]  # fmt: skip
    assert [one.kind for one in ship.parameters] == ["row", "body", "now", "actor"]
    assert ship.body is not None
    assert [field.name for field in ship.body.fields] == ["tracking"]
    assert place.arguments == ("order", "listing")
    assert cancel.description.startswith("Cancel an order")
    assert [(rule.name, names) for rule, names in cancel.rules] == [("not_handed_over", ("order",))]


def test_notifications_know_their_names(plan: Plan) -> None:
    assert [(one.name, one.subject, one.via, one.to) for one in plan.notifications] == [
        ("order_cancelled", "Cancelled", (inbox,), "seller"),
        ("order_placed", "Order placed", (inbox, email), "seller"),
    ]


def test_the_plan_is_the_same_each_time(tmp_path: Path) -> None:
    module = load(tmp_path, MARKETPLACE)
    first, second = derive(module.backend), derive(module.backend)
    assert [repr(one) for one in first.operations] == [repr(one) for one in second.operations]
    assert list(first.resources) == list(second.resources)


def test_the_plan_is_frozen(plan: Plan) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "other"  # type: ignore[misc]


def test_a_backend_needs_no_accounts(tmp_path: Path) -> None:
    page = """
backend = Backend("notes")
@backend.resource(read=anyone, create=anyone, plural="notices")
class Note(Resource):
    text: Mapped[str] = field(max_length=99)
"""
    plan = plan_of(tmp_path, page)
    assert plan.account is None
    assert [one.path for one in plan.operations] == ["/notices", "/notices", "/notices/{id}"]
    with pytest.raises(KeyError):
        _ = plan.accounts


def test_an_empty_backend_stands(tmp_path: Path) -> None:
    assert plan_of(tmp_path, 'backend = Backend("empty")').operations == ()


def test_a_body_s_fields_are_checked_like_a_resource_s(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone, create=signed_in)
class Note(Resource):
    text: Mapped[str] = field(max_length=99)
class Edit(Body):
    text: Mapped[str]
@action(Note, by=signed_in)
def edit(note: Note, body: Edit) -> None:
    note.text = body.text
"""
    with pytest.raises(DeclarationsRefused, match=r"Edit.text: the text is not bounded"):
        plan_of(tmp_path, PEOPLE + page)


def test_a_refusal_prints_as_compilers_do(tmp_path: Path) -> None:
    page = """
@backend.resource(read=anyone)
class Note(Resource):
    text: Mapped[str]
"""
    module = load(tmp_path, PEOPLE + page)
    with pytest.raises(DeclarationsRefused) as refused:
        derive(module.backend)
    line = 1 + Path(str(module.__file__)).read_text().splitlines().index("    text: Mapped[str]")
    assert str(refused.value) == (
        "1 declaration refused\n"
        f"{module.__file__}:{line}: Note.text: the text is not bounded\n"
        "    mend: say field(max_length=...), in characters"
    )
