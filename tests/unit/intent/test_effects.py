"""What an action did is seen whole: rows, new rows, messages with the row they are about, and calls of other systems."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pages import SHOP, load, plan_of

from techlead.declare.effect import create, delete, refuse
from techlead.declare.resource import draft
from techlead.intent.code import read_code
from techlead.intent.difference import Verdict, compare
from techlead.intent.effects import effects_of
from techlead.intent.record import record_of, subject_of
from techlead.intent.subjects import subjects_of
from techlead.intent.values import encoded


@dataclass(frozen=True)
class Call:
    """An effect of a kind that `effects` has no words for, as an extension would bring it."""

    system: Any
    path: str
    body: dict[str, Any]
    about: Any


@dataclass(frozen=True)
class System:
    """A declaration of another system."""

    name: str

    def call(self, path: str, body: dict[str, Any], *, about: Any) -> Call:
        return Call(self, path, body, about)


System.__module__ = "techlead.declare.outside"


def listing(folder: Path, **values: Any) -> Any:
    return draft(load(folder, SHOP).Listing, values)


def test_nothing_that_is_asked_for_goes_unseen(tmp_path: Path):
    row = listing(tmp_path, stock=1)
    bank = System("bank")
    done = effects_of(lambda: [bank.call("charge", {"amount": 5}, about=row), delete(row)], {"listing": row})
    assert done.calls == ('call(bank, "charge", {amount: 5}, listing)',)
    assert done.deletes == ("listing",)
    assert str(done) == 'deletes listing; call(bank, "charge", {amount: 5}, listing)'


def test_a_refusal_is_all_that_is_done(tmp_path: Path):
    row = listing(tmp_path, stock=1)
    assert str(effects_of(lambda: [create(row), refuse("No.")], {"listing": row})) == "refuses 'No.'"
    assert str(effects_of(lambda: None, {"listing": row})) == "nothing"


ACTION = """
@action(Order, by=owner)
def pay(order: Order, listing: Listing) -> Effects:
    listing.stock = listing.stock - 1
    yield BANK.call("charge", {{"note": order.note}}, about={about})
"""


QUIET = """
@action(Order, by=owner)
def pay(order: Order, listing: Listing) -> None:
    listing.stock = listing.stock - 1 if order.note else 0
"""


def test_a_signed_action_that_calls_another_system_is_compared_with_a_draft(tmp_path: Path):
    page = SHOP + QUIET
    base = next(iter(subjects_of(plan_of(tmp_path, page))))
    subjects = []
    for about in ("order", "listing"):
        (tmp_path / about).mkdir()
        module = load(tmp_path / about, SHOP + "BANK = None\n" + ACTION.format(about=about))
        module.BANK = System("bank")
        (action,) = module.Order.declaration.actions
        code = read_code(action.function)
        subjects.append(dataclasses.replace(base, code=code, function=code.function()))
    old, new = subjects
    assert encoded(System("bank")) == ["declared", "bank"]
    signed = subject_of(record_of(old))
    found = compare(signed, new)
    assert found.verdict is Verdict.DIFFERS
    (witness,) = found.witnesses
    assert ("order)" in witness.before, "listing)" in witness.after) == (True, True)
    assert compare(signed, old).verdict is not Verdict.DIFFERS
