"""Mistakes that mypy and pyright must report, each on its line; checked and never run.

A mistake that goes unnoticed leaves an ignore that nothing needs, and that is an error in both.
"""

from __future__ import annotations

from enum import Enum

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
    action,
    create,
    facts,
    field,
    notification,
    owned_by,
    owner,
    rule,
    signed_in,
)

backend = Backend("loans")
FEE = Money("1.00", "EUR")


class LoanStatus(Enum):
    OUT = "out"
    BACK = "back"


@backend.account
class Reader(Account):
    name: Mapped[str] = field(max_length=80)


@backend.resource(read=owner, create="everybody")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
class Room(Resource):
    name: Mapped[str] = field(max_length=120)


@backend.resource(read=owner, create=signed_in, updates=owner)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
class Shelf(Resource):
    name: Mapped[str] = field(max_size=120)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@backend.resource(read=owner, create=signed_in)
class Loan(Resource):
    reader: Mapped[Ref[Reader]] = owned_by()
    title: Mapped[str] = field(max_length=120)
    fee: Mapped[Money] = field(currency="EUR")
    status: Mapped[LoanStatus] = field(default=LoanStatus.OUT, set_by=action)


class Renewal(Body):
    days: Mapped[int] = field(ge=1, le=28)


renewed = notification(Loan, to="reader", text="{title} was renewed.")
sent = notification(Loan, to="reader", via=["pigeon"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


@rule(allows=[facts(title="a")], refuses=[facts(title="b")])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
def without_a_reason(loan: Facts[Loan]) -> bool:
    return loan.title == "a"


@rule(because="One at a time.", allows=[facts(title="a")], refuses=[facts(title="b")])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_truth(loan: Facts[Loan]) -> str:
    return loan.title


@action(Loan, by="owner")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def by_nobody(loan: Loan) -> None:
    loan.status = LoanStatus.BACK


@action(Loan, by=owner, when=["no_truth"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
def renew(loan: Loan, reader: Reader, body: Renewal) -> Effects:
    loan.status = "back"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    loan.titel = "misspelt"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    loan.title = None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    loan.fee = 1.5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    loan.reader = loan.id  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    loan.title = body.day  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    yield renewed.send(reader)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    yield create(Loan(title=1, fee=FEE))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    yield create(Loan(fee=FEE))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    yield create(Loan(title="a", fee=FEE, reader=loan.reader))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    yield loan  # type: ignore[misc]  # pyright: ignore[reportReturnType]


def floats() -> None:
    Money(0.5, "EUR")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FEE.__mul__(1.5)  # type: ignore[operator]  # pyright: ignore[reportArgumentType]
    FEE.__add__(1)  # type: ignore[operator]  # pyright: ignore[reportArgumentType]
