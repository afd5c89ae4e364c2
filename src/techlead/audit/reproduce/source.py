"""Values as Python source: with what earlier answers gave, and with what must be unique made anew."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from techlead.audit.reproduce.flow import KEPT, Flow, Forged, Fresh, Given, Part, Signed
from techlead.audit.reproduce.timeline import COOKIE

LONG_CHARACTERS: Final = 200
PERIOD_MAX: Final = 8
RUN: Final = re.compile(r"(.{1,8}?)\1{100,}", re.DOTALL)
"""One piece, repeated often, in the middle of a text."""


def expression(parts: Iterable[Part]) -> str:
    """Give the source of a text: a literal, a call, or an f-string of both."""
    found = [part for part in parts if part != ""]
    if all(isinstance(part, str) for part in found):
        return literal("".join(part for part in found if isinstance(part, str)))
    pieces = [literal(part) if isinstance(part, str) else call(part, text=True) for part in found]
    simple = not any("\\" in piece for piece, part in zip(pieces, found, strict=True) if not isinstance(part, str))
    if len(pieces) == 1 or not simple:  # before Python 3.12 no backslash may stand between the braces of an f-string
        return " + ".join(pieces)
    inner = (_braces(part) if isinstance(part, str) else f"{{{call(part)}}}" for part in found)
    return 'f"' + "".join(inner) + '"'


def call(part: Given | Fresh | Forged | Signed, *, text: bool = False) -> str:
    """Give the source of what an earlier answer gave, or of a unique value; `text` makes a number a text."""
    if isinstance(part, Fresh):
        return f"fresh({_quoted(part.recorded)})"
    if isinstance(part, Forged):
        return f"forged({call(part.issued)}, {_quoted(part.algorithm)}, {_quoted(part.signature)})"
    if isinstance(part, Signed):
        return f"signed({call(part.issued)}, [{_quoted(part.known) if part.known else ''}])"
    if part.path[0] == COOKIE:
        return f"cookie(answer{part.move}, {_quoted(str(part.path[1]))})"
    steps = ", ".join(_quoted(step) if isinstance(step, str) else str(step) for step in part.path)
    found = f"value(answer{part.move}, {steps})"
    return f"str({found})" if text else found


def literal(text: str) -> str:
    """Give a text as source; a long one that repeats itself is written as a product."""
    if len(text) > LONG_CHARACTERS:
        for period in range(1, PERIOD_MAX + 1):
            times, rest = divmod(len(text), period)
            if text[:period] * times + text[:rest] == text:
                return f"{text[:period]!a} * {times}" + (f" + {text[:rest]!a}" if rest else "")
        run = RUN.search(text)
        if run:
            times, pieces = len(run[0]) // len(run[1]), (text[: run.start()], text[run.end() :])
            before, after = (ascii(piece) if piece else "" for piece in pieces)
            return " + ".join(part for part in (before, f"{run[1]!a} * {times}", after) if part)
    return ascii(text)


def raw(data: bytes) -> str:
    """Give bytes as source, in the same way."""
    for period in range(1, PERIOD_MAX + 1) if len(data) > LONG_CHARACTERS else ():
        times, rest = divmod(len(data), period)
        if data[:period] * times + data[:rest] == data:
            return f"{data[:period]!r} * {times}" + (f" + {data[:rest]!r}" if rest else "")
    return repr(data)


def json_value(flow: Flow, value: Any, at: int, name: str = "") -> str:
    """Give the source of a JSON value that the move at `at` sends."""
    if isinstance(value, str):
        return expression(flow.text(value, at, fresh=not KEPT.search(name)))
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, int) and not isinstance(value, bool):
        given = flow.number(name, value, at)
        return call(given) if given else str(value)
    if isinstance(value, Mapping):
        items = (f"{str(key)!a}: {json_value(flow, inner, at, str(key))}" for key, inner in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_value(flow, inner, at, name) for inner in value) + "]"
    return repr(value)


def _quoted(text: str) -> str:
    """Give a text as source between single quotes, so that it can stand in an f-string."""
    inner = ascii(text)[1:-1].replace("\\'", "'").replace("'", "\\x27").replace('"', "\\x22")
    return f"'{inner}'"


def _braces(text: str) -> str:
    return ascii(text)[1:-1].replace("\\'", "'").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
