"""Judging a draft as `delegate` and `propose` both do: its text, then what it does to what is there, then its tests and review."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, get_args

from techlead.cli.project import load
from techlead.cli.review import project_tests, reviewed
from techlead.cli.standing import stand
from techlead.cli.versions import Version, plan_apart
from techlead.delegate.answer import Answer
from techlead.delegate.brief import KINDS, Brief, Kind, brief_of, text
from techlead.delegate.contract import Versions, contract_findings
from techlead.delegate.gate import Finding, findings
from techlead.delegate.project import PAGE, Project, is_test, read_project
from techlead.delegate.proposal import Drafted, keep, laid_out, refusal
from techlead.delegate.rounds import Ended
from techlead.delegate.worlds import worlds
from techlead.derive.plan import Plan
from techlead.errors import ProgramError, SettingsRefused
from techlead.intent.door.files import FOLDER as LEDGER
from techlead.intent.items import items_of
from techlead.intent.ledger import State
from techlead.intent.provers import installed_prover
from techlead.intent.report import Run, markdown

WORLD_SECONDS_MAX: Final = 120
IN_WORLDS: Final = """
import json, os, sys
import pytest, techlead

sys.path.insert(0, os.getcwd())
for page in json.load(sys.stdin):
    with open("backend.py", "w", encoding="utf-8") as file:
        file.write(page)
    child = os.fork()  # pytest and techlead are imported once for all worlds
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(int(pytest.main(sys.argv[1:])))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


HARMLESS: Final = frozenset(
    {"HOME", "LANG", "LC_ALL", "PATH", "PYTEST_ADDOPTS", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "VIRTUAL_ENV"}
)
"""Variables that a draft's tests see; all else may hold a key."""


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """One task at hand: the project, its Plan, and the brief that an assistant gets."""

    project: Project
    plan: Plan
    brief: Brief
    signed: frozenset[str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that every verb with a task takes."""
    parser.add_argument("--for", dest="kind", choices=get_args(Kind), default="rules", help=_kinds())
    parser.add_argument("--about", action="append", default=[], metavar="NAME", help="may change, too; may be repeated")
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--json", action="store_true", help="the same as data")


def _kinds() -> str:
    return "; ".join(f"{name}: {words}" for name, words in KINDS.items())


def desk(given: argparse.Namespace, task: str) -> Desk:
    """Read the project and make the brief; SettingsRefused when there is no task."""
    if not task.strip():
        raise SettingsRefused('Say what is to be done: techlead delegate "Cancel orders that nobody paid for a week"')
    folder = Path(given.folder)
    project = read_project(folder)
    plan = load(given.folder).plan()
    held = argparse.Namespace(signers="", base="", team=False)
    found = stand(folder, held, plan).standings if (folder / LEDGER).is_dir() else ()
    signed = frozenset(one.title for one in found if one.state is State.SIGNED)
    return Desk(project, plan, brief_of(plan, project, task, given.kind, given.about), signed)


def judged(at: Desk, answer: Answer) -> tuple[Finding, ...]:
    """Judge a draft, the cheapest first; nothing of it is loaded before its text is fit to be."""
    found = findings(answer, at.project, at.brief)
    if found or not any(path.endswith(".py") for path in answer.files):
        return found
    with laid_out(at.project, answer) as folder:
        try:
            plan = plan_apart(folder)
        except ProgramError as error:
            return (Finding(PAGE, str(error).replace(f"{folder}/", "")),)
        versions = Versions(at.plan, plan, items_of(at.plan), items_of(plan), at.signed, installed_prover())
        return contract_findings(versions, at.brief) or tuple(_tested(at, answer, folder))


def _tested(at: Desk, answer: Answer, folder: Path) -> Iterator[Finding]:
    tests = project_tests(folder, environment_of_drafts(os.environ))
    if tests.passed is False:
        yield Finding("tests", "; ".join([tests.words, *tests.lines[-8:]]).replace(f"{folder}/", ""))
        return
    new = [path for path in answer.files if is_test(path)]
    if new:
        yield from _weak(at.project, folder, new)


def _weak(project: Project, folder: Path, new: Sequence[str]) -> Iterator[Finding]:
    """Refuse new tests that pass in every broken world: they would not notice either."""
    broken = worlds(project.files[PAGE])
    for path in new:
        if 1 not in _ended(folder, list(broken.values()), path):
            said = ", ".join(broken)
            yield Finding(
                path,
                f"it passes whatever is broken ({said}): let a test fail when a rule, an action or a policy is wrong",
            )


def _ended(folder: Path, pages: list[str], path: str) -> set[int]:
    """Run a file of tests against each page and give how pytest ended: 1 when a test failed."""
    words = [sys.executable, "-c", IN_WORLDS, "-q", "-x", "--no-header", "-p", "no:cacheprovider", path]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            words, input=json.dumps(pages), capture_output=True, text=True, check=False, timeout=WORLD_SECONDS_MAX,
            cwd=folder, env=environment_of_drafts(os.environ),
        )  # fmt: skip
    except subprocess.TimeoutExpired:  # tests that do not end in a broken world show nothing about it
        return set()
    return {int(line) for line in done.stdout.split()}


def environment_of_drafts(environment: Mapping[str, str]) -> dict[str, str]:
    """Give what a draft's tests see of the environment: where programs and folders are, and nothing that may be a key."""
    kept = {name: value for name, value in environment.items() if name in HARMLESS or name.startswith("COVERAGE")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def proposed(at: Desk, drafted: Drafted) -> Path:
    """Review a draft that nothing stands against, and put it down."""
    with laid_out(at.project, drafted.answer) as folder:
        before = Version("what is here", at.project.folder, at.plan)
        after = Version("the proposal", folder, plan_apart(folder))
        review = reviewed(before, after, argparse.Namespace(no_tests=True, no_audit=True))
        has_tests = any(is_test(path) for path in (*at.project.files, *drafted.answer.files))
        ran = Run("tests", has_tests or None, "passed on the draft" if has_tests else "the project has none")
        page = markdown(replace(review, runs=(ran,))).replace(f"{folder}/", "")
    return keep(at.project, drafted, page)


def told(folder: Path | None, ended: Ended, *, as_json: bool, more: dict[str, object]) -> int:
    """Say how a task ended: 0 with a proposal, 1 with a refusal."""
    if as_json:
        said = {"proposal": str(folder) if folder else None, "refused": [list(one) for one in ended.refused], **more}
        print(json.dumps(said, indent=2))  # noqa: T201 - the answer
    elif folder is not None:
        print(f"{folder}: read {folder}/review.md, then `techlead review {folder}`; nothing else was changed")  # noqa: T201 - as above
    else:
        last = ended.refused[-1] if ended.refused else ()
        print(f"Refused after {len(ended.refused)} of its answers; nothing was changed:\n{refusal(last)}")  # noqa: T201 - as above
    return 0 if folder is not None else 1


def brief_text(at: Desk) -> str:
    """Write the brief."""
    return text(at.brief)


def brief_data(at: Desk) -> dict[str, object]:
    """Give the brief as data."""
    return {**asdict(at.brief), "text": text(at.brief)}
