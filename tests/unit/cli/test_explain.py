"""`techlead explain`: what there is, one thing of it, all of it as a page, and what changed since a revision."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from backends import EXAMPLES
from ledgers import Project, project
from scripted_model import Says, scripted

from techlead.cli.main import main

MARKETPLACE = ["--folder", str(EXAMPLES / "marketplace")]


@pytest.fixture(scope="module")
def signed_shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project(tmp_path_factory.mktemp("explained"))


@pytest.fixture
def shelf(signed_shelf: Project, tmp_path: Path) -> Project:
    shutil.copytree(signed_shelf.folder, tmp_path / "shelf")
    return Project(tmp_path / "shelf", signed_shelf.keys)


def test_without_a_word_it_says_what_there_is_to_ask_for(capsys):
    assert main(["explain", *MARKETPLACE]) == 0
    told = capsys.readouterr().out
    assert "rules (3)" in told
    assert "  POST /orders/{id}/cancel" in told


@pytest.mark.parametrize(
    "what", [["rules"], ["for_sale"], ["Order.address"], ["POST", "/orders"], ["Order"], ["derived", "Order"]]
)
def test_a_group_or_a_name_is_enough(what, capsys):
    assert main(["explain", *what, *MARKETPLACE]) == 0
    assert what[-1].lower() in capsys.readouterr().out.lower()


def test_what_is_not_there_names_the_nearest(capsys):
    assert main(["explain", "for_sail", *MARKETPLACE]) == 2
    assert "did you mean 'for_sale'?" in capsys.readouterr().err


def test_the_same_is_there_as_data_and_as_mermaid(capsys):
    assert main(["explain", "--json", *MARKETPLACE]) == 0
    assert {one["name"] for one in json.loads(capsys.readouterr().out)["rules"]} >= {"for_sale"}
    assert main(["explain", "for_sale", "--json", *MARKETPLACE]) == 0
    assert json.loads(capsys.readouterr().out)[0]["blocks"][0]["kind"] == "words"
    assert main(["explain", "POST /orders", "--mermaid", *MARKETPLACE]) == 0
    assert capsys.readouterr().out.startswith("sequenceDiagram")


def test_one_page_holds_everything_and_asks_for_nothing(tmp_path, capsys):
    assert main(["explain", "--html", str(tmp_path / "site"), *MARKETPLACE]) == 0
    written = (tmp_path / "site" / "index.html").read_text()
    assert "index.html: 5" in capsys.readouterr().out
    for outside in ('src="', "@import", "url(", 'href="http'):
        assert outside not in written


def test_a_signed_rule_says_who_signed_it_and_a_changed_one_that_nobody_did(shelf: Project):
    code, told = shelf.run("explain", "lendable")
    assert code == 0
    assert "Ledger: signed by ann@example.com on" in " ".join(told.split())
    shelf.write("book.state is State.FREE and few(book)", "few(book)")
    told = " ".join(shelf.run("explain", "lendable")[1].split())
    assert "! Ledger: changed:" in told
    assert "! An example does not hold:" in told


def test_a_condition_without_an_example_is_not_pinned(shelf: Project):
    shelf.write("facts(state=State.FREE, loans=3)]", "facts(state=State.LOST, loans=3)]")
    told = " ".join(shelf.run("explain", "lendable")[1].split())
    assert "! Not pinned: line" in told
    assert "missing in refuses: facts(" in told


def test_what_changed_since_a_revision_is_widened_narrowed_or_equal_with_an_example(shelf: Project):
    assert shelf.run("explain", "--since", "HEAD") == (0, "Nothing has changed since HEAD.\n")
    shelf.write("BORROWED_MAX = 3", "BORROWED_MAX = 4")
    code, told = shelf.run("explain", "--since", "HEAD")
    assert code == 1
    assert "changed, widened" in told
    assert "WIDENED: facts(" in " ".join(told.split())
    code, told = shelf.run("explain", "--since", "HEAD", "--json")
    assert (code, json.loads(told)["changed"][0]["verdict"]) == (1, "widened")


def test_prose_is_marked_as_a_models_and_paid_for(shelf: Project):
    with scripted(Says(text="A book is lent to one reader at a time.")) as script:
        given = {"TECHLEAD_AI_MODEL": "scripted", "TECHLEAD_AI_URL": script.url}
        code, told = shelf.run("explain", "lendable", "--prose", **given)
        assert (code, "Written by scripted, and checked by nobody" in told) == (0, True), told
        assert "one reader at a time" in told
        assert "Because: Lost books" in json.dumps(script.asked)
        assert shelf.run("explain", "--prose", **given)[0] == 2
    assert (shelf.folder / "proposals" / "costs.jsonl").read_text().count("\n") == 1


def test_without_a_model_prose_says_what_to_do(shelf: Project):
    code, told = shelf.run("explain", "lendable", "--prose", TECHLEAD_AI_MODEL="")
    assert (code, "No model is named" in told) == (2, True)


def test_what_the_docs_show_is_what_is_printed(monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES.parent)
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.findall(
        r"```\n\$ techlead (explain [^\n]*)\n(.*?)```", (EXAMPLES.parent / "docs" / "explain.md").read_text(), re.DOTALL
    )
    assert len(shown) == 2
    for command, told in shown:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == told
