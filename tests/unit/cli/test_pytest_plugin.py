"""With `--techlead`, a backend's rules and actions are tests; without it, nothing is collected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ledgers import PAGE


def run(folder: Path, *words: str) -> tuple[int, str]:
    (folder / "backend.py").write_text(
        PAGE.replace("facts(state=State.LOST, loans=0), facts(state=State.LENT, loans=0), ", "")
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "techlead.cli.pytest_plugin",
        "-p",
        "no:cacheprovider",
        *words,
    ]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})  # fmt: skip
    return done.returncode, done.stdout


def test_what_is_not_pinned_is_a_failing_test_and_prints_the_missing_example(tmp_path: Path):
    code, told = run(tmp_path, "--techlead")
    assert code == 1
    assert "missing in refuses: facts(" in told
    assert "1 failed, 1 passed" in told
    (tmp_path / "plain").mkdir()
    assert run(tmp_path / "plain")[0] == 5
