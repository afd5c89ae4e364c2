"""Lines that somebody writes and reviews: with techlead, by hand, and what is derived. Prints docs/lines.md.

`python -m bench.lines [--by-hand marketplace=FOLDER]` counts the folder of a hand-written equivalent where one is given.
"""

from __future__ import annotations

import argparse
import io
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

from techlead.cli.project import load
from techlead.explain.handwritten import handwritten, lines_of

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ("marketplace", "teamboard", "gymbook")
WORDS_ALONE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
HEAD = """# How much there is to write and to review

Lines of Python that are neither empty nor a comment nor a docstring. *By hand* is the same backend as a strong model wrote it for FastAPI
from a one-paragraph request, its tests left out; it has the holes that `techlead audit` finds in it. *Derived* is what
`techlead explain derived` prints: models, DTOs, mappers, services and controllers in the words of FastAPI and SQLAlchemy, without
migrations, log-in, delivery, limits and OpenAPI, which are not printed at all.

Made by `python -m bench.lines`.

| example | with techlead | by hand | derived |
|---|---|---|---|"""


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by-hand", action="append", default=[], metavar="NAME=FOLDER")
    given = parser.parse_args()
    print("\n".join(page({name: Path(folder) for name, _, folder in (one.partition("=") for one in given.by_hand)})))


def page(by_hand: Mapping[str, Path]) -> Iterator[str]:
    """Write the page; what was not given is not counted."""
    yield HEAD
    for name in EXAMPLES:
        hand = str(sum(map(counted, written(by_hand[name])))) if name in by_hand else "-"
        yield f"| {name} | {counted(ROOT / 'examples' / name / 'backend.py')} | {hand} | {derived(name)} |"


def written(folder: Path) -> Iterator[Path]:
    """Give the Python files of a project that are no tests."""
    for file in sorted(folder.rglob("*.py")):
        if not file.name.startswith(("test_", "conftest")) and "tests" not in file.relative_to(folder).parts:
            yield file


def counted(file: Path) -> int:
    """Count the lines of a file on which there is code."""
    lines: set[int] = set()
    starts = True
    for token in tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline):
        if token.type in WORDS_ALONE:
            starts = starts or token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            continue
        if not (token.type == tokenize.STRING and starts):  # a string that begins a statement is a docstring
            lines.update(range(token.start[0], token.end[0] + 1))
        starts = False
    return len(lines)


def derived(name: str) -> int:
    """Count what would have to be written by hand of an example, as `explain` prints it."""
    plan = load(str(ROOT / "examples" / name)).plan()
    return sum(lines_of(handwritten(plan, resource)) for resource in plan.resources.values())


if __name__ == "__main__":
    main()
