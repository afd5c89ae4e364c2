"""Every condition is held by an example, or the missing example is printed, and pasting it holds the condition."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import pytest
from pages import PEOPLE, SHOP, plan_of
from rule_pairs import PAIRS, Pair, Version, subject
from untraced import untraced

from techlead.cli.check import data, lines, missing
from techlead.intent.paste import NoPlace, pasted
from techlead.intent.pinned import Pinned, check_plan, check_subject
from techlead.intent.proof.prove import prove
from techlead.intent.subjects import subjects_of

RULE = """
LIMIT = 3
@rule(because="Sold twice (ticket 17, May 2020).", allows=[{allows}], refuses=[{refuses}])
def fine(listing: Facts[Listing]) -> bool:
    {body}
@action(Listing, by=owner, when=[fine], examples=[facts().gives(listing=facts(stock=0))])
def close(listing: Listing) -> None:
    listing.stock = 0
"""


def checked(folder: Path, body: str, allows: str, refuses: str) -> Pinned:
    plan = plan_of(folder, SHOP + RULE.format(body=body, allows=allows, refuses=refuses))
    return next(one for one in check_plan(plan) if one.title == "rule fine")


WEAK = {
    "a comparison shifted": ("return listing.stock > 3", "facts(stock=9)", "facts(stock=0)", "refuses", "facts(stock=3)"),
    "a condition dropped": ("return listing.stock > 0 and listing.status is Status.OPEN", "facts(stock=1, status=Status.OPEN)",
                            "facts(stock=0, status=Status.OPEN)", "refuses", "facts(stock=1, status=Status.SOLD)"),
    "a constant far away": ("return listing.stock > LIMIT", "facts(stock=9)", "facts(stock=0)", "refuses", "facts(stock=3)"),
    "a member": ("return listing.status in {Status.OPEN, Status.SOLD} and listing.stock > 0", "facts(stock=1, status=Status.OPEN)",
                 "facts(stock=0, status=Status.OPEN)", "allows", "facts(stock=1, status=Status.SOLD)"),
    "money by a cent": ('return listing.price <= Money("5.00", "EUR")', 'facts(price=Money("1.00", "EUR"))',
                        'facts(price=Money("9.00", "EUR"))', "allows", 'facts(price=Money("5.00", "EUR"))'),
    "a branch": ("if listing.stock == 0: return False\n    return listing.stock < 50", "facts(stock=1)", "facts(stock=60)", "refuses", "facts(stock=0)"),
    "a text's ending": ('return listing.title.endswith("!")', 'facts(title="!")', 'facts(title="a")', "allows", 'facts(title="x!")'),
}  # fmt: skip


@pytest.mark.parametrize(("body", "allows", "refuses", "listed", "example"), WEAK.values(), ids=WEAK.keys())
def test_what_survives_comes_with_the_example_that_is_missing(
    tmp_path: Path, body: str, allows: str, refuses: str, listed: str, example: str
):
    found = checked(tmp_path, body, allows, refuses)
    assert not found.holds
    assert (listed, example) in {(one.listed, one.example) for one in found.survivors}
    told = "\n".join(lines([found]))
    assert f"missing in {listed}: {example}" in told
    assert told.startswith("NOT rule fine: 2 examples")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_pasting_what_is_missing_pins_the_rule(tmp_path: Path, pair: Pair):
    (tmp_path / "first").mkdir()
    one = subject(tmp_path / "first", pair, pair.old)
    assert one.origin is not None
    source = Path(one.origin.file).read_text()
    for example, (listed, _) in missing(check_subject(one)).items():
        source = pasted(source, one.origin.line, listed, example)
    page = tmp_path / "pinned_page.py"
    page.write_text(source.replace("from datetime import timedelta", "from datetime import timedelta, UTC"))
    spec = importlib.util.spec_from_file_location("pinned_page", page)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pinned_page"] = module
    spec.loader.exec_module(module)
    from techlead.derive.compile import derive

    found = next(one for one in check_plan(derive(module.backend)) if one.title == "rule eligible")
    assert found.holds, "\n".join(lines([found]))
    assert found.mutants > 0


def test_a_condition_that_nothing_needs_is_dead(tmp_path: Path):
    found = checked(
        tmp_path, "return listing.stock > 3 and listing.stock > 1", "facts(stock=4)", "facts(stock=3), facts(stock=0)"
    )
    assert [words.partition(": ")[2] for words in found.dead] == ["`listing.stock > 1` dropped"]
    assert "dead condition" in "\n".join(lines([found]))


def test_a_failing_example_is_told_and_nothing_is_mutated(tmp_path: Path):
    found = checked(tmp_path, "return listing.stock > 3", "facts(stock=1)", "facts(stock=0)")
    assert (found.mutants, len(found.failures)) == (0, 1)
    assert data(found)["holds"] is False
    assert "the rule refuses it" in "\n".join(lines([found]))


def test_an_example_that_lacks_what_a_mutant_reads_does_not_kill_it(tmp_path: Path):
    body = "return listing.stock > 3 and listing.status is Status.OPEN"
    found = checked(tmp_path, body, "facts(stock=4, status=Status.OPEN)", "facts(stock=3)")
    assert any("`listing.stock > 3` dropped" in one.words for one in found.survivors)


ACTION = """
sold = notification(Listing, to="seller", via=[inbox])
class Sale(Body):
    stock: Mapped[int] = field(ge=0, le=9)
