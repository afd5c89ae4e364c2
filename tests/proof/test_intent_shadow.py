"""A draft beside a signed rule never changes an answer, whatever it does, and costs next to nothing."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import json
import os
import statistics
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest
from backends import running
from databases import sqlite_url
from ledgers import PAGE, Project
from rule_pairs import LOSSES, Pair, Version, subject
from untraced import untraced

from techlead.cli.project import load
from techlead.cli.shadow import report
from techlead.cli.why import why
from techlead.errors import SettingsRefused
from techlead.intent.code import Code, part_of
from techlead.intent.door.files import keep_draft
from techlead.intent.drafts import Draft, DraftRefused, draft_of, written
from techlead.intent.items import items_of
from techlead.intent.shadow import BUDGET_NANOSECONDS, CLASSES_MAX, Shadow, replay
from techlead.intent.subject import Subject, arguments
from techlead.primitives.clock import system_clock
from techlead.serve.settings import Settings
from techlead.serve.shadowing import shadowed
from techlead.store import shadows

pytestmark = pytest.mark.proof
FLAG = next(one for one in LOSSES if one.name == "a flag dropped")


def versions(folder: Path, pair: Pair = FLAG, body: str = "") -> tuple[Subject, Subject]:
    (folder / "old").mkdir(exist_ok=True)
    (folder / "new").mkdir(exist_ok=True)
    new = Version(body) if body else pair.new
    return subject(folder / "old", pair, pair.old), subject(folder / "new", pair, new)


def facts_of(one: Subject) -> list[dict[str, Any]]:
    return [arguments(one.shapes, case.point) for case in one.cases]


NASTY = {
    "raises": ("return 1 // (loan.months - loan.months) > 0", "raises ZeroDivisionError"),
    "loops": ("return sum(a * b for a in range(10000) for b in range(10000)) > 0", "raises OutOfFuel"),
    "loops for": ("total = 0\nfor one in range(10000):\n    for two in range(10000):\n        total = total + 1\nreturn total > 0", "raises OutOfFuel"),
    "allocates a text": ("return len('x' * 1000000000) > 0", "raises OutOfFuel"),
    "allocates with a method": ("return len('x'.ljust(1000000000)) > 0", "raises OutOfFuel"),
    "allocates by sums": ("text = 'x'\nfor one in range(900):\n    text = text + text\nreturn len(text) > 0", "raises OutOfFuel"),
    "allocates a number": ("number = 3\nfor one in range(900):\n    number = number * number\nreturn number > 0", "raises OutOfFuel"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "heard"), NASTY.values(), ids=NASTY.keys())
def test_a_draft_that_misbehaves_changes_no_answer_and_is_stopped(tmp_path: Path, body: str, heard: str):
    signed, draft = versions(tmp_path, body=body)
    shadow = Shadow(signed, draft, frozenset(), lambda: 0)
    served = shadow.beside(signed.function)
    begun = perf_counter_ns()
    for facts in facts_of(signed):
        assert served(**facts) == signed.function(**facts)
    assert (perf_counter_ns() - begun) / 1e6 < 250
    assert [one.direction for one in shadow.classes.values()] == [heard]


@pytest.mark.parametrize("body", ["return open('/etc/passwd').read() == ''", "return __import__('os').system('true') == 0", "return loan.__class__.__mro__[0] is loan"], ids=["open", "import", "class"])  # fmt: skip
def test_a_draft_that_tries_io_is_refused_before_it_runs_and_finds_nothing_if_it_does(tmp_path: Path, body: str):
    with pytest.raises(Exception, match="refused") as refused:
        versions(tmp_path, body=body)
    assert type(refused.value).__name__ == "DeclarationsRefused"
    signed, _ = versions(tmp_path)
    tree = ast.parse("def eligible(loan):\n    " + body).body[0]
    assert isinstance(tree, ast.FunctionDef)
    smuggled = dataclasses.replace(signed, code=Code("main", {"main": part_of("main", tree, {}, {})}))
    shadow = Shadow(signed, smuggled, frozenset(), lambda: 0)
    served = shadow.beside(signed.function)
    for facts in facts_of(signed):
        assert served(**facts) == signed.function(**facts)
    assert "class" in body or [one.direction for one in shadow.classes.values()] == ["raises NameError"]


def test_a_draft_over_its_budget_again_and_again_turns_itself_off(tmp_path: Path):
    signed, draft = versions(tmp_path, body="return sum(one for one in range(900)) > 0")
    shadow = Shadow(signed, draft, frozenset(), lambda: 0, budget=1)
    served = shadow.beside(signed.function)
    (allowed, _) = facts_of(signed)
    for _ in range(10):
        assert served(**allowed)
    assert shadow.off.endswith("3 times in a row")
    assert shadow.calls == 3


def test_within_its_budget_a_draft_stays(tmp_path: Path):
    signed, draft = versions(tmp_path)
    shadow = Shadow(signed, draft, frozenset(), lambda: 0)
    served = shadow.beside(signed.function)
    for _ in range(1_000):
        for facts in facts_of(signed):
            assert served(**facts) == signed.function(**facts)
    assert BUDGET_NANOSECONDS > 0
    assert shadow.off == ""


def test_a_shadowed_call_costs_at_most_two_microseconds_more(tmp_path: Path):
    signed, draft = versions(tmp_path)
    served = Shadow(signed, draft, frozenset(), lambda: 0).beside(signed.function)
    allowed, _ = facts_of(signed)

    def median(function: Any) -> float:
        spent = []
        for _ in range(20_000):
            begun = perf_counter_ns()
            function(**allowed)
            spent.append(perf_counter_ns() - begun)
        return statistics.median(spent)

    with untraced():
        added = min(median(served) - median(signed.function) for _ in range(5))
    sys.stdout.write(f"a shadowed call costs {added:.0f} ns more at the median\n")
    # The claim is 2 us; beside other tests on the same processors it is held to three times that.
    assert added <= (2_000 if os.environ.get("TECHLEAD_PROOF") == "long" else 6_000)


def test_divergences_are_kept_once_a_class_with_the_condition_that_decided(tmp_path: Path):
    signed, draft = versions(tmp_path)
    moment = iter(range(10_000_000, 90_000_000, 1_000_000))
    shadow = Shadow(signed, draft, frozenset({("loan", "score")}), lambda: next(moment))
    served = shadow.beside(signed.function)
    allowed, refused = facts_of(signed)
    for _ in range(5):
        served(**allowed)
        served(**refused)
    (one,) = shadow.classes.values()
    assert (one.direction, one.condition, one.count) == ("widened", "loan.score >= 600", 5)
    assert one.first_us < one.last_us
    assert "score" not in one.sample
    assert shadow.calls == 10


def test_kinds_of_divergence_are_bounded_and_the_rest_is_counted(tmp_path: Path):
    signed, draft = versions(tmp_path)
    second = iter(range(0, 1_000_000_000_000, 1_000_000))
    shadow = Shadow(signed, draft, frozenset(), lambda: next(second))
    shadow.classes.update({("widened", str(number)): None for number in range(CLASSES_MAX)})  # type: ignore[misc]
    served = shadow.beside(signed.function)
    _, refused = facts_of(signed)
    served(**refused)
    assert (len(shadow.classes), shadow.uncounted) == (CLASSES_MAX, 1)


def test_a_storm_of_divergences_is_only_counted(tmp_path: Path):
    signed, draft = versions(tmp_path)
    shadow = Shadow(signed, draft, frozenset(), lambda: 0)
    served = shadow.beside(signed.function)
    _, refused = facts_of(signed)
    for _ in range(200):
        served(**refused)
    (one,) = shadow.classes.values()
    assert (one.count, shadow.uncounted) == (50, 150)


def test_replay_names_what_was_decided_otherwise_and_why(tmp_path: Path):
    signed, draft = versions(tmp_path)
    found = replay(signed, draft, [case.point for case in signed.cases] + [{}])
    assert (found.facts, found.agreed, found.unknown, found.narrowed) == (3, 1, 1, ())
    assert "frozen=True" in found.widened[0]
    assert "loan.score >= 600" in found.widened[0]


def shelf(folder: Path) -> Project:
    (folder / "shelf").mkdir()
    made = Project(folder / "shelf", folder)
    made.page.write_text(PAGE)
    return made


def proposal(project: Project, old: str, new: str) -> Path:
    folder = project.folder.parent / "proposal"
    folder.mkdir(exist_ok=True)
    assert old in PAGE
    (folder / "backend.py").write_text(PAGE.replace(old, new))
    return folder


async def _called(project: Project, url: str) -> None:
    """Lend books twice, so that the draft would have lent them again, and write down what was heard."""
    made = shadowed(load(str(project.folder)).plan(), project.folder, system_clock)
    assert made.notes == ()
    async with running(made.plan, url, Settings(login_tries_free=1_000), beside=made.periodic) as call:
        await call.sign_up("ann")
        for _ in range(2):
            book = await call.made("/books", {}, "ann")
            assert (await call("POST", f"/books/{book}/lend", who="ann")).status_code == 200
            again = await call("POST", f"/books/{book}/lend", who="ann")
            assert (again.status_code, again.json()["rule"]) == (409, "lendable")
        await call("POST", f"/books/{book}/lend", who="ann")
        await made.keep(call.application.runtime)
        await made.keep(call.application.runtime)
        heard = await shadows.read(call.application.runtime.store)
        assert {(one.direction, one.condition, one.count) for one in heard} >= {
            ("widened", "book.loans < BORROWED_MAX", 3),
            ("calls", "", 5),
        }
        lines = "\n".join(report(heard, [made.running[0][0]]))
        assert "widened 3 times, decided by book.loans < BORROWED_MAX; for example facts(" in lines
        assert "condition book.loans < BORROWED_MAX: 5 yes, 0 no: traffic never exercised no" in lines
        assert len(await shadows.recorded(call.application.runtime.store, "rule lendable")) == 5


def test_a_shadow_is_started_heard_of_recorded_replayed_and_dropped(tmp_path: Path, database_url: str):
    project, url = shelf(tmp_path), database_url
    draft = proposal(project, "    return book.state is State.FREE and few(book)", "    return few(book)")
    start = ("shadow", "start", "lendable", "--draft", str(draft), "--record-rows", "10", "--database", url)
    code, told = project.run(*start)
    assert (code, "it decides nothing" in told) == (0, True), told
    asyncio.run(_called(project, url))
    code, told = project.run("shadow", "replay", "lendable", "--draft", str(draft), "--database", url)
    assert (code, "WIDENED" in told) == (1, True), told
    code, told = project.run("shadow", "report", "--json", "--database", url)
    assert code == 1
    assert any(one["direction"] == "widened" for one in json.loads(told))
    code, told = project.run("shadow", "drop", "lendable", "--database", url)
    assert (code, "the signed rule decides as before" in told) == (0, True)
    assert shadowed(load(str(project.folder)).plan(), project.folder, system_clock).running == ()
    assert project.run("shadow", "report", "--database", url) == (0, "no shadows\n")


def test_a_shadow_ends(tmp_path: Path):
    project = shelf(tmp_path)
    item = items_of(load(str(project.folder)).plan())["rule lendable"]
    over = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    keep_draft(project.folder, Draft("rule lendable", over, item.record, item.hash))
    made = shadowed(load(str(project.folder)).plan(), project.folder, system_clock)
    assert made.running == ()
    assert "its shadow ended" in made.notes[0]


REFUSED_FILES = {
    "no JSON": "x", "no moment": json.dumps({"title": "rule a", "until": "soon", "record": None}),
    "too many rows": written(Draft("rule a", "2026-01-01T00:00:00+00:00", None, rows_max=10**9)),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED_FILES.values(), ids=REFUSED_FILES.keys())
def test_a_file_that_is_no_shadow_is_said_and_left_out(tmp_path: Path, text: str):
    with pytest.raises(DraftRefused):
        draft_of(text)
    project = shelf(tmp_path)
    (project.folder / "techlead.shadow").mkdir()
    (project.folder / "techlead.shadow" / "rule.lendable.json").write_text(text)
    made = shadowed(load(str(project.folder)).plan(), project.folder, system_clock)
    assert (made.running, len(made.notes)) == ((), 1)


async def test_why_names_the_condition_that_decided_and_what_would_flip_it(tmp_path: Path):
    project = shelf(tmp_path)
    url, plan = sqlite_url(tmp_path), load(str(project.folder)).plan()
    async with running(plan, url, Settings(login_tries_free=1_000)) as call:
        await call.sign_up("ann", "ben")
        book = await call.made("/books", {}, "ann")
        found = await why(plan, url, book, "lend", "ann")
        assert found.allowed
        await call("POST", f"/books/{book}/lend", who="ann")
        found = await why(plan, url, book, "lend", "ann@example.com")
        assert (found.may, found.allowed) == (True, False)
        (rule,) = found.rules
        assert "incident of 3 March 2021" in rule.because
        assert rule.message == "This book cannot be lent."
        assert [(one.source, one.answered, one.decided) for one in rule.steps] == [
            ("book.state is State.FREE", False, True), ("book.loans < BORROWED_MAX", None, False)]  # fmt: skip
        assert rule.flip == "facts(state=State.FREE)"
        with pytest.raises(SettingsRefused, match="to them it does not exist"):
            await why(plan, url, book, "lend", "ben")
        for row, action, person, words in (
            (book, "burn", "ann", "choose one of lend"), ("pen_1", "lend", "ann", "is no id of this backend"),
            ("book_1", "lend", "ann", "is no id"), (book, "lend", "zoe", "names no account")):  # fmt: skip
            with pytest.raises(SettingsRefused, match=words):
                await why(plan, url, row, action, person)
