"""A text that a regular expression matches: the shortest that its parts give, for examples in documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any, Final

CATEGORIES: Final[Mapping[Any, str]] = {
    _constants.CATEGORY_DIGIT: "1",
    _constants.CATEGORY_WORD: "a",
    _constants.CATEGORY_SPACE: " ",
    _constants.CATEGORY_NOT_DIGIT: "a",
    _constants.CATEGORY_NOT_WORD: "-",
    _constants.CATEGORY_NOT_SPACE: "a",
}
CANDIDATES: Final = "a1A-_. "
REPEATS_MAX: Final = 1_000


def text_matching(pattern: str) -> str:
    """Give a text that the whole pattern matches; an empty one when its parts do not tell."""
    try:
        found = _sequence(_parser.parse(pattern))
    except (KeyError, re.error, RecursionError):
        return ""
    return found if re.fullmatch(pattern, found) else ""


def _sequence(parsed: Any) -> str:
    return "".join(PARTS[operator](argument) for operator, argument in parsed)


def _one_of(choices: Any) -> str:
    operator, argument = choices[0]
    if operator is _constants.NEGATE:
        shown = "[^" + "".join(_class_part(*one) for one in choices[1:]) + "]"
        return next((text for text in CANDIDATES if re.fullmatch(shown, text)), "")
    if operator is _constants.RANGE:
        return chr(argument[0])
    return CATEGORIES[argument] if operator is _constants.CATEGORY else chr(argument)


def _class_part(operator: Any, argument: Any) -> str:
    if operator is _constants.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return re.escape(CATEGORIES[argument] if operator is _constants.CATEGORY else chr(argument))


def _repeated(argument: Any) -> str:
    low, high, inner = argument
    times: int = min(max(low, min(1, high)), REPEATS_MAX)
    return _sequence(inner) * times


PARTS: Final[Mapping[Any, Callable[[Any], str]]] = {
    _constants.LITERAL: chr,
    _constants.NOT_LITERAL: lambda code: next(text for text in CANDIDATES if ord(text) != code),
    _constants.ANY: lambda _argument: "a",
    _constants.IN: _one_of,
    _constants.MAX_REPEAT: _repeated,
    _constants.MIN_REPEAT: _repeated,
    _constants.SUBPATTERN: lambda argument: _sequence(argument[-1]),
    _constants.BRANCH: lambda argument: _sequence(argument[1][0]),
    _constants.AT: lambda _argument: "",
}
"""What each part of a pattern adds to the text; a part that is not here cannot be told."""
