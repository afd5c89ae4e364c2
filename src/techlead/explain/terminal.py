"""Pages as a terminal shows them: plain text, no colour, tables that fit where they can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from techlead.explain.blocks import Block, Code, Diagram, Items, Page, Table, Warned, Words

CELL_MIN: Final = 12


def text(pages: Sequence[Page], columns: int) -> str:
    """Write pages for a terminal of so many columns."""
    return "\n".join(line.rstrip() for page in pages for line in _page(page, columns)).strip("\n")


def contents(pages: Sequence[Page], backend: str) -> str:
    """Write what there is to ask for: each group with its pages."""
    lines = [f"{backend}: techlead explain GROUP, or a name of these; --html DIR writes all as a site", ""]
    for group in dict.fromkeys(page.group for page in pages):
        own = [page for page in pages if page.group == group]
        warned = sum(any(isinstance(block, Warned) for block in page.blocks) for page in own)
        lines.append(f"{group} ({len(own)}{f', {warned} with something to look at' if warned else ''})")
        lines += [f"  {page.name}" for page in own]
    return "\n".join(lines)


def _page(page: Page, columns: int) -> Iterator[str]:
    yield f"{page.group}: {page.name}"
    for block in page.blocks:
        yield from (f"  {line}" for line in WRITERS[type(block)](block, columns - 2))
        yield ""


def _words(block: Words, columns: int) -> list[str]:
    return wrap(block.text, columns) or [""]


def _warned(block: Warned, columns: int) -> list[str]:
    return wrap(f"! {block.text}", columns, subsequent_indent="  ")


def _items(block: Items, columns: int) -> list[str]:
    return [line for one in block.lines for line in wrap(f"- {one}", columns, subsequent_indent="  ")]


def _code(block: Code, _columns: int) -> list[str]:
    return [f"| {line}" for line in block.source.rstrip().splitlines()]


def _table(block: Table, columns: int) -> list[str]:
    """Give each column what it needs, and let the last widest ones wrap when that is too much."""
    rows = [block.heads, *block.rows]
    widths = [max(len(row[number]) for row in rows) for number in range(len(block.heads))]
    while sum(widths) + 2 * (len(widths) - 1) > columns and max(widths) > CELL_MIN:
        widths[max(range(len(widths)), key=lambda number: (widths[number], number))] -= 1
    lines = []
    for row in rows:
        cells = [wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = [cell[number] if number < len(cell) else "" for cell in cells]
            lines.append("  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)))
    return [lines[0], *lines[1:]]


def _diagram(block: Diagram, columns: int) -> list[str]:
    widest = max(len(lane) for lane in block.lanes)
    lines = []
    for number, arrow in enumerate(block.arrows, 1):
        way = f"{arrow.source.ljust(widest)} -> {arrow.target.ljust(widest)}"
        head = f"{number:>2} {way}  "
        lines += wrap(head + arrow.text, columns, subsequent_indent=" " * len(head), drop_whitespace=False) or [head]
        lines += [f"{' ' * len(head)}  else {one}" for one in arrow.refusals]
    return lines


WRITERS: Final[Mapping[type[Block], Callable[[Any, int], list[str]]]] = {
    Words: _words,
    Warned: _warned,
    Items: _items,
    Code: _code,
    Table: _table,
    Diagram: _diagram,
}
