"""What a user writes has the types that a reader expects; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import assert_type

from techlead import (
    Account,
    Backend,
    Body,
    Effects,
    Email,
    Facts,
    Mapped,
    Money,
    Personal,
    Ref,
    Resource,
    Secret,
    action,
    create,
    facts,
    field,
    notification,
    now,
    owned_by,
    owner,
    role,
    rule,
    signed_in,
)

backend = Backend("loans", roles=["librarian"])


@backend.account
class Reader(Account):
    phone: Mapped[Personal[str] | None] = field(max_length=32)


@backend.resource(read=owner | role("librarian"), create=signed_in, indexed=[("reader", "renewed")])
class Loan(Resource):
    reader: Mapped[Ref[Reader]] = owned_by()
    title: Mapped[str] = field(max_length=120)
    fee: Mapped[Money] = field(currency="EUR")
    code: Mapped[Secret[str]] = field(max_length=12)
    since: Mapped[datetime] = field(default=now)
    renewed: Mapped[int] = field(ge=0, le=5, default=0)
    due: Mapped[date | None] = field(default=None, indexed=True)


class Renewal(Body):
    note: Mapped[str] = field(max_length=40)


renewed = notification(Loan, to="reader", text="{title} was renewed.")


@rule(because="Somebody kept a book for ten years.", allows=[facts(renewed=0)], refuses=[facts(renewed=5)])
def may_renew(loan: Facts[Loan]) -> bool:
    assert_type(loan.renewed, int)
    assert_type(loan.fee + loan.fee, Money)
    return loan.renewed < 5


@action(Loan, by=owner, when=[may_renew])
def renew(loan: Loan, reader: Reader, body: Renewal) -> Effects:
    assert_type(loan.title, str)
    assert_type(loan.since, datetime)
    assert_type(loan.due, date | None)
    assert_type(loan.id, Ref[Loan])
    assert_type(loan.reader, Ref[Reader])
    assert_type(reader.phone, str | None)
    assert_type(reader.email, Email)
    assert_type(body.note, str)
    assert_type(Loan.title, Mapped[str])
    loan.renewed += 1
    yield renewed.send(loan)
    yield create(Loan(title=loan.title, fee=loan.fee, code="1234"))
    yield create(Loan(title=loan.title, fee=loan.fee, code="1234", due=None))


def shares(fee: Money) -> Sequence[Money]:
    return fee.split(3)