@action(Listing, by=owner, examples=[{examples}])
def sell(listing: Listing, body: Sale) -> Effects:
    if listing.stock < body.stock:
        yield refuse("Not enough.")
    listing.stock -= body.stock
    if listing.stock == 0:
        listing.status = Status.SOLD
        yield sold.send(listing)
"""
HALF = "facts(listing=facts(stock=5), body=facts(stock=2)).gives(listing=facts(stock=3))"
ALL = f"""{HALF}, facts(listing=facts(stock=2), body=facts(stock=2)).gives(listing=facts(stock=0, status=Status.SOLD), sends=[sold]),
facts(listing=facts(stock=1), body=facts(stock=2)).gives(refuses="Not enough."),
facts(listing=facts(stock=3), body=facts(stock=2)).gives(listing=facts(stock=1))"""


def test_an_actions_branches_are_mutated_too(tmp_path: Path):
    weak = check_plan(plan_of(tmp_path, SHOP + ACTION.format(examples=HALF)))[0]
    assert weak.title == "action Listing.sell"
    assert {one.listed for one in weak.survivors} == {"examples"}
    assert any(
        '.gives(refuses="Not enough.")' in one.example or ".gives(refuses='Not enough.')" in one.example
        for one in weak.survivors
    )
    assert any("sends=[sold]" in one.example for one in weak.survivors)
    (tmp_path / "all").mkdir()
    (strong,) = check_plan(plan_of(tmp_path / "all", SHOP + ACTION.format(examples=ALL)))
    assert strong.holds, "\n".join(lines([strong]))


def test_an_action_that_does_more_than_its_example_says_fails_it(tmp_path: Path):
    example = "facts(listing=facts(stock=2), body=facts(stock=2)).gives(listing=facts(stock=0))"
    (found,) = check_plan(plan_of(tmp_path, SHOP + ACTION.format(examples=example)))
    assert (
        "it does: listing=(status=Status.SOLD, stock=0); sends sold; the example says: listing=(stock=0)"
        in found.failures[0].reason
    )


def test_a_hundred_rules_take_less_than_a_second(tmp_path: Path):
    rules = "".join(
        f"""
@rule(because="Sold twice (ticket {number}, May 2020).", allows=[facts(stock={number + 1}, status=Status.OPEN)],
      refuses=[facts(stock={number}, status=Status.OPEN), facts(stock={number + 1}, status=Status.SOLD)])
def fine_{number}(listing: Facts[Listing]) -> bool:
    return listing.stock > {number} and listing.status is Status.OPEN
@action(Listing, by=owner, when=[fine_{number}], examples=[facts().gives(listing=facts(stock=0))])
def close_{number}(listing: Listing) -> None:
    listing.stock = 0
