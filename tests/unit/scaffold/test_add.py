"""Declarations are put where they belong; all else of the page stays byte for byte, and what would not load is not written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from backends import EXAMPLES

from techlead.cli.main import main
from techlead.cli.project import load
from techlead.cli.questions import as_flags, asked
from techlead.scaffold.answers import CHECKS
from techlead.scaffold.declarations import QUESTIONS, Question
from techlead.scaffold.imports import imported
from techlead.scaffold.page import Page, read

RESOURCE = ["resource", "Crate", "--about", "A box.", "--field", "sender:owner", "--field", "weight:int(1..30)=1",
            "--field", "state:choice(packed|sent)", "--field", "sent_on:date?", "--read", "owner", "--create", "signed_in"]  # fmt: skip
RULE = ["rule", "still_here", "--on", "Crate", "--because", "Crates were changed on their way (ticket 9, 2024).",
        "--holds", "crate.state is CrateState.PACKED", "--allows", "facts(state=CrateState.PACKED)",
        "--refuses", "facts(state=CrateState.SENT)"]  # fmt: skip
MESSAGE = ["notification", "crate_sent", "--on", "Crate", "--to", "sender", "--via", "inbox,email", "--text", "It is on its way."]  # fmt: skip
ACTION = ["action", "send_off", "--on", "Crate", "--about", "Hand it over.", "--rule", "still_here",
          "--set", "state=CrateState.SENT", "--send", "crate_sent"]  # fmt: skip


@pytest.fixture(params=["new", "marketplace", "teamboard", "gymbook"])
def page(request, tmp_path: Path) -> Path:
    """Give the page of a new project, or of an example."""
    folder = tmp_path / "shop"
    if request.param == "new":
        main(["new", str(folder)])
    else:
        shutil.copytree(EXAMPLES / request.param, folder, ignore=shutil.ignore_patterns("techlead.lock"))
    return folder / "backend.py"


def add(page: Path, *words: str) -> int:
    return main(["add", "--folder", str(page.parent), *words])


def test_each_kind_is_added_and_the_backend_checks_clean_and_nothing_else_moves(page, capsys):
    before = page.read_text()
    assert [add(page, *one) for one in (RESOURCE, RULE, MESSAGE, ACTION)] == [0, 0, 0, 0]
    assert main(["check", str(page.parent)]) == 0
    plan = load(str(page.parent)).plan()
    assert "send_off" in [action.name for action in plan.resources["Crate"].actions]
    rest = iter(page.read_text().splitlines())
    body = before.partition("backend = ")[2].splitlines()
    assert all(any(line == other for other in rest) for line in body[1:])


def test_lines_that_end_as_on_windows_still_do(tmp_path):
    main(["new", str(tmp_path / "shop")])
    page = tmp_path / "shop" / "backend.py"
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert add(page, *RESOURCE) == 0
    body = page.read_bytes().partition(b"backend = ")[2]
    assert body.count(b"\r\n") == body.count(b"\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["resource", "crate", "--about", "A box.", "--field", "a:text"], "write it as in OrderLine"),
        (["resource", "Note", "--about", "A box.", "--field", "a:text"], "already"),
        (["resource", "Crate", "--field", "a:text"], "Say --about"),
        (["resource", "Crate", "--about", "A box."], "at least one field"),
        (["resource", "Crate", "--about", "A box.", "--field", "a:txt"], "is no kind of field"),
        (["resource", "Crate", "--about", "A box.", "--field", "a:text(many)"], "is no number"),
        (["resource", "Crate", "--about", "A box.", "--field", "class:text"], "cannot be a field's name"),
        (["resource", "Crate", "--about", "A box.", "--field", "a:Nobody"], "The page has no Nobody"),
        (["resource", "Crate", "--about", "A box.", "--field", "a:text", "--read", "__import__('os').x()"], "__import__ reaches beyond the page"),
        (["resource", "Crate", "--about", "A box.", "--field", "a:text", "--read", "lambda: 1"], "is no policy"),
        (["resource", "Crate", "--about", "A box.", "--field", "id:text"], "would not stand"),
        (["resource", "Crate", "--about", 'A """ box.', "--field", "a:text"], "a sentence on one line"),
        (["rule", "Loud", "--on", "Note"], "write it as in not_handed_over"),
        ([*RULE[:1], "quiet", *RULE[2:]], "has no resource 'Crate': it has Person, Note"),
        (["action", "hush", "--on", "Note", "--about", "Hush."], "An action does something"),
        (["action", "hush", "--on", "Note", "--about", "Hush.", "--rule", "none"], "has no rule 'none'"),
        (["action", "hush", "--on", "Note", "--about", "Hush.", "--set", "text"], "sets no field"),
        (["notification", "told", "--on", "Note", "--to", "author", "--text", "Told.", "--via", "pigeon"], "pigeon is no way"),
        (["notification", "told", "--on", "Note", "--to", "nobody", "--text", "Told."], "would not stand"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_refused_in_words_and_nothing_is_written(tmp_path, words, said, capsys):
    main(["new", str(tmp_path / "shop")])
    page = tmp_path / "shop" / "backend.py"
    before = page.read_bytes()
    assert add(page, *words) == 2
    assert said in (shown := capsys.readouterr().err)
    assert "Traceback" not in shown
    assert page.read_bytes() == before


def test_an_unknown_kind_is_refused_and_the_kinds_are_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["add", "queue", "orders"])
    assert ended.value.code == 2
    assert "notification" in capsys.readouterr().err


