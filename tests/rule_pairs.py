"""Pairs of versions of a rule: half lose a condition that had a reason, half say the same in other words.

A rule is given as its helpers (what stands above it), its body, and the change; the page around it is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pages import plan_of

from techlead.intent.subject import Subject
from techlead.intent.subjects import subjects_of

PAGE = """
from datetime import timedelta
from techlead.declare.access import signed_in
backend = Backend("bank", roles=["admin"])

@backend.account
class Person(Account):
    age: Mapped[int] = field(ge=0, le=150, default=0)
    email_kind: Mapped[str] = field(max_length=60, default="")

class Kind(Enum):
{kinds}

class State(Enum):
    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"

@backend.resource(read=owner, create=signed_in)
class Loan(Resource):
    borrower: Mapped[Ref[Person]] = owned_by()
    surety: Mapped[Ref[Person] | None]
    kind: Mapped[Kind] = field(default=Kind.HOME)
    state: Mapped[State] = field(default=State.OPEN)
    amount: Mapped[Money] = field(ge=Money("0.00", "EUR"), le=Money("1000000.00", "EUR"))
    paid: Mapped[Money] = field(ge=Money("0.00", "EUR"), le=Money("1000000.00", "EUR"))
    score: Mapped[int] = field(ge=0, le=1000, default=500)
    months: Mapped[int] = field(ge=1, le=480, default=12)
    frozen: Mapped[bool] = field(default=False)
    verified: Mapped[bool] = field(default=False)
    note: Mapped[str | None] = field(max_length=200)
    domain: Mapped[str] = field(max_length=100, default="")
    opened: Mapped[datetime] = field(default=now)
    birthday: Mapped[date | None]

Open = Annotated[int, count("Loan", of="borrower", state=State.OPEN)]
NOON = datetime.fromisoformat("2026-05-01T12:00:00+00:00")
{helpers}

@rule(because="Written for the catalogue of pairs (test, 2026).", allows=[{allows}], refuses=[{refuses}])
def eligible(loan: Facts[Loan]{more}) -> bool:
{body}

@action(Loan, by=owner, when=[eligible])
def settle(loan: Loan) -> None:
    loan.state = State.CLOSED
