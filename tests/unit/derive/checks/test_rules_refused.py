"""Rules without a reason or without an example of each kind are refused, with an example ready to paste."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, assert_refused, load, plan_of, refusals_of

from techlead.derive.compile import derive


def rule(
    test: str = "listing.status is Status.OPEN",
    *,
    because: str = "Sold twice (ticket 17, May 2020).",
    allows: str = "[facts(status=Status.OPEN)]",
    refuses: str = "[facts(status=Status.SOLD)]",
    parameters: str = "listing: Facts[Listing]",
    name: str = "fine",
) -> str:
    """Write a rule before an action on a listing; the decorator's line is where a refusal points."""
    return f"""
class Parcel(Body):
    size: Mapped[int] = field(ge=1, le=9)
@rule(because="{because}", allows={allows}, refuses={refuses})  # HERE
def {name}({parameters}) -> bool:
    return {test}
@action(Listing, by=owner, when=[{name}])
def close(listing: Listing, body: Parcel) -> None:
    listing.status = Status.SOLD
"""


REASONS = {
    "no reason": (rule(because=""), "it has no reason", "ticket 482"),
    "only spaces": (rule(because="  "), "it has no reason", "ticket 482"),
    "a short one": (rule(because="Ticket 12."), "shorter than 15 characters", "name the source"),
    "a placeholder": (rule(because="TODO: ask Maria about the reason."), "stands where a reason should", "name the source"),
    "another": (rule(because="tbd"), "stands where a reason should", "name the source"),
    "none": (rule(because="none"), "stands where a reason should", "name the source"),
    "the question's own word": (rule(because="because because because"), "stands where a reason should", "name the source"),
    "a rule of nothing": (rule("True", parameters=""), "it has no parameters", "Facts[Order]"),
    "a name in another case": (rule(name="fineListing"), "'fineListing' is not in snake_case", "def name_of_rule"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "reason", "mend"), REASONS.values(), ids=REASONS.keys())
def test_a_rule_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, SHOP + page, reason, mend)


