"""Keeping a generated file up to date: what was written by us and not touched since follows the declarations, all else stays.

A record beside the files holds a fingerprint of each function as it was written. A function whose fingerprint is another
is a person's; one that is in the record and no longer in the file was deleted by a person and does not come back.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from techlead.scaffold.cases.block import Block, TestFile
from techlead.scaffold.imports import imported
from techlead.scaffold.refused import ScaffoldRefused

FINGERPRINT_CHARACTERS: Final = 16
Record = Mapping[str, str]
"""A fingerprint of each function that was written, by its name."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file brought up to date, its record, and what became of each function."""

    text: str
    record: Record
    added: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What a person changed, or deleted."""


def fingerprint(text: str) -> str:
    """Give the fingerprint of a function: formatters may move white space, brackets and commas; comments count."""
    plain = re.sub(r"[\s(),]+", "", text)
    return hashlib.sha256(plain.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]


def keep(existing: str | None, made: TestFile, record: Record) -> Kept:
    """Bring a file up to date; ScaffoldRefused when what lies there is no Python."""
    text = existing if existing is not None else f'"""{made.sentence}"""\n'
    spans = _spans(text, made.name)
    mine = {name for name, span in spans.items() if record.get(name) == fingerprint(span)}
    wanted = {block.name: block for block in made.blocks}
    new = [block for block in made.blocks if block.name not in spans and block.name not in record]
    renewed = [name for name in mine if name in wanted and fingerprint(wanted[name].text) != record[name]]
    removed = [name for name in mine if name not in wanted]
    for name in removed:
        text = _cut(text, spans[name])
    for name in renewed:
        text = text.replace(spans[name], wanted[name].text.rstrip("\n"))
    for block in new:
        text = f"{text.rstrip(chr(10))}\n\n\n{block.text}"
    for block in (*new, *(wanted[name] for name in renewed)):
        text = _with_imports(text, block)
    left = [name for name in record if name in wanted and name not in mine]
    written = {name: fingerprint(wanted[name].text) for name in (*(b.name for b in new), *renewed)}
    record = {**{name: mark for name, mark in record.items() if name in wanted}, **written}
    return Kept(text, record, tuple(b.name for b in new), tuple(renewed), tuple(removed), tuple(left))


def _spans(text: str, name: str) -> dict[str, str]:
    """Give the text of each function at the top of a file, with its decorators."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ScaffoldRefused(f"{name}:{error.lineno}: {error.msg}: mend it first, nothing was written.") from error
    lines = text.splitlines(keepends=True)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found[node.name] = "".join(lines[first - 1 : node.end_lineno]).rstrip("\n")
    return found


def _cut(text: str, span: str) -> str:
    before, _, after = text.partition(span)
    return f"{before.rstrip(chr(10))}\n\n\n{after.lstrip(chr(10))}".rstrip("\n") + "\n"


def _with_imports(text: str, block: Block) -> str:
    for module, name in block.imports:
        if name:
            text = imported(text, module, name)
        elif f"import {module}\n" not in text:
            text = _whole(text, module)
    return text


def _whole(text: str, module: str) -> str:
    """Write `import module` where the imports of its section begin."""
    tree = ast.parse(text)
    stands = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    lines = text.splitlines(keepends=True)
    after = [
        one
        for one in stands
        if isinstance(one, ast.ImportFrom) and one.module in ("collections.abc", "datetime", "decimal")
    ]
    if after:
        lines.insert(after[-1].end_lineno or 0, f"\nimport {module}\n")
    elif stands:
        lines.insert(stands[0].lineno - 1, f"import {module}\n")
    else:
        lines.insert(tree.body[0].end_lineno or 0, f"\nimport {module}\n")
    return "".join(lines)
