"""An example becomes the facts that its rule is called with: frozen rows, references by words, values of their types."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pages import SHOP, load

from techlead.declare.facts import Example, facts
from techlead.declare.resource import FactMissing, FrozenFacts
from techlead.declare.types import Ref
from techlead.derive.compile import derive
from techlead.derive.examples import example_problems, facts_of, word_reference
from techlead.derive.plan import ActionPlan, Plan

PAGE = """
class Parcel(Body):
    code: Mapped[Secret[str]] = field(max_length=9)
    size: Mapped[int] = field(ge=1, le=9)
@backend.resource(read=signed_in, create=signed_in)
class Swap(Resource):
    keeper: Mapped[Ref[Person]] = owned_by()
    listing: Mapped[Ref[Listing]]
    right: Mapped[Ref[Listing] | None]
    title: Mapped[str] = field(max_length=20)
    address: Mapped[Email | None]
    seen_at: Mapped[datetime | None]
    loud: Mapped[str] = computed(lambda swap: swap.title.upper(), max_length=20)
@rule(because="An example of one row (ticket 1).", allows=[facts(title="a")], refuses=[facts(title="b")])
def of_row(swap: Facts[Swap]) -> bool:
    return swap.loud == "A"
@rule(because="An example of everything (ticket 2).",
      allows=[facts(swap=facts(), right=None, actor=facts(), now=datetime(2026, 5, 1, tzinfo=UTC), body=facts(size=3), n=0, sum=Money("0", "EUR"))],
      refuses=[facts(swap=facts(), right=facts(), actor=facts(), now=datetime(2026, 5, 1, tzinfo=UTC), body=facts(size=3), n=0, sum=Money("0", "EUR"))])
def of_everything(swap: Facts[Swap], right: Facts[Listing] | None, actor: Facts[Person], now: datetime, body: Facts[Parcel],
                  n: Annotated[int, count("Order", of="listing")], sum: Annotated[Money, total("Listing", "price", of="seller")]) -> bool:
    return right is None
@rule(because="An example of a moment (ticket 3).", allows=[facts(now=datetime(2026, 5, 1, tzinfo=UTC))],
      refuses=[facts(now=datetime(2025, 5, 1, tzinfo=UTC))])
def of_moment(now: datetime) -> bool:
    return now.year == 2026
@rule(because="An example of an optional row (ticket 4).", allows=[facts(right=None)], refuses=[facts(stock=1)])
def of_optional(right: Facts[Listing] | None) -> bool:
    return right is None
@rule(because="An example of a body (ticket 5).", allows=[facts(size=3)], refuses=[facts(body=facts(size=4))])
def of_body(body: Facts[Parcel]) -> bool:
    return body.size == 3
@action(Swap, by=signed_in, when=[of_row, of_everything, of_moment, of_optional, of_body])
def change(swap: Swap, listing: Facts[Listing], right: Listing | None, body: Parcel) -> None:
    swap.title = "b"
"""


class Page:
    """The derived page, and a short way to the facts of one of its rules."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.plan: Plan = derive(module.backend)
        self.action: ActionPlan = self.plan.resources["Swap"].actions[0]

    def facts(self, rule: str, example: Example) -> dict[str, Any]:
        found: Any = getattr(self.module, rule)
        return facts_of(found, self.action.parameters, self.plan, example, self.action.body)

    def problems(self, rule: str, example: Example) -> tuple[str, ...]:
        found: Any = getattr(self.module, rule)
        return example_problems(found, self.action.parameters, self.plan, example, self.action.body)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder: Path = tmp_path_factory.mktemp("examples")
    return Page(load(folder, SHOP + PAGE))


def test_the_fields_of_the_only_row_are_given_by_their_names(page: Page) -> None:
    swap = page.facts("of_row", facts(title="a", listing="bicycle", right=None, id="first"))["swap"]
    assert (swap.title, swap.listing, swap.right) == ("a", word_reference("listing", "bicycle"), None)
    assert swap.id == word_reference("swap", "first")


