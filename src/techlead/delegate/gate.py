"""What a draft may not be, before anything of it is loaded: a table of checks over its text.

A draft is hostile until it is read: loading a page runs it, so what could reach the world is refused by its syntax.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from techlead.delegate.answer import Answer
from techlead.delegate.brief import Brief, Kind
from techlead.delegate.project import Project, is_test
from techlead.delegate.syntax import faults

PARTS_MAX: Final = 8
"""How deep a file may lie in a project."""
FILE_BYTES_MAX: Final = 200_000
SPEAKS: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instruction|prompt|rule|constraint|guideline)s?\b"
    r"|\b(?:you are|act as|as) (?:an? )?(?:ai|assistant|language model|agent|llm)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b"
    r"|\b(?:reviewer|assistant|agent|model)s?\b[^.\n]{0,30}\b(?:must|should|please|shall)\b[^.\n]{0,30}\b(?:approve|sign|accept|skip|run)\b"
    r"|\b(?:approve|sign|merge) (?:this|it)\b",
    re.IGNORECASE,
)
"""Words that are for an assistant or a reviewer, and never for a program."""
WRITABLE: Final[dict[Kind, Callable[[str], bool]]] = {
    "rules": lambda path: path.endswith(".py") and not is_test(path),
    "resource": lambda path: path.endswith((".py", ".md")) and not is_test(path),
    "tests": lambda path: path.endswith(".py") and is_test(path),
    "docs": lambda path: path.endswith(".md"),
    "explain": lambda path: path.endswith(".md"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing for which a draft is refused: where, and what to do about it."""

    where: str
    sentence: str

    def __str__(self) -> str:
        """Print on one line."""
        return f"{self.where}: {self.sentence}"


def findings(answer: Answer, project: Project, brief: Brief) -> tuple[Finding, ...]:
    """List everything for which a draft is refused unread by any program."""
    found = [one for path, source in answer.files.items() for one in _of_file(path, source, answer, project, brief)]
    if not found and all(project.files.get(path) == source for path, source in answer.files.items()):
        found.append(Finding("the answer", "it changes nothing"))
    return tuple(found)


def _of_file(path: str, source: str, answer: Answer, project: Project, brief: Brief) -> Iterator[Finding]:
    place = list(_place(path, project, brief.kind))
    if place or project.files.get(path) == source:
        yield from place
        return
    yield from _text(path, source, project)
    if path.endswith(".py"):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            yield Finding(
                f"{path}:{line}", f"it is no whole Python file: {type(error).__name__}: {getattr(error, 'msg', error)}"
            )
            return
        said = faults(path, {**project.files, **answer.files}, project.files, test=is_test(path))
        asserted = _asserts(tree) if is_test(path) else ()
        yield from (Finding(f"{path}:{line}", sentence) for line, sentence in (*said, *asserted))


def _place(path: str, project: Project, kind: Kind) -> Iterator[Finding]:
    pure = PurePosixPath(path)
    outside = (
        pure.is_absolute()
        or "\\" in path
        or any(part in ("..", ".", "") or part.startswith(".") for part in pure.parts)
    )
    if outside or len(pure.parts) > PARTS_MAX or not re.fullmatch(r"[\w./-]{1,200}", path):
        yield Finding(path[:200], "a draft writes files inside the project, with plain names")
    elif not WRITABLE[kind](path):
        yield Finding(path, f"a task for {kind} does not write this file")
    elif path in project.files and is_test(path) and project.files[path]:
        yield Finding(path, "existing tests stay as they are: write a new file")


def _text(path: str, source: str, project: Project) -> Iterator[Finding]:
    if len(source.encode("utf-8", "replace")) > FILE_BYTES_MAX:
        yield Finding(path, f"it is longer than {FILE_BYTES_MAX} bytes")
    before = project.files.get(path, "")
    for number, line in enumerate(source.splitlines(), 1):
        hidden = [sign for sign in line if sign != "\t" and unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs")]
        if hidden and line not in before:
            yield Finding(f"{path}:{number}", f"it holds a sign that nobody sees (U+{ord(hidden[0]):04X})")
        if SPEAKS.search(line) and line not in before:
            yield Finding(
                f"{path}:{number}", "it speaks to a reviewer or an assistant: a file holds code and its reasons"
            )


def _asserts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    tests = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    ]
    for test in tests:
        if not any(_claims(one) for one in ast.walk(test)):
            yield test.lineno, f"{test.name} asserts nothing"
        if any(_skips(one) for one in (*test.decorator_list, *ast.walk(test))):
            yield test.lineno, f"{test.name} is skipped or expected to fail"


def _claims(node: ast.AST) -> bool:
    """Tell whether a node can fail a test: an assertion about something that is not a constant, or an expected error."""
    if isinstance(node, ast.Assert):
        return any(isinstance(one, ast.Call | ast.Name | ast.Attribute | ast.Subscript) for one in ast.walk(node.test))
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.raises", "raises", "pytest.fail")


def _skips(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("skip", "skipif", "xfail", "importorskip")
