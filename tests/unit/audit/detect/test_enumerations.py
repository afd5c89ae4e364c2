"""What a target's own source says that a value may be instead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from techlead.audit.detect.enumerations import beside
from techlead.audit.detect.parsing import parsed

WAYS = {
    "class": 'class Role(Enum):\n    BUYER = "buyer"\n    CHIEF = "chief"\n',
    "literal": 'def give(role: Literal["buyer", "chief"]): ...\n',
    "list": 'ROLES = ["buyer", "chief"]\n',
    "set": 'ROLES = {"buyer", "chief"}\n',
    "choices": 'ROLES = (("buyer", "Buyer"), ("chief", "Chief"))\n',
}


@pytest.mark.parametrize("way", WAYS)
def test_what_stands_beside_a_value_in_an_enumeration_is_found(tmp_path: Path, way: str):
    (tmp_path / "app.py").write_text(WAYS[way])
    assert beside(tmp_path, "buyer") == ("chief",)
    assert beside(tmp_path, "nobody") == ()


def test_what_is_no_enumeration_gives_nothing(tmp_path: Path):
    (tmp_path / "app.py").write_text(f'WORDS = {[f"word{number}" for number in range(20)]}\nMIXED = ["word1", 7]\n')
    (tmp_path / "broken.py").write_text('ROLES = ["word1", "chief"')
    (tmp_path / "settings.toml").write_text('roles = ["word1", "chief"]')
    assert beside(tmp_path, "word1") == ()
    assert beside(None, "word1") == ()


def test_lanes_that_read_at_the_same_time_do_not_disturb_each_other():
    sources = [f"value = {'(' * 40}{number}{')' * 40}\n" + "x = [1, [2, [3]]]\n" * 300 for number in range(24)]
    with ThreadPoolExecutor(8) as lanes:
        assert all(tree is not None for tree in lanes.map(parsed, sources))
