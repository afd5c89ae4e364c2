"""The benchmark's backend: adverts of ten columns that only their owner sees."""

from datetime import datetime
from enum import Enum

from techlead import Account, Backend, Email, Mapped, Money, Ref, Resource, field, now, owned_by, owner, signed_in

backend = Backend("adverts")


class Category(Enum):
    """What kind of thing it is."""

    BIKE = "bike"
    BOOK = "book"
    TOOL = "tool"
    TOY = "toy"


@backend.account
class Person(Account):
    """Somebody who sells."""


@backend.resource(read=owner, create=signed_in, update=owner, delete=owner)
class Advert(Resource):
    """Something for sale."""

    seller: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(min_length=1, max_length=120)
    description: Mapped[str] = field(max_length=500)
    price: Mapped[Money] = field(ge=Money("1.00", "EUR"))
    quantity: Mapped[int] = field(ge=1, le=1000)
    category: Mapped[Category]
    contact: Mapped[Email]
    available: Mapped[bool]
    created_at: Mapped[datetime] = field(default=now)
