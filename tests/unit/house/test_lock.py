"""The lock files hold what pyproject.toml asks for, with hashes, and name no place; the check is shown to find what is not so."""

from __future__ import annotations

import tomllib

import pytest
from unit.house.lock import findings, pins
from unit.house.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
TOOLS = [wanted for wanted in GROUPS["dev"] if isinstance(wanted, str)]
HASH = f"    --hash=sha256:{'0' * 64}\n"


def lock(name: str) -> str:
    return (ROOT / name).read_text()


def test_the_lock_of_the_tools_holds_everything():
    assert findings(lock("requirements.lock"), [*RUN, *GROUPS["build"], *TOOLS]) == []


def test_the_lock_of_a_run_holds_what_runs():
    assert findings(lock("requirements-run.lock"), [*RUN, *GROUPS["build"]]) == []


def test_what_runs_is_what_is_tested():
    assert pins(lock("requirements-run.lock")).items() <= pins(lock("requirements.lock")).items()


def test_every_dependency_has_a_range_with_both_ends():
    open_ended = [wanted for wanted in [*RUN, *GROUPS["build"], *TOOLS] if not (">=" in wanted and "<" in wanted)]
    assert open_ended == []


def test_a_good_lock_is_fine():
    assert (
        findings(f"one==1.2 ; sys_platform == 'x' \\\n{HASH}    # via two (pyproject.toml:dev)\n", ["one>=1,<2"]) == []
    )


@pytest.mark.parametrize(
    "line",
    [
        "--find-links wheels",
        "--index-url https://pypi.org/simple",
        "--extra-index-url=x",
        "-e .",
        "one @ file:///wheels/one.whl",
        "    # from https://mirror.example/simple",
    ],
)
def test_a_line_that_names_a_place_is_found(line: str):
    assert findings(f"{line}\n", []) == [f"neither a pin, a hash nor a remark: {line}"]


def test_a_pin_without_a_hash_is_found():
    assert findings("one==1.2 \\\n    # via two\n", []) == ["without a hash: one==1.2 \\"]


@pytest.mark.parametrize(("wanted", "locked"), [("two>=1,<2", "nothing"), ("one>=2,<3", "1.2")])
def test_a_requirement_that_the_lock_does_not_meet_is_found(wanted: str, locked: str):
    [found] = findings(f"one==1.2 \\\n{HASH}", [wanted])
    assert found.endswith(f"is wanted, {locked} is locked")