def test_facts_are_frozen_and_know_only_what_is_given(page: Page) -> None:
    swap = page.facts("of_row", facts(title="a"))["swap"]
    with pytest.raises(FrozenFacts):
        swap.title = "b"
    with pytest.raises(FactMissing, match="the facts give no 'listing' of Swap"):
        _ = swap.listing


def test_computed_fields_are_worked_out_from_what_is_given(page: Page) -> None:
    assert page.facts("of_row", facts(title="a"))["swap"].loud == "A"
    assert page.facts("of_row", facts(title="a", loud="B"))["swap"].loud == "B"


def test_a_word_always_leads_to_the_same_row(page: Page) -> None:
    first = page.facts("of_row", facts(listing="bicycle"))["swap"]
    again = page.facts("of_row", facts(listing="bicycle", right="bicycle"))["swap"]
    assert first.listing == again.listing == again.right
    assert first.listing != page.facts("of_row", facts(listing="car"))["swap"].listing
    assert len(first.listing.raw) == 16


def test_a_reference_may_be_given_as_it_is(page: Page) -> None:
    reference: Ref[Any] = Ref("listing", bytes(16))
    assert page.facts("of_row", facts(listing=reference))["swap"].listing is reference
    assert page.problems("of_row", facts(listing=Ref("person", bytes(16)))) == (
        f'swap.listing cannot be {Ref("person", bytes(16))!r}: name it by a word, such as "alice"',
    )


def test_values_are_brought_into_the_form_in_which_rules_see_them(page: Page) -> None:
    moment = page.module.datetime.fromisoformat("2026-05-01T14:00:00+02:00")
    swap = page.facts("of_row", facts(address="Alice@EXAMPLE.com", seen_at=moment))["swap"]
    assert swap.address == "Alice@example.com"
    assert swap.seen_at == moment
    assert swap.seen_at.utcoffset().total_seconds() == 0


def test_several_parameters_are_given_by_their_names(page: Page) -> None:
    rule = page.module.of_everything
    given = page.facts("of_everything", rule.refuses[0])
    assert list(given) == ["swap", "right", "actor", "now", "body", "n", "sum"]
    assert given["body"].size == 3
    assert rule(**given) is False
    assert rule(**page.facts("of_everything", rule.allows[0])) is True


def test_one_parameter_may_be_given_by_its_name_as_well(page: Page) -> None:
    assert page.facts("of_row", facts(swap=facts(title="a")))["swap"].title == "a"
    assert page.facts("of_moment", page.module.of_moment.allows[0])["now"].year == 2026
    assert page.facts("of_optional", facts(right=None)) == {"right": None}
    assert page.facts("of_optional", facts(stock=1))["right"].stock == 1
    assert page.facts("of_body", facts(body=facts(size=4)))["body"].size == 4


def test_a_body_s_secret_is_known_to_its_rule(page: Page) -> None:
    assert page.facts("of_body", facts(code="1234"))["body"].code == "1234"


def test_everything_that_does_not_fit_is_named_at_once(page: Page) -> None:
    with pytest.raises(ValueError, match=r"swap has no field 'titel'; swap.listing is never empty"):
        page.facts("of_row", facts(titel="a", listing=None))


def test_an_id_belongs_to_rows_and_not_to_bodies(page: Page) -> None:
    assert page.problems("of_body", facts(id="a")) == ("body has no field 'id'",)


PLAIN = {
    "true for a count": ({"n": True}, "n cannot be True: it is a number of rows"),
    "a float for a sum of money": ({"sum": 1.5}, "sum cannot be 1.5: it is a Money"),
    "a word for the actor": ({"actor": "alice"}, "actor is given as 'alice': write actor=facts(...)"),
    "nothing for the row": ({"swap": None}, "swap is given as None: write swap=facts(...)"),
}


@pytest.mark.parametrize(("wrong", "problem"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_values_have_their_types(page: Page, wrong: dict[str, Any], problem: str) -> None:
    example = facts(**{**dict(page.module.of_everything.allows[0].values), **wrong})
    assert page.problems("of_everything", example) == (problem,)
