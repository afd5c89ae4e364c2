"""z3 proves what it reads; what has no translation is named, and the verdict is then NOT SHOWN."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_pairs import Pair, Version, subject

from techlead.intent.difference import Difference, Verdict, compare
from techlead.intent.proof.prove import prove

ALLOWED = {"now": "NOON + timedelta(days=3)"}
LATER = ", now: datetime"


def compared(
    folder: Path, old: str, new: str, refused: dict[str, str] | None = None, helpers: str = "", **given
) -> Difference:
    pair = Pair("a pair", "", Version(old, helpers), Version(new, helpers), refused or {"score": "1"}, **given)
    made = []
    for name, one in (("old", pair.old), ("new", pair.new)):
        (folder / name).mkdir()
        made.append(subject(folder / name, pair, one))
    return compare(made[0], made[1], prove)


PROVED = {
    "a difference of moments": ("return now - loan.opened > timedelta(hours=1)", "return now > loan.opened + timedelta(hours=1)"),
    "spans times numbers": ("return now - loan.opened > timedelta(hours=1) * loan.months", "return now - loan.opened > loan.months * timedelta(hours=1)"),
    "spans of facts": ("return now - loan.opened > timedelta(days=loan.months)", "return not now - loan.opened <= timedelta(days=loan.months)"),
    "a day of a moment": ("return loan.birthday is not None and now.date() > loan.birthday", "return not (loan.birthday is None or loan.birthday >= now.date())"),
    "days and spans": ("return loan.birthday is not None and loan.birthday + timedelta(days=30) > now.date()", "return loan.birthday is not None and now.date() - loan.birthday < timedelta(days=30)"),
    "min and max": ("return max(loan.score, loan.months) >= 600", "return loan.score >= 600 or loan.months >= 600"),
    "least": ("return min(loan.score, loan.months) < 6", "return loan.months < 6 or loan.score < 6"),
    "abs": ("return abs(loan.score - 500) <= 100", "return 400 <= loan.score <= 600"),
    "division": ("return loan.score // 100 >= 6", "return loan.score >= 600"),
    "rest": ("return loan.score % 2 == 0", "return not loan.score % 2 == 1"),
    "money times": ("return loan.amount * 2 > loan.paid * 2", "return loan.paid < loan.amount"),
    "minus": ("return -loan.score <= -600", "return loan.score >= 600"),
    "a step": ("total = loan.score\ntotal += 5\nreturn total >= 605", "return loan.score >= 600"),
    "branches that join": ("limit = 600\nif loan.frozen:\n    limit = 700\nreturn loan.score >= limit", "return loan.score >= (700 if loan.frozen else 600)"),
    "a branch that ends": ("if loan.frozen:\n    return False\nelse:\n    limit = 600\nreturn loan.score >= limit", "return not loan.frozen and loan.score >= 600"),
    "bool of a text": ("return bool(loan.domain)", 'return loan.domain != ""'),
    "a length": ("return len(loan.domain) > 0", 'return loan.domain != ""'),
    "all of a tuple": ("return all((loan.verified, not loan.frozen, loan.score > 5))", "return loan.verified and not loan.frozen and loan.score > 5"),
    "a text in a text": ('return "a" in loan.domain or "b" in loan.domain', 'return any(one in loan.domain for one in ("a", "b"))'),
    "texts put together": ('return loan.domain + "x" == "ax"', 'return loan.domain == "a" or len(loan.domain) < 0'),
    "a guard in a match": ("match loan.kind:\n    case Kind.HOME if loan.score > 5:\n        return True\n    case _:\n        return False", "return loan.kind is Kind.HOME and loan.score > 5"),
    "None in a match": ("match loan.note:\n    case None:\n        return loan.score > 5\n    case _:\n        return False", "return loan.note is None and loan.score > 5"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), PROVED.values(), ids=PROVED.keys())
def test_what_translates_is_proved_equal(tmp_path: Path, old: str, new: str):
    found = compared(tmp_path, old, new, allowed=ALLOWED, more=LATER)
    assert (found.verdict, found.how.startswith("proved with z3")) == (Verdict.EQUAL, True), found


NAMED = {
    "a case": ('return loan.domain.lower() == "a"', "`.lower()` of text"),
    "a year": ("return loan.opened.year > 2020", "loan.opened.year"),
    "an order of texts": ('return loan.domain < "b"', "an order of texts"),
    "a loop": ("for one in (1, 2):\n    if loan.score == one:\n        return True\nreturn False", "`For`"),
    "a comprehension with if": ("return any(loan.score == one for one in (1, 2) if one)", "for one in (1, 2) if one"),
    "a member's value": ('return loan.kind.value == "home"', "`.value` of a member"),
    "a division by a fact": ("return loan.score // loan.months > 5", "a division"),
    "a sum of a collection": ("return sum((loan.score, 1)) > 5", "the call `sum"),
    "an answer that may be no bool": ("return loan.note and loan.score > 5", "an answer that is truth"),
    "a length of a collection": ("return len((loan.score, 1)) == 2", "len of many"),
    "a walrus": ("return (total := loan.score) > 5 and total < 9", "total := loan.score"),
    "a pattern with a name": ("match loan.score:\n    case 5 as five:\n        return five > 1\n    case _:\n        return False", "the pattern"),
    "min of a collection": ("return min((loan.score, 1)) > 5", "min or max"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "named"), NAMED.values(), ids=NAMED.keys())
def test_what_has_no_translation_is_named_and_never_passed_over(tmp_path: Path, body: str, named: str):
    found = compared(tmp_path, body, f"answer = 1\n{body}", allowed=ALLOWED, more=LATER)
    assert found.verdict is Verdict.NOT_SHOWN, found
    assert named in found.uncovered[0], found.uncovered


def test_three_facts_at_once_are_beyond_the_search_and_found_by_z3(tmp_path: Path):
    old = "return loan.score >= 600"
    new = "return loan.score >= 600 or (loan.months == 137 and loan.frozen and loan.note == 'a word' and loan.domain == 'b')"
    found = compared(tmp_path, old, new)
    assert (found.verdict, found.how) == (Verdict.DIFFERS, "found by z3, shown on facts")
    assert all(
        word in found.witnesses[0].facts for word in ("months=137", "frozen=True", 'note="a word"', 'domain="b"')
    )


def test_a_version_that_raises_where_the_other_answers_differs(tmp_path: Path):
    old = "return loan.birthday is not None and loan.birthday < date(2008, 5, 1)"
    found = compared(tmp_path, old, "return loan.birthday < date(2008, 5, 1)", {"birthday": "date(2010, 1, 1)"})
    (witness,) = found.witnesses
    assert (witness.direction, witness.after) == ("changed", "raises TypeError")
    assert "birthday=None" in witness.facts