def test_a_folder_without_a_page_is_refused(tmp_path, capsys):
    assert main(["add", "--folder", str(tmp_path), *RESOURCE]) == 2
    assert "techlead new" in capsys.readouterr().err


def test_what_was_added_is_told_as_data(tmp_path, capsys):
    main(["new", str(tmp_path / "shop"), "--json"])
    capsys.readouterr()
    assert add(tmp_path / "shop" / "backend.py", *RESOURCE, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    line = (tmp_path / "shop" / "backend.py").read_text().splitlines()[told["line"] - 1]
    assert (told["name"], line) == ("Crate", "class CrateState(Enum):")


def of(source: str = "class Lot:\n    pass\n") -> Page:
    return read(
        f"backend = Backend('shop')\n\n\n@backend.account\nclass Person:\n    pass\n\n\n@backend.resource()\n{source}"
    )


def test_a_person_is_asked_until_there_is_an_answer_that_can_be_and_hears_what_is_wrong(capsys):
    said = iter(["", "A box.", "", "who(", "owner", "", "a:txt", "a:text", "b:int", "", "Box", "Lot", "mail", "email"])
    ask = lambda _question: next(said)  # noqa: E731 - a person who types
    assert asked(Question("about", "What is it?"), ask, of()) == ["A box."]
    assert asked(Question("read", "Who?", "owner"), ask, of()) == ["owner"]
    assert asked(Question("read", "Who?", "owner"), ask, of()) == ["owner"]
    assert asked(Question("field", "A field", many=True, needed=True), ask, of()) == ["a:text", "b:int"]
    assert asked(Question("on", "About what?"), ask, of()) == ["Lot"]
    assert asked(Question("via", "How?", "inbox"), ask, of()) == ["email"]
    told = capsys.readouterr().out
    for words in (
        "needs an answer",
        "is no expression",
        "needs one at least",
        "'txt' is no kind",
        "it has Person, Lot",
        "choose of inbox",
    ):
        assert words in told
    assert next(said, None) is None


def test_what_the_page_has_nothing_to_choose_of_is_not_asked():
    assert asked(Question("rule", "A rule", "", many=True), lambda _question: pytest.fail("asked"), of()) == []


def test_what_was_answered_is_given_back_as_a_command():
    told = as_flags("shop", "resource", "Crate", {"about": ["A box."], "field": ["a:text", "b:int"], "read": [""]})
    assert told == "techlead add --folder shop resource Crate --about 'A box.' --field a:text --field b:int"


def test_each_question_has_its_check():
    assert {one.flag for questions in QUESTIONS.values() for one in questions} == set(CHECKS)


def test_every_question_asks_something():
    assert all(one.asks for questions in QUESTIONS.values() for one in questions)


@pytest.mark.parametrize(
    ("before", "module", "name", "after"),
    [
        ("from techlead import Mapped, rule\n", "techlead", "facts", "from techlead import Mapped, facts, rule\n"),
        ("from techlead import Mapped\n", "techlead", "Mapped", "from techlead import Mapped\n"),
        ("from techlead import (\n    Mapped,\n    rule,\n)\n", "techlead", "Ref", "from techlead import (\n    Mapped,\n    Ref,\n    rule,\n)\n"),
        ("from techlead import (\n    Mapped, rule,\n)\n", "techlead", "the", "from techlead import (\n    Mapped, rule, the,\n)\n"),
        ('"""A."""\n\nfrom techlead import Ref\n', "enum", "Enum", '"""A."""\n\nfrom enum import Enum\n\nfrom techlead import Ref\n'),
        ("import re\n\nfrom techlead import Ref\n", "enum", "Enum", "import re\nfrom enum import Enum\n\nfrom techlead import Ref\n"),
        ("from enum import Enum\n\nfrom techlead import Ref\n", "datetime", "date",
         "from datetime import date\nfrom enum import Enum\n\nfrom techlead import Ref\n"),
        ("import techlead\n", "techlead", "rule", "import techlead\nfrom techlead import rule\n"),
        ('"""A."""\nx = 1\n', "techlead", "rule", '"""A."""\n\nfrom techlead import rule\nx = 1\n'),
    ],
)  # fmt: skip
def test_a_name_is_put_among_its_neighbours(before, module, name, after):
    assert imported(before, module, name) == after
