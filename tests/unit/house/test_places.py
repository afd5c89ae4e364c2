"""No file tells on whose machine it was made; the check is shown to find one that does."""

from __future__ import annotations

import pytest
from unit.house.paths import ROOT, tracked
from unit.house.places import findings

HOMES = ["home", "mnt", "root", "Users", "work", "workspace"]


def test_no_tracked_file_tells_where_it_was_made():
    told = {
        f"{file.relative_to(ROOT)}:{line}"
        for file in tracked()
        for line in findings(file.read_text(encoding="utf-8", errors="replace"))
    }
    assert told == set()


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("before", ["", "cd ", '"', "file=", "(", "-e "])
def test_a_path_of_a_home_is_found(home: str, before: str):
    assert findings(f"fine\n{before}/{home}/somebody/file.py") == [2]


def test_a_path_of_a_windows_home_is_found():
    assert findings("C:" + r"\Users\somebody") == [1]


@pytest.mark.parametrize(
    "text", ["/work", "the work/life balance", "https://example.org/home/page", "$HOME/work/a", "/homes/a"]
)
def test_other_paths_are_fine(text: str):
    assert findings(text) == []
