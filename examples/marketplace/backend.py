"""A small second-hand marketplace: people list things, others order them, parcels are shipped."""

from datetime import datetime
from enum import Enum

from techlead import (
    Account, Backend, Body, Effects, Facts, Mapped, Money, Personal, Ref, Resource, WebhookUrl, action, anyone,
    copied, create, email, facts, field, inbox, notification, now, owned_by, owner, role, rule, signed_in, the,
)  # fmt: skip
from techlead.outside import webhook

backend = Backend("marketplace", roles=["admin"])


class ListingStatus(Enum):
    OPEN = "open"
    RESERVED = "reserved"
    SOLD = "sold"


class OrderStatus(Enum):
    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@backend.account(read=role("admin"), history=role("admin"))
class Person(Account):
    """Somebody who buys and sells."""

    phone: Mapped[Personal[str] | None] = field(max_length=32)
    payout_iban: Mapped[Personal[str] | None] = field(max_length=34, pattern="[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
    webhook_url: Mapped[WebhookUrl | None] = field(read=owner)


@backend.resource(read=anyone, create=signed_in, update=owner, delete=owner | role("admin"), soft_delete=True)
class Listing(Resource):
    """Something for sale."""

    seller: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=120)
    description: Mapped[str] = field(max_length=4_000, multiline=True, default="")
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"), le=Money("100000.00", "EUR"), indexed=True)
    status: Mapped[ListingStatus] = field(default=ListingStatus.OPEN, set_by=action, indexed=True)


@backend.resource(
    read=owner | the("seller") | role("admin"), create=signed_in, history=owner | the("seller") | role("admin")
)
class Order(Resource):
    """One buyer's order for one listing."""

    buyer: Mapped[Ref[Person]] = owned_by()
    listing: Mapped[Ref[Listing]]
    address: Mapped[Personal[str]] = field(max_length=400, multiline=True, read=owner | the("seller"))
    seller: Mapped[Ref[Person]] = copied("listing.seller")  # never from the client
    price: Mapped[Money] = copied("listing.price")
    status: Mapped[OrderStatus] = field(default=OrderStatus.PLACED, set_by=action, indexed=True)
    tracking: Mapped[str | None] = field(max_length=40, set_by=action)
    placed_at: Mapped[datetime] = field(default=now)


class Parcel(Body):
    """What a seller tells when a parcel is handed over."""

    tracking: Mapped[str] = field(min_length=4, max_length=40)


ways = [inbox, email, webhook]
order_placed = notification(Order, to="seller", via=ways, text="An order for {price} was placed.")
order_cancelled = notification(Order, to="seller", via=ways, text="An order for {price} was cancelled.")
order_shipped = notification(Order, to="buyer", via=[inbox, email], text="Your order is on its way: {tracking}.")


@rule(
    because="Two buyers paid for one bicycle and both wanted it (ticket 117, May 2020).",
    message="This is no longer for sale.",
    allows=[facts(status=ListingStatus.OPEN)],
    refuses=[facts(status=ListingStatus.RESERVED), facts(status=ListingStatus.SOLD)],
)
def for_sale(listing: Facts[Listing]) -> bool:
    return listing.status is ListingStatus.OPEN


@rule(
    because="Sellers bought their own listings to look popular (ticket 301, November 2020).",
    message="You cannot buy from yourself.",
    allows=[facts(order=facts(buyer="alice"), listing=facts(seller="bob"))],
    refuses=[facts(order=facts(buyer="alice"), listing=facts(seller="alice"))],
)
def from_somebody_else(order: Facts[Order], listing: Facts[Listing]) -> bool:
    return order.buyer != listing.seller


@rule(
    because="Parcels cancelled after hand-over were refunded and kept (ticket 482, March 2021).",
    message="The parcel has been handed over.",
    allows=[facts(status=OrderStatus.PLACED)],
    refuses=[facts(status=OrderStatus.SHIPPED), facts(status=OrderStatus.CANCELLED)],
)
def not_handed_over(order: Facts[Order]) -> bool:
    return order.status is OrderStatus.PLACED


@action(
    Order,
    on=create,
    when=[for_sale, from_somebody_else],
    examples=[facts().gives(listing=facts(status=ListingStatus.RESERVED), sends=[order_placed])],
)
def place(order: Order, listing: Listing) -> Effects:
    """Place an order and reserve the listing."""
    listing.status = ListingStatus.RESERVED
    yield order_placed.send(order)


@action(
    Order,
    by=owner,
    when=[not_handed_over],
    examples=[
        facts().gives(
            order=facts(status=OrderStatus.CANCELLED),
            listing=facts(status=ListingStatus.OPEN),
            sends=[order_cancelled],
        )
    ],
)
def cancel(order: Order, listing: Listing) -> Effects:
    """Cancel an order and put the listing back on sale."""
    order.status = OrderStatus.CANCELLED
    listing.status = ListingStatus.OPEN
    yield order_cancelled.send(order)


@action(
    Order,
    by=the("seller"),
    when=[not_handed_over],
    examples=[
        facts(body=facts(tracking="RR123456785")).gives(
            order=facts(status=OrderStatus.SHIPPED, tracking="RR123456785"),
            listing=facts(status=ListingStatus.SOLD),
            sends=[order_shipped],
        )
    ],
)
def ship(order: Order, listing: Listing, body: Parcel) -> Effects:
    """Hand the parcel over to the carrier."""
    order.status = OrderStatus.SHIPPED
    order.tracking = body.tracking
    listing.status = ListingStatus.SOLD
    yield order_shipped.send(order)


@action(Person, by=role("admin"), examples=[facts().gives(person=facts(disabled=True))])
def ban(person: Person) -> None:
    """Lock somebody out; all their sessions end at once."""
    person.disabled = True
