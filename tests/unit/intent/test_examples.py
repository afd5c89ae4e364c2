"""Each example of each rule is decided as its list says, or the result names what went wrong and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import IMPORTS, SHOP, plan_of

from techlead.intent.examples import ExampleResult, check_examples

PAGE = """
@rule(because="Sold twice (ticket 17, May 2020).", allows=[{allows}], refuses=[facts(stock=0)])
def fine(listing: Facts[Listing]) -> bool:
    return {test}
@action(Listing, by=owner, when=[fine])
def close(listing: Listing) -> None:
    listing.stock = 0
@action(Listing, by=owner, when=[fine])
def open_again(listing: Listing) -> None:
    listing.stock = 1
"""


def results(folder: Path, test: str, allows: str = "facts(stock=1)") -> tuple[ExampleResult, ...]:
    return check_examples(plan_of(folder, SHOP + PAGE.format(test=test, allows=allows)))


def test_examples_that_hold_pass_and_each_rule_is_run_once(tmp_path: Path) -> None:
    found = results(tmp_path, "listing.stock > 0")
    assert [(one.rule, one.listed, str(one.example), one.passed, one.reason) for one in found] == [
        ("fine", "allows", "facts(stock=1)", True, ""),
        ("fine", "refuses", "facts(stock=0)", True, ""),
    ]
    assert str(found[0]) == "fine allows facts(stock=1)"


FAILING = {
    "allowed and refused": ("listing.stock > 1", "allows", "the rule refuses it"),
    "refused and allowed": ("True", "refuses", "the rule allows it"),
    "no bool": ("listing.stock", "allows", "it gives 1, which is no bool"),
    "a fact that is not given": (
        "listing.title == 'a'", "allows", "it raises FactMissing at {file}:{line}: the facts give no 'title' of Listing"),
    "another error": ("1 // listing.stock > 0", "refuses", "it raises ZeroDivisionError at {file}:{line}: integer division or modulo by zero"),
}  # fmt: skip


@pytest.mark.parametrize(("test", "listed", "reason"), FAILING.values(), ids=FAILING.keys())
def test_what_does_not_hold_is_named_with_its_place(tmp_path: Path, test: str, listed: str, reason: str) -> None:
    (failed, *_) = [one for one in results(tmp_path, test) if not one.passed]
    lines = (IMPORTS + SHOP + PAGE.format(test=test, allows="facts(stock=1)")).splitlines()
    said = reason.format(file=failed.file, line=1 + lines.index(f"    return {test}"))
    assert (failed.listed, failed.reason[: len(said)]) == (listed, said)
    assert "@rule(" in lines[failed.line - 1]
    assert str(failed).startswith(f"{failed.file}:{failed.line}: fine {listed} facts(stock=")


def test_rules_come_by_name(tmp_path: Path) -> None:
    page = PAGE.format(test="listing.stock > 0", allows="facts(stock=1)")
    other = page.replace("fine", "another").replace("close", "shut").replace("open_again", "reopen")
    found = check_examples(plan_of(tmp_path, SHOP + page + other))
    assert [one.rule for one in found] == ["another", "another", "fine", "fine"]


def test_a_backend_without_rules_has_no_results(tmp_path: Path) -> None:
    assert check_examples(plan_of(tmp_path, SHOP)) == ()
