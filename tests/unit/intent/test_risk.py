"""The risk of each thing comes from a table, and the reasons are said."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import SHOP, plan_of

from techlead.intent.items import items_of
from techlead.intent.risk import RiskClass

PAGE = (
    SHOP
    + """
@rule(because="{because}", allows=[facts({allows})], refuses=[facts({refuses})])
def fine(listing: Facts[Listing]) -> bool:
    return {body}
@action(Listing, by=owner, when=[fine], examples=[facts().gives(listing=facts(stock=0))])
def close(listing: Listing) -> None:
    listing.stock = 0
@action(Person, by=role("admin"), examples=[facts().gives(person=facts(disabled=True))])
def ban(person: Person) -> None:
    person.disabled = True
"""
)
STOCK = {"allows": "stock=1", "refuses": "stock=0", "body": "listing.stock > 0"}
PRICE = {"allows": 'price=Money("2.00", "EUR")', "refuses": 'price=Money("1.00", "EUR")', "body": 'listing.price > Money("1.00", "EUR")'}  # fmt: skip
RULES = {
    "ordinary": ("Nothing can be sold that is not there.", STOCK, RiskClass.ORDINARY, "it decides about rows"),
    "an incident": ("Sold twice in the incident of May 2020.", STOCK, RiskClass.CAREFUL, "its reason is an incident"),
    "money": ("Nothing is given away here.", PRICE, RiskClass.CAREFUL, "it is about money"),
}


@pytest.mark.parametrize(("because", "rule", "of", "why"), RULES.values(), ids=RULES.keys())
def test_rules_are_classified(tmp_path: Path, because: str, rule: dict[str, str], of: RiskClass, why: str):
    found = items_of(plan_of(tmp_path, PAGE.format(because=because, **rule)))["rule fine"].risk
    assert found.of is of
    assert any(why in one for one in found.why)
    assert str(found).startswith(of.value)


def test_everything_else_is_classified(tmp_path: Path):
    items = items_of(plan_of(tmp_path, PAGE.format(because="Nothing can be sold that is not there.", **STOCK)))
    careful = {title for title, one in items.items() if one.risk.of is RiskClass.CAREFUL}
    assert careful == {
        "policy Listing", "policy Order", "policy Person", "setting roles", "setting Listing", "setting Order",
        "setting Person", "action Person.ban",
    }  # fmt: skip
    assert items["action Listing.close"].risk.of is RiskClass.ORDINARY
