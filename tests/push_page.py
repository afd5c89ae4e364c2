"""A page that sends notices to browsers."""

from __future__ import annotations

from techlead import (
    Account,
    Backend,
    Effects,
    Mapped,
    Ref,
    Resource,
    action,
    create,
    field,
    inbox,
    notification,
    owned_by,
    owner,
    signed_in,
)  # fmt: skip
from techlead.outside import push

backend = Backend("notes")


@backend.account
class Person(Account):
    """Somebody."""


@backend.resource(read=owner, create=signed_in)
class Note(Resource):
    """A note."""

    writer: Mapped[Ref[Person]] = owned_by()
    title: Mapped[str] = field(max_length=80)


noted = notification(Note, to="writer", via=[inbox, push], text="{title}")


@action(Note, on=create)
def write(note: Note) -> Effects:
    """Tell the writer."""
    yield noted.send(note)


PLAN = backend.plan()
