"""What `techlead audit` refuses at once: a typing mistake that would find nothing, and what could not be written after a minute."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from techlead.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("raise SystemExit('nothing is to be started')", encoding="utf-8")
    (tmp_path / "techlead-audit.toml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replay", "nonsense"], "kind@operation"),
        (["--replay", "no.kind@GET /"], "kind@operation"),
        (["--only", "pasword"], "there are password"),
        (["--only", "zzz"], "there are access, exposure"),
        (["--baseline", "nowhere.json"], "nowhere.json cannot be read"),
        (["--json", "nowhere/report.json"], "there is no folder nowhere"),
        (["--write-baseline", "nowhere/known.json"], "there is no folder nowhere"),
        (["--init"], "exists; move it away first"),
    ],
)
def test_it_is_refused_before_anything_is_started(
    folder: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["audit", "app:app", "--app-dir", str(folder), *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "starting" not in told.err
    assert told.out == ""


@pytest.mark.parametrize("words", [["app:app", "--python", "/nowhere/python"], ["--start", "nowhere/serve"]])
def test_a_command_that_cannot_be_run_is_told_in_a_sentence(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
):
    assert main(["audit", "--app-dir", str(folder), *words]) == 2
    assert "cannot be run (No such file or directory)" in capsys.readouterr().err


def test_one_that_is_told_rightly_is_started(folder: Path, capsys: pytest.CaptureFixture[str]):
    words = ["--python", sys.executable, "--only", "password", "--replay", "password.weak-hash@POST /x"]
    assert main(["audit", "app:app", "--app-dir", str(folder), *words]) == 2
    assert "nothing is to be started" in capsys.readouterr().err
