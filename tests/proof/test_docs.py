"""Claim: what the documentation shows is so: its commands exist with their flags, its code is code, its first walk can be walked.

Every fenced block of every page is read. Python is served, run or found word for word in a page that is, JSON and TOML are parsed, each `techlead` command is held against the verb's own
arguments and run where it is quick; the walk of scaffolds.md is run from its first line to its last. What is shown of explain is held in tests/unit/cli.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from reference_page import page

from techlead.cli.main import MODULES, VERBS, main
from techlead.cli.versions import plan_apart

pytestmark = pytest.mark.proof
ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = {
    "yaml": "it is GitHub's to run",
    "html": "it is a page's",
    "js": "it is a browser's",
    "mermaid": "it is a picture",
}
"""Languages of blocks that no test reads, and why."""
PROGRAM = "import sys; from techlead.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True)
class Block:
    """One fenced block: its page, its language, its text."""

    page: str
    language: str
    text: str


def blocks() -> list[Block]:
    return [
        Block(str(file.relative_to(ROOT)), language, text)
        for file in PAGES
        for language, text in FENCE.findall(file.read_text("utf-8"))
    ]


BLOCKS = blocks()
COMMANDS = [
    (block.page, line.split("   ")[0].removeprefix("$ ").strip())
    for block in BLOCKS
    if block.language in ("", "console", "sh", "bash", "text")
    for whole in block.text.splitlines()
    for line in whole.split("; ")
    if line.removeprefix("$ ").startswith("techlead ")
]


def test_every_kind_of_block_is_read_or_says_why_not():
    assert {block.language for block in BLOCKS} <= {
        "",
        "python",
        "json",
        "toml",
        "sql",
        "console",
        "sh",
        "bash",
        "text",
        *NOT_RUN,
    }
    assert len(COMMANDS) > 60


MARKETPLACE = (ROOT / "examples" / "marketplace" / "backend.py").read_text("utf-8")
WHOLE = {
    "README.md": (
        MARKETPLACE[: MARKETPLACE.index("@backend.resource(\n")],
        "\n\norder_cancelled = notification(Order, to='seller', via=[inbox])\n",
    ),
}
"""Pages whose Python is a backend with what stands before it and after it."""
EXCERPTS = {
    "docs/intent.md": MARKETPLACE,
    "docs/tutorial.md": (ROOT / "docs" / "tutorial" / "backend.py").read_text("utf-8"),
}
"""Pages whose Python stands word for word in a page that other tests run."""
ELSEWHERE = {"docs/channels.md": "unit/house/test_guides.py", "docs/mounting.md": "unit/serve/test_mount.py"}
"""Pages whose Python is run by a test of what they are about."""


def python_of(pages: Collection[str]) -> list[Block]:
    return [one for one in BLOCKS if one.language == "python" and one.page in pages]


def test_all_python_is_run_or_stands_in_what_is():
    assert all((ROOT / "tests" / test).is_file() for test in ELSEWHERE.values())
    assert {one.page for one in BLOCKS if one.language == "python"} == {*WHOLE, *EXCERPTS, *ELSEWHERE}


@pytest.mark.parametrize("page", WHOLE)
def test_a_page_of_declarations_can_be_served(page: str, tmp_path: Path):
    before, after = WHOLE[page]
    (tmp_path / "backend.py").write_text(f"{before}{''.join(one.text for one in python_of({page}))}{after}")
    assert plan_apart(tmp_path).operations


@pytest.mark.parametrize("block", python_of(EXCERPTS), ids=lambda one: one.page)
def test_an_excerpt_stands_in_its_page(block: Block):
    assert block.text.strip() in EXCERPTS[block.page]


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.language == "python"], ids=lambda one: one.page)
def test_python_is_python(block: Block):
    decorators_alone = block.text.startswith("@") and not re.search(
        r"^(?:async )?(?:def|class) ", block.text, re.MULTILINE
    )
    ast.parse(f"{block.text}def described(): ..." if decorators_alone else block.text)


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.language in ("json", "toml")], ids=lambda one: one.page)
def test_data_is_data(block: Block):
    json.loads(block.text) if block.language == "json" else tomllib.loads(block.text)


@pytest.mark.parametrize(("where", "command"), COMMANDS, ids=[f"{where}: {command}" for where, command in COMMANDS])
def test_a_command_has_the_verb_and_the_flags_that_are_shown(where: str, command: str):
    words = shlex.split(re.split(r" [<>|] ", command)[0].replace("[", "").replace("]", ""))[1:]
    assert words[0] in VERBS, f"{where}: there is no such verb"
    known = set(flags_of(words[0], words))
    for word in words[1:]:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{where}: {words[0]} has no {word}"


def flags_of(verb: str, words: list[str]) -> Iterator[str]:
    """Give every flag of a verb, and of what stands below it."""
    parser = argparse.ArgumentParser()
    import_module(f"techlead.cli.{MODULES.get(verb, verb)}").arguments(parser)
    waiting = [parser]
    while waiting:
        for action in waiting.pop()._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                waiting += [one for name, one in action.choices.items() if name in words]


QUICK = ("explain", "check", "brief", "notify", "plan")
SLOW = re.compile(r"--(?:since|html|prose|fix)|PROPOSAL|not_handed_over$|Order\.address$")
"""What needs a history, a model, a terminal, or a folder that is named in words; tests of these verbs run them."""


@pytest.mark.parametrize(
    "command",
    dict.fromkeys(command for _, command in COMMANDS if command.split()[1] in QUICK and not SLOW.search(command)),
)
def test_a_quick_command_runs(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    named = any(word in command for word in ("examples/", "docs/tutorial"))
    monkeypatch.chdir(ROOT if named else ROOT / "examples" / "marketplace")
    assert main(shlex.split(command.split(" > ", maxsplit=1)[0])[1:]) == 0
    assert capsys.readouterr().out.strip()


def test_the_walk_of_the_scaffolds_can_be_walked(tmp_path: Path):
    told = (ROOT / "docs" / "scaffolds.md").read_text("utf-8")
    lines = [line.split("   ")[0] for _, text in FENCE.findall(told) for line in text.splitlines()]
    walked = [line for line in lines if line.startswith(("techlead new", "techlead add", "techlead scaffold tests"))]
    assert len(walked) == 7
    for line in walked:
        words = [sys.executable, "-c", PROGRAM, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:cacheprovider", "shop"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_reference_is_what_the_code_says_today():
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == page()


def test_the_documentation_becomes_a_site_without_a_warning(tmp_path: Path):
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(ROOT / "docs"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Learn" in (tmp_path / "site.html").read_text("utf-8")
