"""The same shop, as a page of declarations."""

from enum import Enum

from techlead import (
    Account, Backend, Effects, Facts, Mapped, Money, Ref, Resource, WebhookUrl, action, create, email, facts, field,
    inbox, notification, owned_by, owner, rule, signed_in,
)  # fmt: skip
from techlead.outside import webhook

backend = Backend("shop")


class Status(Enum):
    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@backend.account
class User(Account):
    """Somebody who orders."""

    webhook_url: Mapped[WebhookUrl | None] = field(default=None, read=owner)


@backend.resource(read=owner, create=signed_in, history=owner)
class Order(Resource):
    """One order."""

    buyer: Mapped[Ref[User]] = owned_by()
    item: Mapped[str] = field(max_length=120)
    price: Mapped[Money] = field(ge=Money("0.01", "EUR"), le=Money("10000.00", "EUR"))
    status: Mapped[Status] = field(default=Status.PLACED, set_by=action)


order_placed = notification(Order, to="buyer", via=[inbox, email, webhook], text="You ordered {item} for {price}.")


@rule(
    because="Parcels cancelled after hand-over were refunded and kept (ticket 482, March 2021).",
    message="The parcel has been handed over.",
    allows=[facts(status=Status.PLACED)],
    refuses=[facts(status=Status.SHIPPED), facts(status=Status.CANCELLED)],
)
def not_handed_over(order: Facts[Order]) -> bool:
    return order.status is Status.PLACED


@action(Order, on=create, examples=[facts().gives(sends=[order_placed])])
def place(order: Order) -> Effects:
    """Place an order."""
    yield order_placed.send(order)


@action(Order, by=owner, when=[not_handed_over], examples=[facts().gives(order=facts(status=Status.CANCELLED))])
def cancel(order: Order) -> None:
    """Cancel an order that has not been handed over."""
    order.status = Status.CANCELLED
