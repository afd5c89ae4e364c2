"""A new project serves, checks clean and passes its own test, and nothing that lies there is written over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from served import PLAIN

from techlead.cli.main import main
from techlead.cli.project import load
from techlead.scaffold.project import project
from techlead.scaffold.refused import ScaffoldRefused
from techlead.scaffold.rehearsal import Rehearsal


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Give a new project."""
    assert main(["new", str(tmp_path / "shop"), "--json"]) == 0
    return tmp_path / "shop"


def test_a_new_project_checks_clean_and_its_test_passes(shop, capsys):
    assert main(["check", str(shop)]) == 0
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", shop, "."],
        cwd=shop, env=PLAIN, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout


def test_a_new_project_serves_and_keeps_strangers_out(shop):
    with Rehearsal(load(str(shop))) as stage:
        note = stage.make("Note", by="ada")
        assert stage.person("ada").get(f"/notes/{note['id']}").status == 200
        assert stage.person("mallory").get(f"/notes/{note['id']}").status == 404
        assert stage.anonymous.get("/notes").status == 401


def test_the_settings_are_toml_and_the_words_for_agents_are_at_most_ten_lines():
    import tomllib

    files = project("shop")
    tomllib.loads(files["techlead.toml"])
    assert len(files["AGENTS.md"].strip().splitlines()) <= 10
    assert "approve" in files["AGENTS.md"]


@pytest.mark.parametrize("name", ["", "Shop", "9lives", "my shop", "../shop/..", "a" * 41])
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(ScaffoldRefused, match="write small letters"):
        project(name)


def test_what_lies_there_is_not_written_over(shop, capsys):
    (shop / "backend.py").write_text("mine = True\n")
    assert main(["new", str(shop)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (shop / "backend.py").read_text() == "mine = True\n"


def test_what_was_written_is_listed_as_data(tmp_path, capsys):
    main(["new", str(tmp_path / "bakery"), "--json"])
    assert {Path(one).name for one in json.loads(capsys.readouterr().out)["written"]} >= {"backend.py", "techlead.toml"}
