"""A page that calls other systems and is called by one, as a user writes it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from backends import free_port
from loopback import SYSTEM

from techlead import (
    Account,
    Backend,
    Body,
    Effects,
    Facts,
    Mapped,
    Money,
    Ref,
    Resource,
    WebhookUrl,
    action,
    create,
    email,
    facts,
    field,
    inbox,
    notification,
    owned_by,
    owner,
    rule,
    signed_in,
)  # fmt: skip
from techlead.outside import chat, webhook

backend = Backend("bikes")
PORT = free_port()
gateway = backend.system(f"https://{SYSTEM}:{PORT}/v1", credentials="SMS_TOKEN", seconds_max=1)
payments = backend.incoming(key="PAYMENT_KEY")


class Status(Enum):
    OPEN = "open"
    PAID = "paid"


@backend.account
class Person(Account):
    """Somebody who rides."""

    phone: Mapped[str | None] = field(max_length=20)
    hook: Mapped[WebhookUrl | None] = field(read=owner)


@backend.resource(read=owner, create=signed_in, update=owner, delete=owner)
class Ride(Resource):
    """A ride to be paid."""

    rider: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=80)
    price: Mapped[Money] = field(currency="EUR")
    room: Mapped[WebhookUrl | None] = field(read=owner)
    status: Mapped[Status] = field(default=Status.OPEN, set_by=action)
    texted: Mapped[str | None] = field(max_length=40, set_by=action)
    paid_at: Mapped[datetime | None] = field(set_by=action)


class Taken(Body):
    """What the gateway answers."""

    sms: Mapped[str] = field(max_length=40)


class Payment(Body):
    """What the payment provider tells."""

    ride: Mapped[Ref[Ride]]
    amount: Mapped[Money] = field(currency="EUR")


planned = notification(Ride, to="rider", via=[inbox, webhook, chat.at("room"), email], text="{title} costs {price}.")


@rule(
    because="A payment of one cent opened every ride (incident of 3 May 2025).",
    allows=[facts(ride=facts(price=Money("5.00", "EUR"), status=Status.OPEN), body=facts(amount=Money("5.00", "EUR")))],
    refuses=[
        facts(ride=facts(price=Money("5.00", "EUR"), status=Status.OPEN), body=facts(amount=Money("0.01", "EUR")))
    ],
)
def paid_in_full(ride: Facts[Ride], body: Facts[Payment]) -> bool:
    """Compare what was paid with what it costs."""
    return body.amount == ride.price


@action(Ride, on=create)
def plan(ride: Ride) -> Effects:
    """Tell the rider."""
    yield planned.send(ride)


@action(Ride, by=owner)
def remind(ride: Ride, actor: Person) -> Effects:
    """Text the rider."""
    yield gateway.call("messages", {"to": actor.phone, "text": f"{ride.title} is open"}, about=ride)


@action(Ride, on=gateway)
def reminded(ride: Ride, delivered: bool, body: Taken | None) -> None:
    """Keep what became of the text."""
    ride.texted = body.sms if body is not None else "sent" if delivered else "failed"


@action(Ride, on=payments.event("payment.succeeded"), when=[paid_in_full])
def pay(ride: Ride, body: Payment, now: datetime) -> None:
    """Note the payment."""
    ride.status = Status.PAID
    ride.paid_at = now
