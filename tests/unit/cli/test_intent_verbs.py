"""The verbs of intent on a project of their own: what they print, and their exit codes."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from backends import running
from databases import sqlite_url
from ledgers import ANN, BEN, PAGE, Project, project

from techlead.cli import approve, check, review, shadow
from techlead.cli.project import load
from techlead.derive.tables import tables
from techlead.errors import SettingsRefused
from techlead.intent.door.files import keep_draft
from techlead.intent.drafts import Draft
from techlead.serve.settings import Settings
from techlead.store import migrate, shadows
from techlead.store.open import open_store
from techlead.store.shadows import Heard


@pytest.fixture(scope="module")
def signed_shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(tmp_path_factory.mktemp("signed"))


@pytest.fixture
def shelf(signed_shelf: Project, tmp_path: Path) -> Project:
    shutil.copytree(signed_shelf.folder, tmp_path / "shelf")
    return Project(tmp_path / "shelf", signed_shelf.keys)


async def _lent(project: Project, url: str) -> str:
    async with running(load(str(project.folder)).plan(), url, Settings(login_tries_free=1_000)) as call:
        await call.sign_up("ann", "ben")
        book = await call.made("/books", {}, "ann")
        await call("POST", f"/books/{book}/lend", who="ann")
        return book


def test_why_prints_what_decided_and_what_would_flip_it(shelf: Project, tmp_path: Path):
    url = sqlite_url(tmp_path)
    book = asyncio.run(_lent(shelf, url))
    code, told = shelf.run("why", book, "lend", "--as", "ann", "--database", url)
    assert code == 1
    assert told.splitlines()[:4] == [
        f"ann may not lend {book}",
        "policy: the owner: yes",
        "rule lendable refuses it",
        "  because: Lost books were lent again and again (incident of 3 March 2021).",
    ]
    assert "book.state is State.FREE: no" in told
    assert "it would allow facts(state=State.FREE)" in told
    code, told = shelf.run("why", book, "lend", "--as", "ann", "--database", url, "--json")
    assert (code, json.loads(told)["allowed"]) == (1, False)


def test_why_names_a_condition_that_was_not_asked(shelf: Project, tmp_path: Path):
    url = sqlite_url(tmp_path)
    book = asyncio.run(_lent(shelf, url))
    assert "book.loans < BORROWED_MAX: not asked" in shelf.run("why", book, "lend", "--as", "ann", "--database", url)[1]


REFUSED = {
    "no rule": (["start"], "Name the rule"),
    "neither draft nor rows": (["start", "lendable"], "Name a draft"),
    "too long": (["start", "lendable", "--days", "1000"], "1 to 90 days"),
    "no such rule": (["start", "burnable", "--draft", "."], "has no rule burnable"),
    "nothing to replay": (["replay", "burnable", "--draft", "."], "has no rule burnable"),
    "no terminal": (["promote", "lendable"], "A person decides this at a terminal"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_shadow_cannot_be_is_said(shelf: Project, words: list[str], said: str):
    code, told = shelf.run("shadow", *words)
    assert (code, said in told) == (2, True), told


async def _heard(url: str, lines: list[Heard]) -> None:
    store = open_store(url)
    await store.open()
    await shadows.add(store, lines)
    await store.close()


def heard(direction: str, count: int, digest: str, condition: str = "book.loans < BORROWED_MAX") -> Heard:
    return Heard("rule lendable", digest, direction, condition, count, 1, 2, "facts(loans=3)")


@pytest.fixture
def shadowed(shelf: Project, tmp_path: Path) -> tuple[Project, str, str]:
    """Give a project whose page holds the draft that its shadow ran, and the database in which it was heard."""
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 4")
    shelf.write("loans=3)", "loans=4)")
    shelf.write("loans=2)]", "loans=3)]")
    item = shelf.items()["rule lendable"]
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")
    keep_draft(shelf.folder, Draft("rule lendable", until, item.record, item.hash))
    url = sqlite_url(tmp_path)
    migrate.create_all(url, tables(load(str(shelf.folder)).plan()))
    return shelf, url, item.hash


def promoted(
    shelf: Project, url: str, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]
) -> tuple[int, str, list[str]]:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next(answer for words, answer in answers.items() if words in question)

    monkeypatch.setattr(shadow, "terminal", lambda: ask)
    words = ("shadow", "promote", "lendable", "--database", url, "--key", str(shelf.key(ANN)), "--as", ANN)
    code, told = shelf.run(*words)
    return code, told, asked


WHY = "The board wants four books a reader from May on."


def test_a_shadow_is_promoted_when_each_widening_is_explained_and_signed(shadowed, monkeypatch: pytest.MonkeyPatch):
    shelf, url, digest = shadowed
    asyncio.run(_heard(url, [heard("calls", 90, digest, ""), heard("widened", 7, digest), heard("yes", 3, digest)]))
    code, told, asked = promoted(shelf, url, monkeypatch, {"Why is that right?": WHY, "[y/N]": "y", "own words": WHY})
    assert (code, len(asked)) == (0, 3), told
    assert "90 calls, runs until" in told
    assert "traffic never exercised no" in told
    assert not (shelf.folder / "techlead.shadow" / "rule.lendable.json").exists()
    assert shelf.status()[1]["rule lendable"]["state"] == "signed"


@pytest.mark.parametrize("answers", [{"Why is that right?": "ok"}, {"Why is that right?": WHY, "[y/N]": "n"}], ids=["unexplained", "not signed"])  # fmt: skip
def test_a_widening_that_nobody_explains_or_signs_is_not_promoted(shadowed, monkeypatch: pytest.MonkeyPatch, answers):
    shelf, url, digest = shadowed
    asyncio.run(_heard(url, [heard("widened", 7, digest)]))
    code, _, _ = promoted(shelf, url, monkeypatch, answers)
    assert code == 1
    assert (shelf.folder / "techlead.shadow" / "rule.lendable.json").exists()


def test_a_shadow_that_nobody_heard_is_not_promoted(shadowed, monkeypatch: pytest.MonkeyPatch):
    shelf, url, _ = shadowed
    code, told, _ = promoted(shelf, url, monkeypatch, {})
    assert (code, "It has not been heard of" in told) == (1, True)


def test_a_draft_that_the_page_does_not_hold_is_not_promoted(shadowed, monkeypatch: pytest.MonkeyPatch):
    shelf, url, _ = shadowed
    shelf.write("BORROWED_MAX = 4", "BORROWED_MAX = 5")
    code, told, _ = promoted(shelf, url, monkeypatch, {})
    assert (code, "does not hold the draft yet" in told) == (2, True)
    (shelf.folder / "techlead.shadow" / "rule.lendable.json").unlink()
    assert "No draft runs beside" in promoted(shelf, url, monkeypatch, {})[1]


def test_a_report_says_what_was_turned_off_and_what_was_only_counted(shadowed):
    shelf, url, digest = shadowed
    lines = [
        heard("raises ZeroDivisionError", 2, "f" * 64, ""),
        heard("off", 1, digest, ""),
        heard("uncounted", 9, digest, ""),
    ]
    asyncio.run(_heard(url, lines))
    code, told = shelf.run("shadow", "report", "lendable", "--database", url)
    assert code == 1
    assert "turned off: facts(loans=3)" in told
    assert "9 more divergences were only counted" in told
    assert "raises ZeroDivisionError 2 times; for example" in told
    assert "no longer runs" in told
    assert "decided as the signed rule did, each time" in told


def signing(shelf: Project, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    answers = {"[y/N]": "y", "own words": WHY}
    monkeypatch.setattr(
        approve, "terminal", lambda: lambda asked: next(one for word, one in answers.items() if word in asked)
    )
    return shelf.run("approve", *words)


def test_a_key_that_may_not_sign_writes_no_entry(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write("This book cannot be lent.", "Not this one.")
    before = (shelf.folder / "techlead.lock" / "rule.lendable.json").read_text()
    code, told = signing(shelf, monkeypatch, "--key", str(shelf.key(BEN)), "--as", BEN)
    assert (code, "ben@example.com is not among the allowed signers" in told) == (1, True), told
    assert (shelf.folder / "techlead.lock" / "rule.lendable.json").read_text() == before


def test_in_team_mode_the_drafter_is_told_before_anything_is_signed(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write("This book cannot be lent.", "Not this one.")
    shelf.commit("Shorter")
    code, told = signing(shelf, monkeypatch, "--team", "--key", str(shelf.key(ANN)), "--as", ANN)
    assert (code, "drafted this: in team mode somebody else signs" in told) == (1, True), told


def test_signing_needs_a_key_and_a_name(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    assert "There is no key" in signing(shelf, monkeypatch, "--key", "/nowhere", "--as", ANN)[1]
    monkeypatch.setattr(approve.repository, "user_of", lambda _folder: "")
    assert "Say who signs" in signing(shelf, monkeypatch, "--key", str(shelf.key(ANN)))[1]


def test_a_key_that_cannot_sign_is_said(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    shelf.write("This book cannot be lent.", "Not this one.")
    broken = shelf.folder.parent / "broken"
    broken.write_text("no key at all")
    broken.chmod(0o600)
    code, told = signing(shelf, monkeypatch, "--key", str(broken), "--as", ANN)
    assert (code, "could not sign" in told) == (2, True), told


def test_status_shows_everything_when_asked(shelf: Project):
    code, told = shelf.run("status", "--all")
    assert code == 0
    assert "signed    rule lendable: signed by ann@example.com" in told
    assert "signers: main:allowed_signers" in told


def test_check_asks_the_prover_when_told(shelf: Project, monkeypatch: pytest.MonkeyPatch):
    assert shelf.run("check", "--prove")[0] == 0
    monkeypatch.setattr(check, "installed_prover", lambda: None)
    code, told = shelf.run("check", "--prove")
    assert (code, 'pip install "techlead[prove]"' in told) == (2, True)


def test_tests_that_cannot_begin_are_said(tmp_path: Path):
    assert review.project_tests(tmp_path).words == "the project has none"
    (tmp_path / "test_x.py").write_text("def test_x(): pass\n")
    assert review.project_tests(tmp_path).passed is True


def test_production_refuses_to_start_through_asgi_and_serves_the_signed_rule(
    shelf: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    signers = tmp_path / "signers"
    signers.write_text(shelf.signer_line(ANN))
    monkeypatch.setenv("TECHLEAD_ENVIRONMENT", "production")
    monkeypatch.setenv("TECHLEAD_ALLOWED_SIGNERS", str(signers))
    shelf.write("    return book.state is State.FREE and few(book)", "    return few(book)")
    item = shelf.items()["rule lendable"]
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")
    keep_draft(shelf.folder, Draft("rule lendable", until, item.record, item.hash))
    application = load(str(shelf.folder)).asgi(sqlite_url(tmp_path))
    book = application.runtime.plan.resources["Book"]
    ((rule, _),) = book.actions[0].rules
    lost = book.field("state").codec.load("lost")
    from techlead.declare.resource import frozen

    assert rule.function(book=frozen(book.declared, {"state": lost, "loans": 0})) is False
    (shelf.folder / "techlead.lock" / "rule.lendable.json").unlink()
    with pytest.raises(SettingsRefused, match="nobody has signed it"):
        load(str(shelf.folder)).asgi(sqlite_url(tmp_path))
    assert PAGE
