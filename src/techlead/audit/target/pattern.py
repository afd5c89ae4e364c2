"""A text that a regular expression matches: enough of the language for what schemas say."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from typing import Any, Final

PARSER: Final[Any] = re._parser  # type: ignore[attr-defined] # noqa: SLF001 - the one way to the parsed form
REPEATS_MORE: Final = 4
LETTERS: Final = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_.@ +/:"


def matching(pattern: str, chance: random.Random, length_min: int = 0) -> str | None:
    """Make one; None when the pattern is beyond us."""
    try:
        parsed = PARSER.parse(pattern)
        for more in range(3):
            text = _sequence(parsed, chance, max(0, length_min) if more else 0)
            if re.search(pattern, text) and len(text) >= length_min:
                return text
    except (re.error, KeyError, ValueError, OverflowError, IndexError):
        return None
    return None


def _sequence(parts: Any, chance: random.Random, length: int) -> str:
    return "".join(_part(operator.name, given, chance, length) for operator, given in parts)


def _part(operator: str, given: Any, chance: random.Random, length: int) -> str:
    maker = MAKERS.get(operator)  # anchors and look-arounds stand for nothing; the caller checks the whole
    return maker(given, chance, length) if maker else ""


def _repeated(given: Any, chance: random.Random, length: int) -> str:
    least, most, inner = given
    wished = max(int(least), length, 1 if int(most) else 0, min(int(least) + REPEATS_MORE, int(most)))
    return "".join(_sequence(inner, chance, 0) for _ in range(min(int(most), wished)))


Maker = Callable[[Any, random.Random, int], str]

MAKERS: Final[dict[str, Maker]] = {
    "LITERAL": lambda given, _chance, _length: chr(given),
    "ANY": lambda _given, chance, _length: chance.choice(string.ascii_lowercase),
    "IN": lambda given, chance, _length: chance.choice(_members(given)),
    "NOT_LITERAL": lambda given, chance, _length: chance.choice([one for one in LETTERS if one != chr(given)]),
    "MAX_REPEAT": _repeated,
    "MIN_REPEAT": _repeated,
    "POSSESSIVE_REPEAT": _repeated,
    "SUBPATTERN": lambda given, chance, length: _sequence(given[-1], chance, length),
    "BRANCH": lambda given, chance, length: _sequence(chance.choice(given[1]), chance, length),
    "CATEGORY": lambda given, chance, _length: chance.choice(_category(given.name)),
}


def _members(given: Sequence[Any]) -> list[str]:
    negated = given[0][0].name == "NEGATE"
    found: list[str] = []
    for operator, value in given[1:] if negated else given:
        match operator.name:
            case "LITERAL":
                found.append(chr(value))
            case "RANGE":
                found += [chr(code) for code in range(value[0], min(value[1], value[0] + 94) + 1)]
            case "CATEGORY":
                found += _category(value.name)
    return [letter for letter in LETTERS if letter not in found] if negated else found


def _category(name: str) -> list[str]:
    kinds = {
        "CATEGORY_DIGIT": string.digits,
        "CATEGORY_WORD": string.ascii_lowercase + string.digits,
        "CATEGORY_SPACE": " ",
        "CATEGORY_NOT_SPACE": string.ascii_lowercase + string.digits,
        "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
        "CATEGORY_NOT_WORD": "-",
    }
    return list(kinds[name])
