"""`techlead add`: put a resource, a rule, an action or a notification into backend.py, and leave all else as it is.

What is not said by flags is asked at a terminal. The page is written only when the backend loads with it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from techlead.cli.project import load
from techlead.cli.questions import as_flags, asked, valid
from techlead.cli.terminal import Ask, terminal
from techlead.errors import ProgramError
from techlead.scaffold.declarations import QUESTIONS, Answers, Question, check_name, declaration
from techlead.scaffold.insert import Inserted, insert
from techlead.scaffold.page import Page, read
from techlead.scaffold.refused import ScaffoldRefused

NAMED: Final = {kind: "as in OrderLine" if kind == "resource" else "as in not_handed_over" for kind in QUESTIONS}
"""How a declaration of each kind is named."""
LEFT_OUT: Final = shutil.ignore_patterns(".*", "*.db*", "node_modules", "__pycache__", "venv")
"""What a page does not need to load."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: a verb of its own for each kind."""
    parser.add_argument("--folder", default=".", help="the folder that holds backend.py (default: here)")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="|".join(QUESTIONS))
    for kind, questions in QUESTIONS.items():
        one = kinds.add_parser(kind, help=f"add a {kind}")
        one.add_argument("name", nargs="?", help=f"{NAMED[kind]}; asked at a terminal when it is not said")
        one.add_argument("--json", action="store_true", help="the same as data")
        for question in questions:
            one.add_argument(f"--{question.flag}", action="append", help=question.asks.replace("%", "%%"))


def run(given: argparse.Namespace) -> int:
    """Ask for what was not said, write the declaration, and say where it stands."""
    file = Path(given.folder) / "backend.py"
    if not file.is_file():
        raise ScaffoldRefused(f"There is no {file}: say --folder, or start with `techlead new NAME`.")
    source = file.read_bytes().decode("utf-8")
    page = read(source)
    ask = terminal() if sys.stdin.isatty() and sys.stdout.isatty() else None
    name = _name(given, page, ask)
    answers = _answers(given, page, ask)
    try:
        made = declaration(given.kind, name, answers, page)
        inserted = insert(source, made)
        _loads(file, inserted)
    except ScaffoldRefused as refused:
        if ask is not None:
            raise ScaffoldRefused(
                f"{refused}\nWhat you answered, to mend:\n  {as_flags(given.folder, given.kind, name, answers)}"
            ) from refused
        raise
    file.write_bytes(inserted.source.encode())
    told = {"file": str(file), "line": inserted.line, "kind": made.kind, "name": made.name, "text": made.text}
    words = f"{file}:{inserted.line}: {made.kind} {made.name}\n\n{made.text}"
    print(json.dumps(told, indent=2) if given.json else words)  # noqa: T201 - the answer
    return 0


def _name(given: argparse.Namespace, page: Page, ask: Ask | None) -> str:
    """Take the name that was said, or ask for one until it can be; in scripts it must be said."""
    if given.name is None and ask is not None:
        question = f"What is the {given.kind} called, {NAMED[given.kind]}? "
        return valid(question, ask, lambda name: check_name(given.kind, name, page))
    if given.name is None:
        raise ScaffoldRefused(f"Say its name: techlead add {given.kind} NAME, {NAMED[given.kind]}.")
    check_name(given.kind, given.name, page)
    return str(given.name)


def _answers(given: argparse.Namespace, page: Page, ask: Ask | None) -> Answers:
    """Take what was said; ask for the rest at a terminal, and in scripts take the defaults or name the flag."""
    return {one.flag: _answer(one, getattr(given, one.flag), page, ask) for one in QUESTIONS[given.kind]}


def _answer(question: Question, said: list[str] | None, page: Page, ask: Ask | None) -> list[str]:
    if said is not None:
        return said
    if ask is not None:
        return asked(question, ask, page)
    if question.default is None and not question.many:
        raise ScaffoldRefused(f"Say --{question.flag}: {question.asks}")
    return [question.default or ""]


def _loads(file: Path, inserted: Inserted) -> None:
    """Load a copy of the project with the new page; ScaffoldRefused when it does not stand, in the words of its refusal."""
    with tempfile.TemporaryDirectory(prefix="techlead-") as place:
        copy = Path(place).resolve() / "project"
        shutil.copytree(file.parent, copy, ignore=LEFT_OUT)
        (copy / file.name).write_bytes(inserted.source.encode())
        try:
            load(str(copy)).plan()
        except ProgramError as error:
            said = str(error).replace(str(copy), str(file.parent))
            raise ScaffoldRefused(f"{file} would not stand, so nothing was written:\n{said}") from error
        finally:
            sys.path.remove(str(copy))
