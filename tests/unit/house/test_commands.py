"""One command for each job: `make` lists them, and what must hold before anything lands calls the same ones."""

from __future__ import annotations

import re
import subprocess

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


def test_what_must_hold_before_landing_is_the_tests_and_the_checks():
    commands = (ROOT / ".ci" / "run").read_text().splitlines()
    assert "set -euo pipefail" in commands
    assert commands[-2:] == ["make test", "make check"]


def test_every_rule_that_the_linter_leaves_out_has_its_reason():
    ignored = re.findall(r'^ {4}"[A-Z]+\d*",.*$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert ignored
    assert [line for line in ignored if "# " not in line] == []
