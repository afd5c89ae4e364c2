"""Two policies are told apart by an actor and a row, or shown to be the same by trying all of them."""

from __future__ import annotations

from datetime import date

import pytest

from techlead.declare.access import AllOf, Policy, anyone, between, member, nobody, owner, role, signed_in, the, where
from techlead.intent.difference import Verdict
from techlead.intent.items import policy_data, policy_of
from techlead.intent.policies import Guard, compare_guards, compare_policies
from techlead.intent.values import NoData
from techlead.primitives.money import Money


def compared(old: Policy, new: Policy):
    return compare_guards(Guard("read Card", "Card", old, "author"), Guard("read Card", "Card", new, "author"))


team = member("Membership", of="board.team")
admins = member("Membership", of="board.team", level="admin")
writers = member("Membership", of="board.team", level={"admin", "editor"})
EQUAL = {
    "the same": (owner, owner),
    "another order": (owner | role("admin"), role("admin") | owner),
    "the owner's field": (owner, the("author")),
    "absorbed": (signed_in, signed_in | owner | team),
    "admins are members": (team, team | admins),
    "narrower is in wider": (writers & team, writers),
    "De Morgan": (~(owner | role("admin")), ~owner & ~role("admin")),
    "nobody twice": (nobody, owner & ~owner),
    "always": (anyone, owner | ~owner),
    "where in two": (where(state={"a", "b"}), where(state="a") | where(state="b")),
    "twice not": (where(open=True), ~~where(open=True)),
}
DIFFER = {
    "signed in": (owner, signed_in, "widened", "who is not the row's owner"),
    "a role": (owner | role("admin"), owner, "narrowed", "with the role admin"),
    "and became or": (owner & team, owner | team, "widened", "the row's owner"),
    "other teams": (team, signed_in, "widened", "without a Membership of the row's board.team"),
    "a level": (writers, team, "widened", "with a Membership of the row's board.team where level is something else"),
    "strangers": (signed_in, anyone, "widened", "somebody who is not signed in"),
    "a state": (where(state="a") & owner, owner, "widened", "a Card where state is something else"),
    "a limit": (where(price=between(Money("1.00", "EUR"), None)), where(price=between(Money("1.01", "EUR"), None)), "narrowed", "price is 1.00 EUR"),
    "a day": (where(due=between(None, date(2026, 5, 1))), where(due=between(None, date(2026, 5, 2))), "widened", "due is 2026-05-02"),
    "empty": (where(due=None), anyone, "widened", "Card"),
    "a text": (where(name=between("b", None)), where(name=between("a", None)), "widened", "name is a"),
    "a flag": (where(open=True), where(open=False), "widened", "open is False"),
    "a number": (where(count=between(2, 5)), where(count=between(2, 6)), "widened", "count is 6"),
    "several memberships": (admins & ~member("Membership", of="board.team", level="guest"), admins, "widened", "level is guest"),
    "through a reference": (the("card.owner"), the("card.seller"), "widened", "who is the row's card.seller"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), EQUAL.values(), ids=EQUAL.keys())
def test_what_lets_the_same_through_is_proved_equal(old: Policy, new: Policy):
    assert compared(old, new).verdict is Verdict.EQUAL


@pytest.mark.parametrize(("old", "new", "direction", "words"), DIFFER.values(), ids=DIFFER.keys())
def test_what_lets_others_through_is_shown_with_one_of_them(old: Policy, new: Policy, direction: str, words: str):
    found = compared(old, new)
    assert found.verdict is Verdict.DIFFERS
    witness = next(one for one in found.witnesses if one.direction == direction)
    assert words in witness.facts
    assert (witness.before, witness.after) == (
        ("refused", "allowed") if direction == "widened" else ("allowed", "refused")
    )


def test_a_field_of_an_enum_holds_nothing_but_its_members():
    def guard(policy: Policy, *members: str | None) -> Guard:
        return Guard("read Card", "Card", policy, members={"Card.state": members})

    every = where(state={"a", "b"})
    assert compare_guards(guard(every, "A", "B"), guard(anyone)).verdict is Verdict.EQUAL
    assert compare_guards(guard(every, "A", "B"), guard(anyone, "A", "B", "C")).verdict is Verdict.DIFFERS
    assert compare_guards(guard(every, "A", "B", None), guard(anyone)).witnesses[0].facts.endswith("state is empty")


def test_too_many_kinds_are_not_compared_and_that_is_said():
    many = role(*(f"role{number}" for number in range(18)))
    found = compared(many, many & owner)
    assert (found.verdict, "kinds of actors and rows, over" in found.uncovered[0]) == (Verdict.NOT_SHOWN, True)


@pytest.mark.parametrize("policy", [one for both in (*EQUAL.values(), *DIFFER.values()) for one in both[:2]], ids=str)
def test_a_policy_is_written_as_data_and_read_back(policy: Policy):
    back = policy_of(policy_data(policy), lambda _kind, _name: None)
    assert policy_data(back) == policy_data(policy)
    assert compared(policy, back).verdict is Verdict.EQUAL


def test_data_that_is_no_policy_is_refused():
    with pytest.raises(NoData):
        policy_of(["everybody"], lambda _kind, _name: None)


def test_a_resource_that_is_new_was_closed_to_all():
    guards = {name: ["nobody"] for name in ("create", "update", "delete", "history")} | {"read": ["anyone"]}
    record = {
        "name": "Card",
        "owner": "",
        "guards": guards,
        "fields": {"text": [["owner"], None]},
        "members": {},
        "actions": {"take": ["signed_in"]},
    }
    found = {one.title: one.verdict for one in compare_policies(None, record)}
    assert found["policy read Card"] is Verdict.DIFFERS
    assert found["policy take Card"] is Verdict.DIFFERS
    assert found["policy update Card"] is Verdict.EQUAL
    assert found["policy read Card.text"] is Verdict.DIFFERS
    assert AllOf((owner,)).parts == (owner,)
