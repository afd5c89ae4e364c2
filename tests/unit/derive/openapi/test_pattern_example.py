"""A text is made that a pattern matches, and none is invented where the pattern does not tell."""

import re

import pytest

from techlead.derive.openapi.pattern_example import text_matching


@pytest.mark.parametrize(
    "pattern",
    [
        "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}",
        r"\d{5}",
        r"\w+-\d*",
        "(red|green|blue)",
        "[^a-z]+x?",
        r"[\d_]{3}",
        r"a.b[^b]\.",
        r"(?:ab){2,}c*?",
        r"\s\S\D\W",
        "[^ab]c",
        "^abc$",
    ],
)
def test_the_text_matches(pattern):
    found = text_matching(pattern)

    assert found
    assert re.fullmatch(pattern, found)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=b)a", "a(?!b)c", "(", r"[^\x00-\U0010ffff]"])
def test_where_the_parts_do_not_tell_there_is_no_text(pattern):
    assert text_matching(pattern) == ""
