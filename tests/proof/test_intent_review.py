"""What a person reads of a change, and how a person signs it: at a terminal, one thing at a time, with a reason."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from ledgers import ANN, PAGE, Project, project

from techlead.cli import approve, check, reject
from techlead.intent.ledger import entry_of

pytestmark = pytest.mark.proof
RULE_FILE = "techlead.lock/rule.lendable.json"
FORGETS = ("    return book.state is State.FREE and few(book)", "    return few(book)")
QUICK = ("--no-tests", "--no-audit")


@pytest.fixture(scope="module")
def signed_shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(tmp_path_factory.mktemp("signed"))


@pytest.fixture
def shelf(signed_shelf: Project, tmp_path: Path) -> Project:
    shutil.copytree(signed_shelf.folder, tmp_path / "shelf")
    return Project(tmp_path / "shelf", signed_shelf.keys)


def reviewed(shelf: Project, *words: str) -> tuple[int, dict]:
    code, told = shelf.run("review", "--json", *QUICK, *words)
    assert told.startswith("{"), told
    return code, json.loads(told)


def test_nothing_changed_waits_for_nobody(shelf: Project):
    code, found = reviewed(shelf)
    assert (code, found["clear"], found["changes"]) == (0, True, [])


def test_a_draft_that_forgets_the_incident_is_shown_with_what_it_lets_through(shelf: Project):
    shelf.write(*FORGETS)
    code, found = reviewed(shelf)
    assert code == 1
    (change,) = found["changes"]
    assert (change["title"], change["risk"], change["what"]) == ("rule lendable", "careful", "changed")
    assert "its reason is an incident" in change["risk_why"]
    (difference,) = change["differences"]
    assert difference["verdict"] == "DIFFERS"
    (witness,) = difference["witnesses"]
    assert (witness["direction"], witness["before"], witness["after"]) == ("widened", "refused", "allowed")
    assert re.fullmatch(r"facts\(loans=0, state=State.(LENT|LOST)\)", witness["facts"])
    assert found["blocking"][0] == "1 changes to sign, 1 of them careful"


def test_a_refactoring_is_proved_equal_and_still_signed_by_a_person(shelf: Project):
    shelf.write(FORGETS[0], "    return not (book.loans >= BORROWED_MAX or book.state is not State.FREE)")
    code, found = reviewed(shelf)
    assert code == 1
    assert [one["verdict"] for change in found["changes"] for one in change["differences"]] == ["PROVED EQUAL"]


def test_a_policy_is_shown_with_an_actor_and_a_row_and_the_matrix(shelf: Project):
    shelf.write('owner | role("librarian")', "signed_in")
    _, found = reviewed(shelf)
    (change,) = found["changes"]
    assert change["title"] == "policy Book"
    witnesses = [one["facts"] for difference in change["differences"] for one in difference["witnesses"]]
    assert witnesses == ["an account who is not the row's owner"]
    assert "signed in: read_book: no became yes" in found["matrix"]


def test_text_and_markdown_say_the_same(shelf: Project):
    shelf.write(*FORGETS)
    _, text = shelf.run("review", *QUICK)
    _, page = shelf.run("review", "--markdown", *QUICK)
    for told in (text, page):
        assert re.search(r"WIDENED: facts\(loans=0, state=State.L...\): was refused, is now allowed", told)
        assert "careful (its reason is an incident" in told
    assert page.startswith("### what is signed -> .")


def test_a_proposal_is_compared_with_the_working_copy(shelf: Project, tmp_path: Path):
    proposal = tmp_path / "proposal"
    proposal.mkdir()
    (proposal / "backend.py").write_text(PAGE.replace(*FORGETS))
    code, found = reviewed(shelf, str(proposal))
    assert (code, [one["title"] for one in found["changes"]]) == (1, ["rule lendable"])


def test_two_revisions_are_compared_each_with_its_own_modules(shelf: Project):
    (shelf.folder / "limits.py").write_text("LIMIT = 3\n")
    shelf.write("BORROWED_MAX = 3", "from limits import LIMIT as BORROWED_MAX")
    shelf.commit("A limit of its own")
    (shelf.folder / "limits.py").write_text("LIMIT = 30\n")
    shelf.commit("More books")
    code, found = reviewed(shelf, "--since", "HEAD~1", "--until", "HEAD")
    assert code == 1
    witnesses = [one for change in found["changes"] for d in change["differences"] for one in d["witnesses"]]
    assert [one["direction"] for one in witnesses] == ["widened"]
    assert "loans=" in witnesses[0]["facts"]
    assert [one["title"] for one in reviewed(shelf, "--since", "HEAD~2", "--until", "HEAD~1")[1]["changes"]] == []


def test_an_unknown_revision_is_refused_in_words(shelf: Project):
    code, told = shelf.run("review", "--since", "nowhere", *QUICK)
    assert (code, "git knows no" in told) == (2, True)


def test_what_a_migration_loses_is_named(shelf: Project):
    shelf.write("    loans: Mapped[int] = field(default=0, ge=0, le=100)\n", "    loans: Mapped[int] = field(default=0, ge=0, le=100)\n    note: Mapped[str | None] = field(max_length=10)\n")  # fmt: skip
    shelf.commit("Notes")
    shelf.write("    note: Mapped[str | None] = field(max_length=10)\n", "")
    _, found = reviewed(shelf, "--since", "HEAD")
    assert [(one["step"], one["lossy"]) for one in found["migrations"] if "book.note" in one["step"]] != []
    assert "1 migration steps that lose data" in found["blocking"]
    assert any("note" in words for change in found["changes"] for words in change["words"])


def test_a_new_message_that_leaves_the_system_is_named(shelf: Project):
    shelf.write("role, rule, signed_in", "role, rule, signed_in, notification, email, inbox")
    shelf.write("\n@rule(", '\nlent = notification(Book, to="keeper", via=[inbox, email], text="Lent.")\n\n@rule(')
    _, found = reviewed(shelf)
    assert found["messages"] == ["lent is new: about Book, by email, inbox; email leaves this system"]


def test_a_new_system_is_named_in_the_review_and_unsigned_in_the_status(shelf: Project):
    shelf.write("\n@rule(", '\ngateway = backend.system("https://sms.example/v1")\n\n@rule(')
    _, found = reviewed(shelf)
    assert found["messages"] == ["gateway is new: calls go to https://sms.example/v1, without credentials"]
    assert [(one["title"], one["risk"]) for one in found["changes"]] == [("system gateway", "careful")]
    code, standing = shelf.status()
    assert (code, standing["system gateway"]["state"]) == (1, "unsigned")
    shelf.sign("system gateway")
    shelf.write("sms.example/v1", "evil.example/v1")
    code, standing = shelf.status()
    assert (code, standing["system gateway"]["state"]) == (1, "changed")
    assert "where its calls go changed" in standing["system gateway"]["sentence"]


def test_the_projects_own_tests_are_run(shelf: Project):
    (shelf.folder / "test_shelf.py").write_text("def test_true():\n    assert 1 == 2\n")
    code, told = shelf.run("review", "--json", "--no-audit")
    (tests, audit) = json.loads(told)["runs"]
    assert (code, tests["passed"], audit["passed"]) == (1, False, None)
    assert "1 failed" in tests["words"]


def test_a_signature_that_does_not_hold_is_on_the_page(shelf: Project):
    file = shelf.folder / RULE_FILE
    file.write_text(file.read_text().replace("tried each", "tried no"))
    _, found = reviewed(shelf)
    assert [(one["title"], one["state"]) for one in found["ledger"]] == [("rule lendable", "refused")]


def answered(
    shelf: Project, monkeypatch: pytest.MonkeyPatch, answers: list[tuple[str, str]], *words: str
) -> tuple[int, str]:
    """Run a verb while somebody sits at the terminal; what a real one shows is tested once, below."""

    def ask(question: str) -> str:
        return next(answer for asked, answer in answers if re.search(asked, question, re.DOTALL))

    for module in (approve, reject, check):
        monkeypatch.setattr(module, "terminal", lambda: ask)
    return shelf.run(*words)


def signing(shelf: Project) -> tuple[str, ...]:
    return ("approve", "--key", str(shelf.key(ANN)), "--as", ANN)


def test_a_person_signs_one_thing_at_a_time_with_the_example_before_their_eyes(shelf: Project):
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 4")
    shelf.write("loans=3)", "loans=4)")
    shelf.write("loans=2)]", "loans=3)]")
    shelf.write('owner | role("librarian")', "owner")
    reason = "The board wants four books a reader from May on."
    answers = [
        (r"Sign policy Book as .*\[y/N\]", "n"),
        (r"Sign rule lendable as .*\[y/N\]", "y"),
        (r"own words\?", reason),
    ]
    code, told = shelf.at_terminal(answers, *signing(shelf))
    assert code == 1
    assert "WIDENED: facts(loans=3, state=State.FREE): was refused, is now allowed" in told.replace("\r", "")
    assert "| def lendable(book):" in told
    assert "1 signed, 1 left" in told
    entry = entry_of((shelf.folder / RULE_FILE).read_text())
    assert (entry.why, entry.serial, entry.signer) == (reason, 2, ANN)
    _, found = shelf.status()
    assert (found["rule lendable"]["state"], found["policy Book"]["state"]) == ("signed", "changed")


@pytest.mark.parametrize(("reason", "said"), [
    ("lgtm", "That is no reason."), ("four", "wants a reason of at least 15"),
    ("Lost books were lent again and again (incident of 3 March 2021).", "That is the rule's own reason")])  # fmt: skip
def test_a_reason_that_is_none_signs_nothing(shelf: Project, reason: str, said: str, monkeypatch: pytest.MonkeyPatch):
    shelf.write("This book cannot be lent.", "Not this one.")
    code, told = answered(shelf, monkeypatch, [(r"\[y/N\]", "y"), (r"own words\?", reason)], *signing(shelf))
    assert code == 1
    assert said in told
    assert entry_of((shelf.folder / RULE_FILE).read_text()).serial == 1


def test_what_is_not_pinned_is_not_signed(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write(
        "facts(state=State.LENT, loans=0), facts(state=State.FREE, loans=3)", "facts(state=State.LENT, loans=0)"
    )
    code, told = answered(shelf, monkeypatch, [(r"\[y/N\]", "y")], *signing(shelf))
    assert (code, "It is not pinned" in told) == (1, True)


def test_the_entry_of_what_is_gone_is_taken_away_by_a_person(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write(", when=[lendable], examples", ", when=[], examples")
    page = shelf.page.read_text()
    start = page.index("@rule(")
    shelf.page.write_text(page[:start] + page[page.index("@action(") :])
    answers = [(r"Take the entry of rule lendable away\? \[y/N\]", "y"), (r"\[y/N\]", "n")]
    _, told = answered(shelf, monkeypatch, answers, *signing(shelf))
    assert not (shelf.folder / RULE_FILE).exists()
    assert "1 signed, 1 left" in told


def test_a_person_rejects_a_proposal_and_says_why(shelf: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "backend.py").write_text(PAGE)
    code, _ = answered(
        shelf,
        monkeypatch,
        [(r"own words\?", "It forgets why we lock lost books at all.")],
        "reject",
        str(tmp_path / "draft"),
    )
    assert code == 0
    kept = json.loads((tmp_path / "draft" / "rejected.json").read_text())
    assert kept["why"] == "It forgets why we lock lost books at all."
    code, _ = answered(shelf, monkeypatch, [(r"own words\?", "no")], "reject", str(tmp_path / "draft"))
    assert code == 1


def test_missing_examples_are_written_when_a_person_confirms_each(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write(
        "facts(state=State.LENT, loans=0), facts(state=State.FREE, loans=3)", "facts(state=State.LENT, loans=0)"
    )
    code, _ = answered(shelf, monkeypatch, [(r"tells apart: .*\[y/N\]", "y")], "check", "--fix")
    assert code == 0
    assert "loans=3" in shelf.page.read_text()
    assert shelf.run("check")[0] == 0
