"""Texts made for regular expressions match them."""

from __future__ import annotations

import random
import re

import pytest

from techlead.audit.target.pattern import matching


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Za-z0-9_-]+$",
        r"^\+?[0-9]{7,15}$",
        r"^DE\d{20}$",
        r"^(low|normal|high)$",
        r"^#[0-9a-fA-F]{6}$",
        r"[a-z]+@[a-z]+\.(com|org)",
        r"^\S{3,}$",
        r"^[^@\s]+$",
        r"^a*b?c{2}.$",
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_made_text_matches(pattern: str, seed: int):
    text = matching(pattern, random.Random(seed))
    assert text is not None
    assert re.search(pattern, text)


def test_a_made_text_is_long_enough():
    text = matching(r"^[a-z]+$", random.Random(1), 12)
    assert text is not None
    assert len(text) >= 12


def test_what_is_beyond_us_is_not_guessed():
    assert matching(r"^(?=a)b$", random.Random(1)) is None
    assert matching(r"(", random.Random(1)) is None
