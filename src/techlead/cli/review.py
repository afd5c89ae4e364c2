"""`techlead review`: what a change does, in plain words, with an example of each thing that is now allowed or refused."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from techlead.cli import standing
from techlead.cli.standing import Stand, stand
from techlead.cli.versions import Version, version
from techlead.derive.plan import Plan
from techlead.derive.tables import tables
from techlead.intent.changes import changes, matrix_changes, message_changes, signed_items
from techlead.intent.items import Item, items_of
from techlead.intent.ledger import Standing, State
from techlead.intent.pinned import check_plan
from techlead.intent.provers import installed_prover
from techlead.intent.report import Review, Run, data, markdown, text
from techlead.intent.serving import CannotServe, served
from techlead.store import migrate

TEST_SECONDS_MAX: Final = 600
AUDIT_SECONDS_MAX: Final = 600
AUDIT_PORT_MIN, AUDIT_PORTS = 20_000, 10_000
LINES_MAX: Final = 20
VERB: Final = "import sys; from techlead.cli.main import main; sys.exit(main(sys.argv[1:]))"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "proposal", nargs="?", default="", help="a folder with a drafted version (default: what is here)"
    )
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    parser.add_argument("--since", default="", metavar="REV", help="compare with a revision instead of what is signed")
    parser.add_argument("--until", default="", metavar="REV", help="the revision to review (default: the working copy)")
    parser.add_argument("--no-tests", action="store_true", help="do not run the project's tests")
    parser.add_argument("--no-audit", action="store_true", help="do not attack the running backend")
    parser.add_argument("--markdown", action="store_true", help="as a comment of a pull request")
    parser.add_argument("--json", action="store_true", help="the same as data")
    standing.arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Review, print, and give 1 when something waits for a person."""
    with ExitStack() as open_versions:
        folder = Path(given.proposal or given.folder)
        after = open_versions.enter_context(version(folder, given.until))
        before = _before(given, open_versions)
        review = reviewed(before, after, given)
    forms = {"json": lambda: json.dumps(data(review), indent=2), "markdown": lambda: markdown(review)}
    form = "json" if given.json else "markdown" if given.markdown else ""
    print(forms[form]() if form else text(review))  # noqa: T201 - the answer
    return 0 if review.clear else 1


def _before(given: argparse.Namespace, open_versions: ExitStack) -> Version | None:
    """Choose what to compare with: a revision, the working copy below a proposal, or (None) what is signed."""
    if given.since:
        return open_versions.enter_context(version(Path(given.folder), given.since))
    return open_versions.enter_context(version(Path(given.folder))) if given.proposal else None


def reviewed(before: Version | None, after: Version, given: argparse.Namespace) -> Review:
    """Compare two versions and run what is to be run."""
    held = None if before is not None else _stand(after, given)
    new = held.items if held is not None else items_of(after.plan)
    old, old_plan, name = _old(before, after.plan, held)
    steps = migrations(old_plan, after.plan)
    return Review(
        name,
        after.name,
        changes(old, new, installed_prover()),
        _not_held(held.standings if held is not None else ()),
        matrix_changes(old_plan, after.plan),
        tuple(str(one) for one in steps),
        tuple(str(one) for one in steps if one.lossy),
        message_changes(old, new),
        check_plan(after.plan),
        tuple(_runs(after, given)),
    )


def _stand(after: Version, given: argparse.Namespace) -> Stand:
    return stand(after.folder, given, after.plan)


def _old(before: Version | None, plan: Plan, held: Stand | None) -> tuple[Mapping[str, Item], Plan, str]:
    if before is not None:
        return items_of(before.plan), before.plan, before.name
    assert held is not None  # noqa: S101 - without another version there is the ledger
    valid = {one.title: one.entry for one in held.standings if one.entry is not None and one.state is not State.REFUSED}
    try:
        signed = served(plan, held.items, valid).plan
    except CannotServe:
        signed = plan  # rows changed under the signed version: the changes say how, the matrix cannot
    return signed_items(valid), signed, "what is signed"


def _not_held(found: Sequence[Standing]) -> tuple[Standing, ...]:
    """Leave out what the list of changes says already."""
    return tuple(one for one in found if one.state is State.REFUSED)


def migrations(old: Plan, new: Plan) -> list[migrate.Step]:
    """Tell what the schema of one version needs to become that of another, on a database made for the question."""
    with tempfile.TemporaryDirectory(prefix="techlead-review-") as folder:
        url = f"sqlite:///{folder}/schema.db"
        migrate.create_all(url, tables(old))
        return migrate.pending(url, tables(new))


def _runs(after: Version, given: argparse.Namespace) -> list[Run]:
    tests = Run("tests", None, "not run") if given.no_tests else project_tests(after.folder)
    audit = Run("audit", None, "not run") if given.no_audit else audited(after.folder)
    return [tests, audit]


def project_tests(folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run the project's own tests in a process of their own, in this environment where none is given."""
    if not any(folder.rglob("test_*.py")):
        return Run("tests", None, "the project has none")
    words = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            words, capture_output=True, text=True, check=False, timeout=TEST_SECONDS_MAX, cwd=folder,
            env={**(os.environ if environment is None else environment), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Run("tests", passed=False, words=f"stopped after {TEST_SECONDS_MAX} s")
    told = done.stdout.strip().splitlines()
    last = (
        told[-1].strip("= ")
        if told
        else done.stderr.strip().splitlines()[-1:][0]
        if done.stderr.strip()
        else "nothing was said"
    )
    return Run("tests", done.returncode == 0, last, () if done.returncode == 0 else tuple(told[-LINES_MAX:]))


def audited(folder: Path) -> Run:
    """Attack the running backend with `techlead audit`, where it is installed."""
    if find_spec("techlead.audit") is None:
        return Run("audit", None, "not installed")
    port = str(AUDIT_PORT_MIN + os.getpid() % AUDIT_PORTS)
    serve = f"{Path(sys.executable).parent / 'techlead'} serve . --port {port}"
    with tempfile.TemporaryDirectory(prefix="techlead-audit-") as made:
        report = Path(made) / "report.json"
        words = [
            "audit",
            "--start",
            serve,
            "--url",
            f"http://127.0.0.1:{port}",
            "--app-dir",
            str(folder),
            "--json",
            str(report),
        ]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", VERB, *words], capture_output=True, text=True, check=False, timeout=AUDIT_SECONDS_MAX
        )
        if not report.is_file():
            return Run("audit", passed=False, words=f"could not run: {(done.stderr or done.stdout).strip()[-200:]}")
        findings = json.loads(report.read_text("utf-8"))["findings"]
    claims = tuple(f"{one['severity']} {one['operation']}: {one['claim']}" for one in findings[:LINES_MAX])
    return Run("audit", not findings, f"{len(findings)} findings", claims)
