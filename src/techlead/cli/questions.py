"""Asking a person for the parts of a declaration, one at a time: what cannot be is said at once, and asked again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from shutil import get_terminal_size
from textwrap import fill

from techlead.cli.terminal import Ask, say
from techlead.scaffold.answers import check_answer, choices
from techlead.scaffold.declarations import Answers, Question
from techlead.scaffold.page import Page
from techlead.scaffold.refused import ScaffoldRefused


def valid(question: str, ask: Ask, check: Callable[[str], None]) -> str:
    """Ask until an answer can be."""
    while True:
        line = ask(question)
        try:
            check(line)
        except ScaffoldRefused as refused:
            say(fill(str(refused), get_terminal_size().columns - 1, initial_indent="  ", subsequent_indent="  "))
        else:
            return line


def asked(question: Question, ask: Ask, page: Page) -> list[str]:
    """Ask one question; of several answers, until an empty line. What the page has nothing to choose of is not asked."""
    chosen = choices(question.flag, page)
    if question.many and chosen == ():
        return []
    words = f"{question.asks} ({', '.join(chosen)})" if chosen and question.flag != "via" else question.asks
    return _several(question, words, ask, page) if question.many else [_one(question, words, ask, page)]


def _one(question: Question, words: str, ask: Ask, page: Page) -> str:
    default = f" [{question.default}]" if question.default else ""

    def check(line: str) -> None:
        if not line and question.default is None:
            raise ScaffoldRefused("This needs an answer; Ctrl-C stops.")
        check_answer(question.flag, line, page)

    return valid(f"{words}{default} ", ask, check) or question.default or ""


def _several(question: Question, words: str, ask: Ask, page: Page) -> list[str]:
    found: list[str] = []

    def check(line: str) -> None:
        if not line and question.needed and not found:
            raise ScaffoldRefused("This needs one at least; Ctrl-C stops.")
        check_answer(question.flag, line, page)

    say(words)
    first = "  the first: " if question.needed else "  one, or empty for none: "
    while line := valid("  one more, or empty for no more: " if found else first, ask, check):
        found.append(line)
    return found


def as_flags(folder: str, kind: str, name: str, answers: Answers) -> str:
    """Write what was answered as a command, so that nothing has to be typed twice."""
    return shlex.join(["techlead", "add", "--folder", folder, kind, name, *_flags(answers)])


def _flags(answers: Answers) -> Iterator[str]:
    for flag, given in answers.items():
        for one in given:
            if one:
                yield from (f"--{flag}", one)
