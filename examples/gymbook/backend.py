"""A gym: members buy credits with money, book classes with limited seats, and cancel in time to get the credit back."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated

from techlead import (
    Account, Backend, Body, Effects, Facts, Mapped, Money, Personal, Ref, Resource, action, anyone, copied, count,
    create, email, facts, field, inbox, member, notification, owned_by, owner, role, rule, signed_in, the,
)  # fmt: skip

backend = Backend("gymbook", roles=["manager", "trainer"])
sms_gateway = backend.system("https://sms.example/v1", credentials="SMS_GATEWAY_TOKEN")
payments = backend.incoming(key="PAYMENT_KEY")
desk, concerned = role("manager"), owner | the("gym_class.trainer") | role("manager")


class BookingStatus(Enum):
    BOOKED = "booked"
    CANCELLED = "cancelled"


@backend.account(read=desk)
class Person(Account):
    """Somebody who trains, or who works here."""

    name: Mapped[str] = field(max_length=80, read=owner | role("manager", "trainer"))
    phone: Mapped[Personal[str] | None] = field(max_length=32)
    credits: Mapped[int] = field(ge=0, le=1_000, default=0, set_by=action, read=owner | desk)


@backend.resource(read=anyone, create=desk, update=desk, delete=desk)
class Pack(Resource):
    """Credits for money."""

    name: Mapped[str] = field(max_length=80)
    credits: Mapped[int] = field(ge=1, le=100)
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"), le=Money("5000.00", "EUR"))


@backend.resource(read=owner | desk, create=signed_in, history=desk)
class Purchase(Resource):
    """A pack ordered: price and credits are the pack's at that moment, and count when they are paid."""

    buyer: Mapped[Ref[Person]] = owned_by()
    pack: Mapped[Ref[Pack]]
    credits: Mapped[int] = copied("pack.credits")
    price: Mapped[Money] = copied("pack.price")
    paid_at: Mapped[datetime | None] = field(set_by=action)
    receipt_sent: Mapped[bool] = field(default=False, set_by=action)


class Payment(Body):
    """What the payment provider tells."""

    purchase: Mapped[Ref[Purchase]]
    amount: Mapped[Money] = field(currency="EUR")


@backend.resource(read=anyone, create=desk, update=desk, delete=desk)
class GymClass(Resource):
    """One hour with a trainer."""

    title: Mapped[str] = field(max_length=80)
    trainer: Mapped[Ref[Person]]
    starts_at: Mapped[datetime] = field(indexed=True)
    seats: Mapped[int] = field(ge=1, le=200)


@backend.resource(read=owner | the("trainer") | desk, history=owner | desk)
class Booking(Resource):
    """A seat in a class, paid with one credit."""

    person: Mapped[Ref[Person]] = owned_by()
    gym_class: Mapped[Ref[GymClass]]
    trainer: Mapped[Ref[Person]] = copied("gym_class.trainer")
    status: Mapped[BookingStatus] = field(default=BookingStatus.BOOKED, indexed=True)


@backend.resource(read=concerned, create=signed_in, delete=owner, unique=[("person", "gym_class")], plural="waiting")
class Waiting(Resource):
    """A place on the waiting list of a class; everybody waiting hears of a free seat."""

    person: Mapped[Ref[Person]] = owned_by()
    gym_class: Mapped[Ref[GymClass]]


booked = notification(Booking, to="trainer", via=[inbox], text="A seat was booked.")
seat_free = notification(GymClass, to=member("Waiting"), via=[inbox, email], text="A seat in {title} is free.")

SeatsTaken = Annotated[int, count("Booking", of="gym_class", status=BookingStatus.BOOKED)]
OwnSeats = Annotated[int, count("Booking", of=("gym_class", "person"), status=BookingStatus.BOOKED)]

NOON, CENT, TEN = datetime.fromisoformat("2026-05-01T12:00:00+00:00"), Money("0.01", "EUR"), Money("10.00", "EUR")
YOGA, UNPAID, PAID = facts(starts_at=NOON), facts(price=TEN, paid_at=None), facts(price=TEN, paid_at=NOON)
ONE, ADA, SEAT = facts(credits=1), facts(phone="+43 1", credits=1), facts(gym_class="gym_class")
TEXT = 'call(sms_gateway, "messages", {to: "+43 1", text: "10 credits"}, purchase)'


@rule(because="Sixteen people stood before twelve mats (complaint of 3 September 2023).",
      message="The class is full; join the waiting list.", allows=[facts(gym_class=facts(seats=12), taken=11)],
      refuses=[facts(gym_class=facts(seats=12), taken=12)])  # fmt: skip
