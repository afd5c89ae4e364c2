"""The names a declaration's name becomes: `OrderLine` is the table `order_line` and the path `order-lines`."""

from __future__ import annotations

import re
from typing import Final

_IRREGULAR: Final = {
    "criterion": "criteria", "datum": "data", "die": "dice", "foot": "feet", "goose": "geese", "matrix": "matrices",
    "medium": "media", "mouse": "mice", "ox": "oxen", "phenomenon": "phenomena", "quiz": "quizzes", "tooth": "teeth",
    "vertex": "vertices",
}  # fmt: skip
_SAME: Final = frozenset({
    "aircraft", "chassis", "data", "deer", "equipment", "feedback", "fish", "information", "media", "metadata", "news",
    "series", "sheep", "software", "species", "staff", "waiting",
})  # fmt: skip
# The first rule that fits the end of the word decides.
_RULES: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r"(human|german|roman|talisman)$", r"\1s"),
        (r"man$", "men"),
        (r"person$", "people"),
        (r"child$", "children"),
        (r"^(cal|el|hal|kni|lea|li|loa|scar|sel|shea|shel|thie|wi|wol)fe?$", r"\1ves"),
        (r"^(echo|hero|potato|tomato|torpedo|veto)$", r"\1es"),
        (r"([a-z]{2}s|ax)is$", r"\1es"),
        (r"([^aeiou]|qu)y$", r"\1ies"),
        (r"((epo|stoma|monar|patriar)ch)$", r"\1s"),
        (r"(s|x|z|ch|sh)$", r"\1es"),
        (r"$", "s"),
    )
)
_LAST_WORD: Final = re.compile(r"[A-Za-z][a-z]*$")
# Before a capital that follows a small letter or digit, and before the last capital of a run that starts a word; the
# plural of an abbreviation (APIs) stays one word.
_BOUNDARY: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])")


def plural(word: str) -> str:
    """Give the plural of an English noun in the singular; of a compound such as `SalesPerson`, its last word's."""
    match = _LAST_WORD.search(word)
    if match is None:
        return f"{word}s"
    start, last = word[: match.start()], match.group()
    # A run of capitals is an abbreviation: APIs, but SMS, because a further s would be read as another word.
    if len(last) == 1 and start[-1:].isupper():
        return word if last == "S" else f"{word}s"
    many = _plural(last.lower())
    return f"{start}{many.capitalize() if last[0].isupper() else many}"


def snake(name: str) -> str:
    """Write CamelCase as snake_case: `HTTPServer` is `http_server`, `OrderLine` is `order_line`."""
    return _BOUNDARY.sub("_", name).lower()


def kebab(name: str) -> str:
    """Write CamelCase as kebab-case: `OrderLine` is `order-line`."""
    return snake(name).replace("_", "-")


def _plural(word: str) -> str:
    if word in _SAME:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    return next(pattern.sub(written, word, count=1) for pattern, written in _RULES if pattern.search(word))