"""
        for number in range(99)
    )
    plan = plan_of(tmp_path, SHOP + rules)
    with untraced():
        begun = time.process_time()
        found = check_plan(plan)
        spent = time.process_time() - begun
    assert len(found) == 198
    assert all(one.holds for one in found)
    sys.stdout.write(f"99 rules and 99 actions, {sum(one.mutants for one in found)} mutants: {spent:.2f} s\n")
    assert spent < 1


FORMS = {
    "in a line": ("@rule(allows=[facts(a=1)], refuses=[])\ndef f(x): pass\n", "allows=[facts(a=1), facts(a=2)]"),
    "an empty list": ("@rule(allows=[], refuses=[])\ndef f(x): pass\n", "allows=[facts(a=2)]"),
    "in lines": ("@rule(\n    allows=[\n        facts(a=1),\n    ],\n)\ndef f(x): pass\n", "        facts(a=1),\n        facts(a=2),\n    ],"),
    "too long": (f'@rule(allows=[facts(a="{"x" * 100}")])\ndef f(x): pass\n', f'allows=[\n    facts(a="{"x" * 100}"),\n    facts(a=2),\n]'),
    "no list yet": ('@rule(because="x")\ndef f(x): pass\n', '@rule(because="x", allows=[facts(a=2)])'),
    "no list in lines": ('@rule(\n    because="x",\n)\ndef f(x): pass\n', '    because="x",\n    allows=[facts(a=2)],\n)'),
    "no list, too long": (f'@rule(because="{"x" * 110}")\ndef f(x): pass\n', '",\n    allows=[facts(a=2)],\n)'),
    "letters of two bytes": ('@rule(because="é", allows=[facts(a="é")])\ndef f(x): pass\n', 'allows=[facts(a="é"), facts(a=2)])'),
}  # fmt: skip


@pytest.mark.parametrize(("source", "wanted"), FORMS.values(), ids=FORMS.keys())
def test_an_example_goes_into_its_list_and_nothing_else_changes(source: str, wanted: str):
    made = pasted(source, 1, "allows", "facts(a=2)")
    assert wanted in made
    compile(made, "page", "exec")
    assert made.endswith("def f(x): pass\n")


@pytest.mark.parametrize(("source", "line", "words"), [
    ("def f(x): pass\n", 1, "no decorator"), ("@rule(allows=MANY)\ndef f(x): pass\n", 1, "not written as a list")])  # fmt: skip
def test_where_there_is_no_place_it_is_said(source: str, line: int, words: str):
    with pytest.raises(NoPlace, match=words):
        pasted(source, line, "allows", "facts(a=2)")


def test_without_an_example_the_page_still_says_which_to_write(tmp_path: Path):
    page = (
        PEOPLE
        + """
@action(Person, by=role("admin"))
def ban(person: Person) -> None:
    person.disabled = True
"""
    )
    (found,) = check_plan(plan_of(tmp_path, page))
    assert {one.example for one in found.survivors} == {"facts().gives(person=facts(disabled=True))"}


WRONG = {
    "a row that is not there": ("facts().gives(order=facts(stock=1))", "order is no row"),
    "a value that cannot be": ("facts().gives(listing=facts(stock=1000))", "listing.stock cannot be 1000"),
    "facts that cannot be": ("facts(stock=-1).gives()", "listing.stock cannot be -1"),
    "a notification that is none": ("facts().gives(sends=['x'])", "'x' is no notification"),
    "nothing to delete": ("facts().gives(deletes=['x'])", "no row 'x' to delete"),
}  # fmt: skip


@pytest.mark.parametrize(("example", "words"), WRONG.values(), ids=WRONG.keys())
def test_an_example_that_cannot_be_is_refused_at_the_start(tmp_path: Path, example: str, words: str):
    from techlead.errors import DeclarationsRefused

    page = (
        SHOP
        + f"@action(Listing, by=owner, examples=[{example}])\ndef close(listing: Listing) -> None:\n    listing.stock = 0\n"
    )
    with pytest.raises(DeclarationsRefused, match=words):
        plan_of(tmp_path, page)


def test_subjects_come_rules_first(tmp_path: Path):
    page = SHOP + RULE.format(body="return listing.stock > 3", allows="facts(stock=4)", refuses="facts(stock=3)")
    assert [one.title for one in subjects_of(plan_of(tmp_path, page))] == ["rule fine", "action Listing.close"]
    assert Version("x").helpers == ""


def test_a_prover_says_that_a_condition_is_dead_and_finds_the_example_that_no_search_does(tmp_path: Path):
    body = "return listing.stock > 3 and listing.stock > 1"
    page = SHOP + RULE.format(body=body, allows="facts(stock=4)", refuses="facts(stock=3), facts(stock=0)")
    found = next(one for one in check_plan(plan_of(tmp_path, page), prove) if one.title == "rule fine")
    assert [words.partition(": ")[2] for words in found.dead] == ["`listing.stock > 1` dropped, proved with z3"]
    assert found.unseen == 0
    (tmp_path / "far").mkdir()
    far = "return listing.stock > 3 or (listing.stock * 7 == 14 and listing.title == 'deep' and listing.status is Status.SOLD)"
    page = SHOP + RULE.format(
        body=far, allows="facts(stock=4)", refuses="facts(stock=3, title='a', status=Status.OPEN)"
    )
    plan = plan_of(tmp_path / "far", page)
    searched = next(one for one in check_plan(plan) if one.title == "rule fine")
    proved = next(one for one in check_plan(plan, prove) if one.title == "rule fine")
    assert len(proved.survivors) > len(searched.survivors)
    assert any("stock=2" in one.example and 'title="deep"' in one.example for one in proved.survivors)