def a_seat_is_left(gym_class: Facts[GymClass], taken: SeatsTaken) -> bool:
    return taken < gym_class.seats


@rule(because="A double tap on a phone booked and charged two seats (ticket 88, January 2024).",
      message="You have a seat in this class.", allows=[facts(own=0)], refuses=[facts(own=1)])  # fmt: skip
def not_booked_yet(own: OwnSeats) -> bool:
    return own == 0


@rule(because="Classes are paid before they are taken: terms of use, section 4.",
      message="Buy a pack of credits first.", allows=[facts(credits=1)], refuses=[facts(credits=0)])  # fmt: skip
def has_credit(actor: Facts[Person]) -> bool:
    return actor.credits >= 1


@rule(because="People booked yesterday's classes to reach a bonus (incident of 12 May 2022).",
      message="The class has begun.", allows=[facts(gym_class=YOGA, now=NOON - timedelta(seconds=1))],
      refuses=[facts(gym_class=YOGA, now=NOON)])  # fmt: skip
def not_begun(gym_class: Facts[GymClass], now: datetime) -> bool:
    return now < gym_class.starts_at


@rule(because="A seat cancelled late stays empty, so the credit is kept: terms of use, section 6.",
      message="Seats can be cancelled until 12 hours before the class.",
      allows=[facts(gym_class=YOGA, now=NOON - timedelta(hours=12))],
      refuses=[facts(gym_class=YOGA, now=NOON - timedelta(hours=11))])  # fmt: skip
def in_time(gym_class: Facts[GymClass], now: datetime) -> bool:
    return gym_class.starts_at - now >= timedelta(hours=12)


@rule(because="One cancelled booking gave its credit back twice (ticket 130, March 2024).",
      message="This booking was cancelled before.", allows=[facts(status=BookingStatus.BOOKED)],
      refuses=[facts(status=BookingStatus.CANCELLED)])  # fmt: skip
def still_booked(booking: Facts[Booking]) -> bool:
    return booking.status is BookingStatus.BOOKED


@rule(because="One cent opened a pack of ten, and one payment counted twice (incident of 3 May 2025).",
      message="This is not what is to be paid.", allows=[facts(purchase=UNPAID, body=facts(amount=TEN))], refuses=[
      facts(purchase=UNPAID, body=facts(amount=CENT)), facts(purchase=PAID, body=facts(amount=TEN))])  # fmt: skip
def to_be_paid(purchase: Facts[Purchase], body: Facts[Payment]) -> bool:
    return purchase.paid_at is None and body.amount == purchase.price


@action(Purchase, on=payments.event("payment.succeeded"), when=[to_be_paid],
        examples=[facts(purchase=facts(credits=10), buyer=ADA, now=NOON).gives(
                  purchase=facts(paid_at=NOON), buyer=facts(credits=11), calls=[TEXT])])  # fmt: skip
def pay(purchase: Purchase, buyer: Person, now: datetime) -> Effects:
    """Give the credits that were paid for, and say so."""
    purchase.paid_at = now
    buyer.credits += purchase.credits
    yield sms_gateway.call("messages", {"to": buyer.phone, "text": f"{purchase.credits} credits"}, about=purchase)


@action(Purchase, on=sms_gateway, examples=[facts(delivered=True).gives(purchase=facts(receipt_sent=True))])
def texted(purchase: Purchase, delivered: bool) -> None:
    """Remember whether the buyer was told."""
    purchase.receipt_sent = delivered


@action(GymClass, by=signed_in, when=[not_begun, not_booked_yet, has_credit, a_seat_is_left], examples=[
        facts(actor=ONE).gives(actor=facts(credits=0), creates=[(Booking, SEAT)], sends=[booked])])  # fmt: skip
def book(gym_class: GymClass, actor: Person) -> Effects:
    """Book a seat for one credit."""
    actor.credits -= 1
    seat = Booking(gym_class=gym_class.id)
    yield create(seat)
    yield booked.send(seat)


@action(Booking, by=owner, when=[still_booked, in_time], examples=[facts(person=ONE).gives(
        booking=facts(status=BookingStatus.CANCELLED), person=facts(credits=2), sends=[seat_free])])  # fmt: skip
def cancel(booking: Booking, gym_class: GymClass, person: Person) -> Effects:
    """Give the seat back and get the credit back; everybody waiting is told."""
    booking.status = BookingStatus.CANCELLED
    person.credits += 1
    yield seat_free.send(gym_class)
