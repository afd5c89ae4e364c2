"""A sequence diagram as SVG: lanes from left to right, messages from top to bottom, what ends it in small print below each."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from techlead.explain.blocks import Arrow, Diagram
from techlead.serve.docs.html import Html, element

LANE: Final = 190
"""Pixels from one lane to the next."""
HEAD: Final = 56
LINE: Final = 15
GAP: Final = 20
WIDE: Final = 30
"""Characters of a message in one line."""


def drawn(diagram: Diagram, words: str) -> Html:
    """Draw a diagram; `words` says what it shows to whom does not see it."""
    where = {lane: LANE // 2 + number * LANE for number, lane in enumerate(diagram.lanes)}
    height, parts = HEAD, []
    for arrow in diagram.arrows:
        drawn_arrow, height = _arrow(arrow, where, height)
        parts += drawn_arrow
    width, height = LANE * len(diagram.lanes), height + GAP
    lanes = [part for lane, x in where.items() for part in _lane(lane, x, height)]
    return element(
        "svg", element("title", words), *lanes, *parts, viewBox=f"0 0 {width} {height}", width=str(width),
        height=str(height), role="img", xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip


def _lane(name: str, x: int, height: int) -> Iterator[Html]:
    yield element("line", x1=str(x), x2=str(x), y1="36", y2=str(height), class_="lane")
    yield element("rect", x=str(x - 70), y="6", width="140", height="28", rx="6", class_="head")
    yield _text(x, 25, name, "name")


def _arrow(arrow: Arrow, where: dict[str, int], y: int) -> tuple[list[Html], int]:
    here, there = where[arrow.source], where[arrow.target]
    parts: list[Html] = []
    middle = (here + there) // 2 if here != there else here + 18
    y += GAP
    for line in wrap(arrow.text, WIDE if here != there else WIDE - 4):
        parts.append(_text(middle, y, line, "say" if here != there else "say own"))
        y += LINE
    y -= LINE - 7
    parts += [_line(here, there, y)] if here != there else [_loop(here, y)]
    for refusal in arrow.refusals:
        for number, line in enumerate(wrap(refusal, WIDE)):
            y += LINE
            parts.append(_text(middle, y, line if number else f"else {line}", "end" if here != there else "end own"))
    return parts, y


def _line(here: int, there: int, y: int) -> Html:
    forward = 1 if there > here else -1
    tip = f"{there},{y} {there - 7 * forward},{y - 4} {there - 7 * forward},{y + 4}"
    line = element("line", x1=str(here), x2=str(there), y1=str(y), y2=str(y), class_="arrow")
    return element("g", line, element("polygon", points=tip, class_="tip"))


def _loop(x: int, y: int) -> Html:
    return element("circle", cx=str(x), cy=str(y - 10), r="4", class_="tip")


def _text(x: int, y: int, text: str, kind: str) -> Html:
    return element("text", text, x=str(x), y=str(y), class_=kind)