EXAMPLES = {
    "none that it allows": (rule(allows="[]"), "no example shows what it allows", "allows=[facts(status=Status.OPEN)]"),
    "none that it refuses": (rule(refuses="[]"), "no example shows what it refuses", "refuses=[facts(status=Status.SOLD)]"),
    "the same in both": (rule(refuses="[facts(status=Status.OPEN)]"), "allowed and refused", "where it belongs"),
    "an unknown field": (rule(allows="[facts(state=Status.OPEN)]"), "allows, example 1: listing has no field 'state'", "correct it"),
    "another class's value": (
        rule(refuses="[facts(status=Status.SOLD), facts(status=Other.OPEN)]"),
        "refuses, example 2: listing.status cannot be <Other.OPEN: 'open'>: it must be one of: open, sold", "correct it"),
    "a float for money": (
        rule("listing.price.minor > 100", allows="[facts(price=1.5)]", refuses='[facts(price=Money("1", "EUR"))]'),
        "listing.price cannot be 1.5: it must be Money in EUR", "correct it"),
    "a value out of bounds": (rule(allows="[facts(stock=101)]"), "listing.stock cannot be 101: it must be at most 100", "correct it"),
    "an empty value": (rule(allows="[facts(title=None)]"), "listing.title is never empty", "correct it"),
    "a number for a reference": (rule(allows="[facts(seller=7)]"), "listing.seller cannot be 7: name it by a word", "correct it"),
    "a Secret": (
        rule("order.note is None", parameters="order: Facts[Order]", allows="[facts(pin='1')]", refuses="[facts(note='a')]").replace(
            "close(listing: Listing", "close(order: Order").replace("action(Listing", "action(Order").replace(
            "listing.status = Status.SOLD", "order.note = None"),
        "order.pin is Secret, and no rule sees it", "correct it"),
    "an unknown parameter": (
        rule(parameters="listing: Facts[Listing], now: datetime", allows="[facts(listng=facts(), listing=facts(), now=datetime(2026, 1, 1, tzinfo=UTC))]",
             refuses="[facts(listing=facts(), now=datetime(2027, 1, 1, tzinfo=UTC))]"),
        "the rule has no parameter 'listng'", "correct it"),
    "a missing parameter": (
        rule(parameters="listing: Facts[Listing], now: datetime", allows="[facts(listing=facts())]",
             refuses="[facts(listing=facts(), now=datetime(2027, 1, 1, tzinfo=UTC))]"),
        "it gives no 'now'", "correct it"),
    "a moment without an offset": (
        rule("now.year > 2020", parameters="now: datetime", allows="[facts(now=datetime(2026, 1, 1))]",
             refuses="[facts(now=datetime(2019, 1, 1, tzinfo=UTC))]"),
        "now cannot be datetime.datetime(2026, 1, 1, 0, 0)", "correct it"),
    "a row that is a word": (
        rule(parameters="listing: Facts[Listing], now: datetime", allows="[facts(listing='a', now=datetime(2026, 1, 1, tzinfo=UTC))]",
             refuses="[facts(listing=facts(), now=datetime(2027, 1, 1, tzinfo=UTC))]"),
        "listing is given as 'a': write listing=facts(...)", "correct it"),
    "a negative count": (
        rule("n < 3", parameters='n: Annotated[int, count("Order", of="listing")]', allows="[facts(n=-1)]", refuses="[facts(n=3)]"),
        "n cannot be -1: it is a number of rows", "correct it"),
    "a sum of another type": (
        rule("n.minor < 3", parameters='n: Annotated[Money, total("Listing", "price", of="seller")]', allows="[facts(n=2)]",
             refuses='[facts(n=Money("9", "EUR"))]'),
        "n cannot be 2: it is a Money", "correct it"),
    "a body's value out of bounds": (
        rule("body.size < 3", parameters="body: Facts[Parcel]", allows="[facts(size=0)]", refuses="[facts(size=3)]"),
        "body.size cannot be 0: it must be at least 1", "correct it"),
}  # fmt: skip


