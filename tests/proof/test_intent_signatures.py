"""Every way to make an unsigned change count is refused, each with a sentence that says what is wrong."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledgers import ANN, BEN, REASON, WHY, Project, project

from techlead.cli.project import load
from techlead.errors import SettingsRefused
from techlead.intent.ledger import entry_of, written
from techlead.serve.settings import Settings
from techlead.serve.signed import signed_plan

pytestmark = pytest.mark.proof
RULE = "rule lendable"
FILE = "techlead.lock/rule.lendable.json"


@pytest.fixture(scope="module")
def signed_shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(tmp_path_factory.mktemp("signed"))


@pytest.fixture
def shelf(signed_shelf: Project, tmp_path: Path) -> Project:
    """Give a copy of the signed project, on a branch of its own."""
    shutil.copytree(signed_shelf.folder, tmp_path / "shelf")
    made = Project(tmp_path / "shelf", signed_shelf.keys)
    made.git("checkout", "-q", "-b", "draft")
    return made


def refused(shelf: Project, sentence: str, title: str = RULE, state: str = "refused", **environment: str) -> None:
    code, found = shelf.status(**environment)
    assert code == 1
    assert sentence in found[title]["sentence"], found[title]
    assert found[title]["state"] == state


def entry(shelf: Project):
    return entry_of((shelf.folder / FILE).read_text())


def edit(shelf: Project, **values: object) -> None:
    """Change an entry as an attacker would: the words, not the signature."""
    file = shelf.folder / FILE
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}, indent=1))


def test_everything_that_was_signed_holds(shelf: Project):
    code, found = shelf.status()
    assert code == 0
    assert {one["state"] for one in found.values()} == {"signed"}
    assert WHY in found[RULE]["sentence"]


CHANGES = {
    "the rule": ("book.state is State.FREE and few", "few", RULE, "its code"),
    "a constant far away": ("BORROWED_MAX = 3", "BORROWED_MAX = 30", RULE, "its code, a constant"),
    "a helper": ("book.loans < BORROWED_MAX", "book.loans <= BORROWED_MAX", RULE, "a helper"),
    "an Enum": ('LOST = "lost"', 'LOST = "lost"\n    SOLD = "sold"', RULE, "an Enum"),
    "the reason": (REASON, "Somebody thought it would be nice to have (2026).", RULE, "its reason"),
    "an example": ("facts(state=State.LOST, loans=0), ", "", RULE, "its examples"),
    "a rule taken away": ("when=[lendable]", "when=[]", "action Book.lend", "the rules that stand before it"),
    "a policy": ('owner | role("librarian")', "signed_in", "policy Book", "who may read or change the rows"),
    "a field": ("default=0, ge=0, le=100", "default=0, ge=0, le=10", "setting Book", "its fields"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "title", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_editing_what_was_signed_shows_at_once(shelf: Project, old: str, new: str, title: str, words: str):
    shelf.write(old, new)
    if title == "action Book.lend":  # a rule that nobody asks is gone from the plan, and the page must still stand
        refused(shelf, "is not in the backend any more", RULE, "gone")
    refused(shelf, words, title, "changed")


def test_layout_and_comments_change_nothing(shelf: Project):
    shelf.write("    return book.state is State.FREE and few(book)", "    # said twice\n    return (\n        book.state is State.FREE\n        and few(book)\n    )")  # fmt: skip
    assert shelf.status()[0] == 0


def test_a_forged_entry_is_refused(shelf: Project):
    edit(shelf, why="I am a person, and I read it all.")
    refused(shelf, "forged or edited")


def test_an_entry_signed_with_a_strangers_key_is_refused(shelf: Project):
    shelf.sign(RULE, BEN, previous=entry(shelf))
    refused(shelf, "ben@example.com is not among the allowed signers")


def test_an_entry_signed_with_a_strangers_key_in_anothers_name_is_refused(shelf: Project):
    shelf.sign(RULE, ANN, previous=entry(shelf), key=shelf.key(BEN))
    refused(shelf, "it is not signed with a key of ann@example.com that the allowed signers name")


def test_an_entry_copied_from_another_rule_is_refused(shelf: Project):
    shutil.copy(shelf.folder / "techlead.lock/policy.Book.json", shelf.folder / FILE)
    refused(shelf, "it is the entry of policy Book, copied to the name of rule lendable")


def test_an_entry_of_another_backend_is_refused(shelf: Project):
    shelf.write('Backend("shelf"', 'Backend("shop"')
    refused(shelf, "it was signed for the backend shelf, and this is shop")


def test_an_older_entry_put_back_is_refused(shelf: Project):
    older = (shelf.folder / FILE).read_text()
    shelf.git("checkout", "-q", "main")
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 2")
    shelf.write("facts(state=State.FREE, loans=2)", "facts(state=State.FREE, loans=1)")
    shelf.write("facts(state=State.FREE, loans=3)", "facts(state=State.FREE, loans=2)")
    shelf.sign(RULE, previous=entry(shelf))
    shelf.commit("Two books are enough (board, 2026)")
    shelf.git("checkout", "-q", "-b", "replay")
    shelf.git("checkout", "-q", "draft", "--", "backend.py")
    (shelf.folder / FILE).write_text(older)
    refused(shelf, "an older entry was put back: number 1, and the default branch has number 2")


def test_source_edited_under_the_old_hash_is_refused(shelf: Project):
    shelf.write("book.loans < BORROWED_MAX", "True")
    record = json.loads((shelf.folder / FILE).read_text())["record"]
    record["parts"]["backend.few"]["source"] = ["def few(book):", "    return True"]
    edit(shelf, record=record)
    refused(shelf, "its source was edited after it was signed")


def test_source_that_is_no_python_is_refused(shelf: Project):
    record = json.loads((shelf.folder / FILE).read_text())["record"]
    record["parts"]["backend.few"]["source"] = ["def few(book:"]
    edit(shelf, record=record)
    refused(shelf, "its source cannot be read")


def test_a_file_that_is_no_entry_is_refused(shelf: Project):
    (shelf.folder / FILE).write_text("{}")
    refused(shelf, "it is no entry of a ledger")


def test_allowed_signers_changed_on_the_branch_do_not_count(shelf: Project):
    (shelf.folder / "allowed_signers").write_text(shelf.signer_line(ANN) + shelf.signer_line(BEN))
    shelf.sign(RULE, BEN, previous=entry(shelf))
    shelf.commit("Let me in")
    refused(shelf, "ben@example.com is not among the allowed signers")


def test_allowed_signers_inside_the_branch_are_refused_by_name(shelf: Project):
    code, told = shelf.run("status", "--signers", "allowed_signers")
    assert code == 2
    assert "lies in the repository that is under test, where a branch can change it" in told


def test_without_anybody_who_may_sign_nothing_can_be_said(shelf: Project):
    for branch in ("main", "draft"):
        shelf.git("checkout", "-q", branch)
        shelf.git("rm", "-q", "--cached", "allowed_signers")
        shelf.git("commit", "-q", "-m", "Nobody may sign")
        (shelf.folder / "allowed_signers").rename(shelf.folder / f"signers_of_{branch}")
    code, told = shelf.run("status")
    assert (code, "Nobody says who may sign" in told) == (2, True)


@pytest.mark.parametrize("verb", [["approve"], ["reject", "."], ["check", "--fix"]], ids=["approve", "reject", "fix"])
def test_an_agent_without_a_terminal_can_neither_sign_nor_confirm(shelf: Project, verb: list[str]):
    shelf.write("facts(state=State.LOST, loans=0), ", "")
    before = (shelf.folder / FILE).read_text()
    code, told = shelf.run(*verb)
    assert code == 2
    assert "terminal" in told
    assert (shelf.folder / FILE).read_text() == before


def test_no_flag_says_yes(shelf: Project):
    for flag in ("--yes", "-y", "--all", "--force", "--no-input"):
        code, _ = shelf.run("approve", flag)
        assert code == 2
    assert shelf.status()[0] == 0


def test_an_entry_dated_before_the_one_it_replaces_is_refused(shelf: Project):
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 4")
    before = entry(shelf)
    earlier = before.moment - timedelta(days=30)
    with pytest.raises(ValueError, match="before the entry it would replace"):
        shelf.sign(RULE, when=earlier, previous=before)
    import dataclasses

    from techlead.intent.door.files import keep
    from techlead.intent.door.keys import sign

    backdated = dataclasses.replace(before, serial=2, when=earlier.isoformat(timespec="seconds"), signature="")
    keep(shelf.folder, dataclasses.replace(backdated, signature=sign(backdated.payload, shelf.key(ANN))))
    refused(shelf, "the clock was set back")


def test_an_entry_of_tomorrow_is_refused(shelf: Project):
    shelf.sign(RULE, when=datetime.now(UTC) + timedelta(days=1), previous=entry(shelf))
    refused(shelf, "has not come yet: a clock is wrong")


def test_who_has_left_can_sign_nothing_new_and_what_they_signed_stays(shelf: Project):
    shelf.git("checkout", "-q", "main")
    left = f"{datetime.now(UTC) + timedelta(seconds=1):%Y%m%d%H%M%SZ}"
    gone = shelf.signer_line(ANN, f'namespaces="techlead",valid-before="{left}"')
    (shelf.folder / "allowed_signers").write_text(gone + shelf.signer_line(BEN))
    shelf.commit("Ann has left")
    shelf.git("checkout", "-q", "-b", "after")
    backdated = shelf.sign(RULE, when=datetime.now(UTC), previous=entry(shelf))
    assert backdated.serial == 2
    import time

    time.sleep(2)
    code, found = shelf.status()
    assert code == 1
    assert "they have left, or use another key now" in found[RULE]["sentence"]
    assert found["policy Book"]["state"] == "signed"


def test_a_key_is_rotated_by_adding_the_new_one_and_ending_the_old(shelf: Project):
    shelf.git("checkout", "-q", "main")
    new_key = shelf.key("ann2@example.com").with_suffix(".com.pub").read_text().split()
    later = f"{datetime.now(UTC) + timedelta(seconds=1):%Y%m%d%H%M%SZ}"
    lines = shelf.signer_line(ANN, f'namespaces="techlead",valid-before="{later}"')
    lines += f'{ANN} namespaces="techlead" {new_key[0]} {new_key[1]}\n'
    (shelf.folder / "allowed_signers").write_text(lines)
    shelf.commit("Ann has a new key")
    assert shelf.status()[0] == 0


def test_in_team_mode_who_drafts_does_not_sign(shelf: Project):
    shelf.sign(RULE, ANN, previous=entry(shelf), drafter=ANN)
    assert shelf.status()[0] == 0
    refused(shelf, "in team mode somebody else signs", TECHLEAD_TEAM_SIGNING="1")


def test_two_branches_that_sign_different_rules_merge_without_a_conflict(shelf: Project):
    shelf.write('owner | role("librarian")', "owner")
    shelf.sign("policy Book", previous=None)
    shelf.commit("Librarians read elsewhere")
    shelf.git("checkout", "-q", "main")
    shelf.git("checkout", "-q", "-b", "other")
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 4")
    shelf.write("loans=3)", "loans=4)")
    shelf.write("loans=2)]", "loans=3)]")
    shelf.sign(RULE, previous=entry(shelf))
    shelf.commit("Four books")
    shelf.git("merge", "-q", "--no-edit", "draft")
    states = {title: one["state"] for title, one in shelf.status()[1].items()}
    assert states[RULE] == "signed"
    assert len(list((shelf.folder / "techlead.lock").glob("*.json"))) == len(states)


def production(shelf: Project, keys: Path, **changed: object):
    signers = keys / "production_signers"
    signers.write_text(shelf.signer_line(ANN))
    settings = Settings(environment="production", allowed_signers=str(signers), **changed)  # type: ignore[arg-type]
    return signed_plan(load(str(shelf.folder)).plan(), shelf.folder, settings)


def test_production_does_not_start_with_an_unsigned_rule(shelf: Project):
    (shelf.folder / FILE).unlink()
    with pytest.raises(SettingsRefused, match="rule lendable: nobody has signed it"):
        production(shelf, shelf.keys)


def test_production_does_not_start_with_a_forged_entry(shelf: Project):
    edit(shelf, why="It is all right.")
    with pytest.raises(SettingsRefused, match="forged or edited"):
        production(shelf, shelf.keys)


def test_production_serves_the_signed_version_of_what_was_changed(shelf: Project):
    shelf.write("book.state is State.FREE and few(book)", "few(book)")
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 50")
    shelf.write('owner | role("librarian")', "signed_in")
    shelf.write("book.loans += 1", "book.loans += 2")
    plan, notes = production(shelf, shelf.keys)
    assert sorted(notes) == [f"{title} was changed and not signed: the signed version is served" for title in ("action Book.lend", "policy Book", RULE)]  # fmt: skip
    book = plan.resources["Book"]
    assert str(book.access.read) == 'owner | role("librarian")'
    assert {str(one.policy) for one in plan.operations if one.kind in ("list", "read") and one.resource == "Book"} == {'owner | role("librarian")'}  # fmt: skip
    from techlead.declare.resource import changes_of, draft, frozen

    (action,) = book.actions
    ((lendable, _),) = action.rules
    states = {one.name: one for one in type(book.field("state").codec.load("free"))}
    cases = [("FREE", 2, True), ("LOST", 0, False), ("FREE", 3, False)]
    for state, loans, allowed in cases:
        assert lendable.function(book=frozen(book.declared, {"state": states[state], "loans": loans})) is allowed
    row = draft(book.declared, {"state": states["FREE"], "loans": 1})
    action.function(book=row)
    assert changes_of(row)["loans"] == 2


def test_production_does_not_start_when_the_signed_version_cannot_run(shelf: Project):
    shelf.write('LOST = "lost"', 'LOST = "lost"\n    SOLD = "sold"')
    with pytest.raises(SettingsRefused, match="Production does not start: "):
        production(shelf, shelf.keys)


def test_development_serves_what_is_there_and_warns(shelf: Project):
    plan = load(str(shelf.folder)).plan()
    assert signed_plan(plan, shelf.folder, Settings()) == (plan, ())
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 30")
    plan = load(str(shelf.folder)).plan()
    served, (note,) = signed_plan(plan, shelf.folder, Settings())
    assert served is plan
    assert "not what was signed, and production would not serve it: rule lendable" in note


def test_an_entry_is_written_as_it_is_read(shelf: Project):
    text = (shelf.folder / FILE).read_text()
    assert written(entry_of(text)) == text
