"""Claim: what the documentation shows is so: its commands exist with their flags, its code is code, its first walk can be walked.

Every fenced block of every page is read. Python is served, run or found word for word in a page that is; each `techlead` command is held against the verb's
own arguments. All lines are typed in test_docs_walk.py; what is shown of explain is held in tests/unit/cli.
"""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from documented import ROOT, Block, blocks, typed
from reference_page import page

from techlead.cli.main import MODULES, VERBS
from techlead.cli.versions import plan_apart

pytestmark = [pytest.mark.proof, pytest.mark.volume]
BLOCKS = blocks()
COMMANDS = [
    (line.page, line.words) for line in typed(BLOCKS) if line.words.startswith("techlead ") and "\n" not in line.words
]


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


def test_the_reference_is_what_the_code_says_today():
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == page()


def test_the_documentation_becomes_a_site_without_a_warning(tmp_path: Path):
    words = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(ROOT / "docs"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Learn" in (tmp_path / "site.html").read_text("utf-8")