@pytest.mark.parametrize(("page", "reason", "mend"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_is_refused(tmp_path: Path, page: str, reason: str, mend: str) -> None:
    assert_refused(tmp_path, SHOP + page, reason, mend)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    page = (
        rule().replace("  # HERE", "")
        + """
def make():
    @rule(because="Sold twice (ticket 17, May 2020).", allows=[facts(stock=1)], refuses=[facts(stock=0)])  # HERE
    def fine(listing: Facts[Listing]) -> bool:
        return listing.stock > 0
    return fine
@action(Listing, by=owner, when=[make()])
def order(listing: Listing) -> None:
    listing.stock = 0
"""
    )
    assert_refused(tmp_path, SHOP + page, "another rule of this name stands at", "refusals name it")


def test_a_rule_used_nowhere_stands_but_needs_its_examples_too(tmp_path: Path) -> None:
    page = """
@rule(because="Sold twice (ticket 17, May 2020).", allows=[facts(stock=1)], refuses=[{}])  # HERE
def fine(listing: Facts[Listing]) -> bool:
    return listing.stock > 0
"""
    assert plan_of(tmp_path, SHOP + page.format("facts(stock=0)")).name == "shop"
    assert_refused(tmp_path, SHOP + page.format(""), "no example shows what it refuses", "refuses=[facts(...)]")


PASTED = {
    "a bound": ("listing.stock >= 3", "listing: Facts[Listing]", "refuses=[facts(stock=2)]"),
    "an equal amount": ('listing.price != Money("7", "EUR")', "listing: Facts[Listing]", 'refuses=[facts(price=Money("7.00", "EUR"))]'),
    "two references": (
        "actor.id != listing.seller", "listing: Facts[Listing], actor: Facts[Person]",
        'refuses=[facts(listing=facts(seller="alice"), actor=facts(id="alice"))]'),
    "a moment": (
        "listing.stock < 50 and now.year < 2027", "listing: Facts[Listing], now: datetime",
        "refuses=[facts(listing=facts(stock=50), now=datetime(2026, 5, 1, 12, 0, tzinfo=UTC))]"),
    "an amount beside one that is finer than the currency": (
        "listing.price.amount not in ('0.001', '3.00')", "listing: Facts[Listing]", 'refuses=[facts(price=Money("3.00", "EUR"))]'),
    "a text": ('listing.title != "old"', "listing: Facts[Listing]", 'refuses=[facts(title="old")]'),
    "a count": ("n < 4", 'n: Annotated[int, count("Order", of="listing")]', "refuses=[facts(n=4)]"),
    "a sum": (
        'n < Money("5", "EUR")', 'n: Annotated[Money, total("Listing", "price", of="seller")]', 'refuses=[facts(n=Money("5.00", "EUR"))]'),
    "a body": ("body.size < 5", "body: Facts[Parcel]", "refuses=[facts(size=5)]"),
    "what a helper reads": ("helper(listing)", "listing: Facts[Listing]", "refuses=[facts(stock=0)]"),
    "what nothing refuses": ("listing.stock >= 0", "listing: Facts[Listing]", "refuses=[facts(stock=0)]"),
    "what raises": ("listing.stock / 0 > 1", "listing: Facts[Listing]", "refuses=[facts(stock=0)]"),
}  # fmt: skip


@pytest.mark.parametrize(("test", "parameters", "pasted"), PASTED.values(), ids=PASTED.keys())
def test_the_missing_example_is_ready_to_paste(tmp_path: Path, test: str, parameters: str, pasted: str) -> None:
    helper = "\ndef helper(listing):\n    return listing.stock > 0\n"
    page = rule(test, parameters=parameters, allows="[facts()]", refuses="[]")
    found = [refusal for refusal in refusals_of(tmp_path, SHOP + helper + page) if "refuses" in refusal.reason]
    assert [refusal.mend for refusal in found] == [pasted]


MORE_KINDS = """
@backend.resource(read=anyone, create=signed_in)
class Card(Resource):
    flag: Mapped[bool]
    due: Mapped[date]
    rate: Mapped[Decimal] = field(places=2)
    link: Mapped[Url | None]
    seen_at: Mapped[datetime]
    quote: Mapped[str] = field(max_length=9)
    listing: Mapped[Ref[Listing] | None]
@rule(because="Sold twice (ticket 17, May 2020).", allows=[facts(flag=True)], refuses=[])
def fine(card: Facts[Card]) -> bool:
    return not ({test})
@action(Card, by=signed_in, when=[fine])
def close(card: Card, listing: Listing | None) -> None:
    card.flag = True
"""
KINDS = {
    "card.flag": "facts(flag=True)",
    "card.due.year == 2027": "facts(due=date(2027, 6, 5))",
    "card.rate == 3": 'facts(rate=Decimal("3"))',
    "card.link is None": "facts(link=None)",
    "card.seen_at.year == 2025": "facts(seen_at=datetime(2025, 3, 27, 12, 0, tzinfo=UTC))",
    """card.quote == 'a"b'""": """facts(quote='a"b')""",
    "card.listing is None": "facts(listing=None)",
}


@pytest.mark.parametrize(("test", "pasted"), KINDS.items(), ids=KINDS.keys())
def test_an_example_of_each_kind_of_field_is_written_as_source(tmp_path: Path, test: str, pasted: str) -> None:
    (refusal,) = refusals_of(tmp_path, SHOP + MORE_KINDS.format(test=test))
    assert refusal.mend == f"refuses=[{pasted}]"


def test_a_pasted_example_mends_the_page(tmp_path: Path) -> None:
    page = rule("listing.stock >= 3", allows="[facts(stock=3)]", refuses="[]")
    (refusal,) = refusals_of(tmp_path, SHOP + page)
    module = load(tmp_path, SHOP + page.replace("refuses=[]", refusal.mend))
    assert derive(module.backend).resources["Listing"].actions[0].rules
