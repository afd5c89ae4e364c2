"""One command for each job: `make` lists them, and what must hold before anything lands calls the same ones."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from shutil import copy2

import pytest
from unit.house.paths import ROOT

TARGETS = {"demo", "test", "check", "bench", "proof", "fix"}


def test_make_alone_lists_every_target_with_one_line():
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    told = dict(re.findall(r"^  make (\w+) +(\S.*)$", listed, flags=re.MULTILINE))
    assert told.keys() >= TARGETS
    assert len(told) == len(listed.splitlines())


def test_every_command_that_the_front_pages_name_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    pages = [(ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
    named = {target for page in pages for target in re.findall(r"(?m)(?:^|`)\s*make ([a-z]+)", page)}
    assert named <= targets
    assert {"demo", "test", "check"} <= named


@pytest.mark.parametrize("failing", [None, "test", "check"])
def test_what_must_hold_before_landing_is_the_tests_and_the_checks(tmp_path: Path, failing: str | None):
    (tmp_path / ".ci").mkdir()
    copy2(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "made $1"\ntest "$1" != "{failing}"\n')
    make.chmod(0o755)
    told = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TECHLEAD_TEST_POSTGRES": "postgresql://127.0.0.1/none"}
    done = subprocess.run([tmp_path / ".ci" / "run"], env=told, capture_output=True, text=True, check=False)
    assert done.stdout == "made test\nmade check\n"
    assert (done.returncode == 0) == (failing is None)


def test_every_rule_that_the_linter_leaves_out_has_its_reason():
    ignored = re.findall(r'^ {4}"[A-Z]+\d*",.*$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert ignored
    assert [line for line in ignored if "# " not in line] == []