"""
KINDS = 'HOME = "home" CAR = "car" STUDENT = "student"'
FACTS = {
    "kind": "Kind.HOME", "state": "State.OPEN", "amount": 'Money("100.00", "EUR")', "paid": 'Money("0.00", "EUR")',
    "score": "700", "months": "12", "frozen": "False", "verified": "True", "note": "None", "domain": '"bank.example"',
    "opened": "NOON", "birthday": "date(1990, 5, 1)", "borrower": '"alice"', "surety": "None",
}  # fmt: skip
"""Facts of a loan that every rule of the catalogue allows, unless a pair says otherwise."""


@dataclass(frozen=True)
class Version:
    """One version of the rule."""

    body: str
    helpers: str = ""
    kinds: str = KINDS


@dataclass(frozen=True)
class Pair:
    """Two versions; of a loss, the way it goes and what the intended witness shows."""

    name: str
    what: str
    old: Version
    new: Version
    refused: dict[str, str]
    """What the example that the old version refuses changes of FACTS."""
    direction: str = ""
    witness: tuple[str, ...] = ()
    """Words that the witness must have; empty for a true refactoring."""
    allowed: dict[str, str] | None = None
    proved: bool = True
    """Of a refactoring: whether it is to be proved, or is among what has no translation."""
    more: str = ""
    """Further parameters of the rule: `, now: datetime`."""


def subject(folder: Path, pair: Pair, version: Version) -> Subject:
    """Derive a page of one version and read its rule."""
    page = PAGE.format(
        kinds=_lines(version.kinds),
        helpers=version.helpers,
        allows=_example(pair, pair.allowed or {}),
        refuses=_example(pair, {**(pair.allowed or {}), **pair.refused}),
        more=pair.more,
        body="\n".join(f"    {line}" for line in version.body.splitlines()),
    )
    return next(one for one in subjects_of(plan_of(folder, page)) if one.title == "rule eligible")


def _lines(kinds: str) -> str:
    return "\n".join(f"    {one}" for one in kinds.replace('" ', '"\n').splitlines())


def _example(pair: Pair, changed: dict[str, str]) -> str:
    plain = {name: changed[name] for name in ("now", "open") if name in changed}
    fields = ", ".join(f"{name}={value}" for name, value in {**FACTS, **changed}.items() if name not in plain)
    if not pair.more:
        return f"facts({fields})"
    return f"facts(loan=facts({fields}), {', '.join(f'{name}={value}' for name, value in plain.items())})"


def loss(
    name: str, what: str, old: str, new: str, refused: dict[str, str], direction: str, *witness: str, **given: object
) -> Pair:
    """Make a pair that loses something."""
    return Pair(name, what, Version(old), Version(new), refused, direction, witness, **given)  # type: ignore[arg-type]


def same(name: str, what: str, old: str, new: str, refused: dict[str, str], **given: object) -> Pair:
    """Make a pair that says the same."""
    return Pair(name, what, Version(old), Version(new), refused, **given)  # type: ignore[arg-type]


NOW = {"allowed": {"now": "NOON + timedelta(days=10)"}, "more": ", now: datetime"}
AGE = "return now - loan.opened >= timedelta(days=2) and loan.state is State.OPEN"
LIMIT = "LIMIT = 600"
HELPER = "def good(loan):\n    return loan.score >= 600 and not loan.frozen"

LOSSES = (
    loss("an incident's date forgotten", "date", 'return loan.score >= 600 and loan.opened >= datetime.fromisoformat("2021-03-15T00:00:00+00:00")',
         "return loan.score >= 600", {"opened": 'datetime.fromisoformat("2021-03-14T23:59:59+00:00")'}, "widened", "opened="),
    loss("the last second of a grace period", "date", AGE, AGE.replace(">=", ">"), {"now": "NOON + timedelta(days=1)"}, "narrowed", "now=", **NOW),
    loss("days counted as hours", "date", AGE, AGE.replace("days=2", "hours=2"), {"now": "NOON + timedelta(hours=1)"}, "widened", "now=", **NOW),
    loss("a birthday on the day itself", "date", "return loan.birthday is not None and loan.birthday <= date(2008, 5, 1)",
         "return loan.birthday is not None and loan.birthday < date(2008, 5, 1)", {"birthday": "date(2008, 5, 2)"}, "narrowed", "date(2008, 5, 1)"),
    loss("a member forgotten", "enum", "return loan.kind in (Kind.HOME, Kind.CAR)", "return loan.kind is Kind.HOME", {"kind": "Kind.STUDENT"}, "narrowed", "Kind.CAR"),
    loss("not closed is not open", "enum", "return loan.state is State.OPEN", "return loan.state is not State.CLOSED", {"state": "State.CLOSED"}, "widened", "State.HELD"),
    loss("an Enum got a member", "enum member", "return loan.kind is not Kind.STUDENT", "return loan.kind is not Kind.STUDENT", {"kind": "Kind.STUDENT"}, "widened", "Kind.BOAT"),
    loss("a limit of money moved by a cent", "money", 'return loan.amount <= Money("500.00", "EUR")', 'return loan.amount < Money("500.00", "EUR")',
         {"amount": 'Money("501.00", "EUR")'}, "narrowed", 'Money("500.00", "EUR")'),
    loss("a fee not taken off", "money", "return loan.paid + FEE <= loan.amount", "return loan.paid <= loan.amount", {"paid": 'Money("100.00", "EUR")'}, "widened", "paid="),
    loss("more may be paid than is owed", "money", "return loan.score >= 600 and loan.paid < loan.amount", "return loan.score >= 600", {"paid": 'Money("100.00", "EUR")'}, "widened", "paid="),
    loss("a flag dropped", "flag", "return loan.score >= 600 and not loan.frozen", "return loan.score >= 600", {"frozen": "True"}, "widened", "frozen=True"),
    loss("one of two flags enough", "flag", "return loan.verified and not loan.frozen", "return loan.verified or not loan.frozen", {"verified": "False", "frozen": "True"}, "widened", "="),
    loss("None taken as young", "None", "return loan.birthday is None or loan.birthday <= date(2008, 5, 1)", "return loan.birthday is not None and loan.birthday <= date(2008, 5, 1)",
         {"birthday": "date(2010, 1, 1)"}, "narrowed", "birthday=None"),
    loss("an empty note is a note", "None", "return loan.note is None", "return not loan.note", {"note": '"held by the court"'}, "widened", 'note=""'),
    loss("a surety who is the borrower", "reference", "return loan.surety is None or loan.surety != loan.borrower", "return True if loan.surety is None else loan.score >= 600",
         {"surety": '"alice"', "score": "100"}, "widened", "surety="),
    loss("guards in the other order", "order of guards", "if loan.frozen:\n    return False\nif loan.verified:\n    return True\nreturn loan.score >= 600",
         "if loan.verified:\n    return True\nif loan.frozen:\n    return False\nreturn loan.score >= 600", {"frozen": "True"}, "widened", "frozen=True", "verified=True"),
    loss("an exception that came first", "order of guards", "if loan.kind is Kind.STUDENT:\n    return loan.score >= 400\nreturn loan.score >= 600 and loan.months <= 60",
         "if loan.months > 60:\n    return False\nreturn loan.score >= (400 if loan.kind is Kind.STUDENT else 600)", {"score": "100"}, "narrowed", "Kind.STUDENT", "months="),
    loss("ends with became contains", "text", 'return loan.domain.endswith("bank.example")', 'return "bank.example" in loan.domain', {"domain": '"evil.example"'}, "widened", "bank.examplex"),
    loss("starts with became ends with", "text", 'return loan.domain.startswith("bank.")', 'return loan.domain.endswith("bank.")', {"domain": '"evil.example"'}, "narrowed", "domain="),
    Pair("a constant changed far away", "constant", Version("return loan.score >= LIMIT", LIMIT), Version("return loan.score >= LIMIT", "LIMIT = 500"),
         {"score": "100"}, "widened", ("score=",)),
    Pair("a helper lost a condition", "helper", Version("return good(loan)", HELPER), Version("return good(loan)", HELPER.replace(" and not loan.frozen", "")),
         {"frozen": "True"}, "widened", ("frozen=True",)),
    Pair("a helper's helper shifted", "helper", Version("return good(loan)", "def enough(score):\n    return score >= 600\n\ndef good(loan):\n    return enough(loan.score)"),
         Version("return good(loan)", "def enough(score):\n    return score > 600\n\ndef good(loan):\n    return enough(loan.score)"), {"score": "1"}, "narrowed", ("score=600",)),
    loss("a count by one too many", "count", "return open < 3 and not loan.frozen", "return open <= 3 and not loan.frozen", {"open": "7"}, "widened", "open=3",
         allowed={"open": "1"}, more=", open: Open"),
    loss("two wrongs at once", "two fields", "return loan.score >= 600 or (loan.verified and loan.months <= 24)", "return loan.score >= 600 or loan.verified",
         {"score": "1", "verified": "False"}, "widened", "months=", "score="),
)  # fmt: skip
LOSSES = tuple(
    Pair(one.name, one.what, one.old, Version(one.new.body, one.new.helpers, KINDS + ' BOAT = "boat"'), one.refused, one.direction, one.witness)
    if one.what == "enum member" else
    Pair(one.name, one.what, Version(one.old.body, FEE), Version(one.new.body, FEE), one.refused, one.direction, one.witness, allowed={"paid": 'Money("50.00", "EUR")'})
    if "fee" in one.name else one
    for one in LOSSES for FEE in ['FEE = Money("5.00", "EUR")']
)  # fmt: skip

SAME = (
    same("De Morgan", "logic", "return not (loan.frozen or not loan.verified)", "return loan.verified and not loan.frozen", {"frozen": "True"}),
    same("conditions in another order", "logic", "return loan.score >= 600 and not loan.frozen and loan.months <= 60", "return loan.months <= 60 and not loan.frozen and loan.score >= 600", {"frozen": "True"}),
    same("guards instead of a sum", "guards", "return loan.score >= 600 and not loan.frozen", "if loan.frozen:\n    return False\nreturn loan.score >= 600", {"frozen": "True"}),
    same("guards in an order that does not matter", "guards", "if loan.frozen:\n    return False\nif loan.months > 60:\n    return False\nreturn loan.score >= 600",
         "if loan.months > 60:\n    return False\nif loan.frozen:\n    return False\nreturn loan.score >= 600", {"frozen": "True"}),
    same("an Enum counted up", "enum", "return loan.kind is not Kind.STUDENT", "return loan.kind in (Kind.HOME, Kind.CAR)", {"kind": "Kind.STUDENT"}),
    same("match instead of in", "enum", "return loan.state in (State.OPEN, State.HELD)", "match loan.state:\n    case State.OPEN | State.HELD:\n        return True\n    case _:\n        return False", {"state": "State.CLOSED"}),
    same("hours instead of days", "date", AGE, AGE.replace("days=2", "hours=48"), {"now": "NOON"}, **NOW),
    same("the sum on the other side", "date", AGE, "return loan.state is State.OPEN and loan.opened + timedelta(days=2) <= now", {"now": "NOON"}, allowed=NOW["allowed"], more=NOW["more"]),
    same("a date turned round", "date", "return loan.birthday is not None and loan.birthday <= date(2008, 5, 1)", "return not (loan.birthday is None or date(2008, 5, 1) < loan.birthday)", {"birthday": "date(2010, 1, 1)"}),
    same("money compared the other way", "money", 'return loan.amount <= Money("500.00", "EUR")', 'return not Money("500.00", "EUR") < loan.amount', {"amount": 'Money("501.00", "EUR")'}),
    same("money on the other side", "money", "return loan.paid < loan.amount", 'return loan.amount - loan.paid > Money("0.00", "EUR")', {"paid": 'Money("100.00", "EUR")'}),
    same("a negated comparison", "numbers", "return loan.score >= 600", "return not loan.score < 600", {"score": "1"}),
    same("whole numbers shifted", "numbers", "return loan.score > 599", "return loan.score >= 600", {"score": "1"}),
    same("a chained comparison", "numbers", "return 600 <= loan.score <= 900", "return loan.score >= 600 and loan.score <= 900", {"score": "1"}),
    Pair("a constant given a name", "constant", Version("return loan.score >= 600"), Version("return loan.score >= LIMIT", LIMIT), {"score": "1"}),
    Pair("a helper taken out", "helper", Version("return loan.score >= 600 and not loan.frozen"), Version("return good(loan)", HELPER), {"frozen": "True"}),
    Pair("a helper put in", "helper", Version("return good(loan) and loan.verified", HELPER), Version("return loan.verified and loan.score >= 600 and not loan.frozen"), {"frozen": "True"}),
    same("any of several texts", "text", 'return loan.domain.endswith(".example") or loan.domain.endswith(".test")', 'return any(loan.domain.endswith(one) for one in (".example", ".test"))', {"domain": '"evil.org"'}),
    same("a tuple of endings", "text", 'return loan.domain.endswith(".example") or loan.domain.endswith(".test")', 'return loan.domain.endswith((".example", ".test"))', {"domain": '"evil.org"'}),
    same("None asked first", "None", 'return loan.note is None or loan.note == ""', 'return loan.note in (None, "")', {"note": '"held"'}),
    same("a choice unfolded", "logic", "return loan.score >= (400 if loan.kind is Kind.STUDENT else 600)",
         "if loan.kind is Kind.STUDENT:\n    return loan.score >= 400\nreturn loan.score >= 600", {"score": "1"}),
    same("a local name", "logic", "return loan.score + loan.months >= 700 and loan.verified", "total = loan.months + loan.score\nreturn loan.verified and total >= 700", {"score": "1"}),
    same("references compared the other way", "reference", "return loan.surety is None or loan.surety != loan.borrower", "return not (loan.surety is not None and loan.borrower == loan.surety)", {"surety": '"alice"'}),
    same("a text made small first", "text", 'return loan.domain.lower() == "bank.example"', 'return "bank.example" == loan.domain.lower()', {"domain": '"evil.org"'}, proved=False),
)  # fmt: skip
PAIRS = (*LOSSES, *SAME)
