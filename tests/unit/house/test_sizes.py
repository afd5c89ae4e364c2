"""Files and functions stay small enough to be read whole; the ruler is shown to measure."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.house.limits import EXAMPLE_LINES_MAX
from unit.house.paths import ROOT
from unit.house.sizes import findings

LINE = "number = 1\n"


@pytest.mark.parametrize("folder", ["src", "tests", "bench"])
def test_every_folder_keeps_its_sizes(folder):
    assert findings(ROOT / folder) == []


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*/backend.py")), ids=lambda file: file.parent.name)
def test_an_example_is_read_in_one_sitting(file: Path):
    assert len(file.read_text().splitlines()) <= EXAMPLE_LINES_MAX


def test_a_small_file_is_fine(tmp_path: Path):
    (tmp_path / "small.py").write_text(LINE)
    assert findings(tmp_path) == []


def test_a_file_over_500_lines_is_found(tmp_path: Path):
    (tmp_path / "long.py").write_text(LINE * 501)
    (tmp_path / "short.py").write_text(LINE)
    (tmp_path / "shorter.py").write_text("")
    assert findings(tmp_path) == ["long.py: a file of 501 lines, over 500"]


def test_a_median_over_150_lines_is_found(tmp_path: Path):
    (tmp_path / "one.py").write_text(LINE * 151)
    assert findings(tmp_path) == ["the median of files is 151 lines, over 150"]


def test_a_function_over_60_lines_is_found_wherever_it_stands(tmp_path: Path):
    long = "class Tall:\n    async def grow(self):\n" + "        number = 1\n" * 60
    short = "".join(f"def f{number}(): ...\n" for number in range(40))
    (tmp_path / "tall.py").write_text(long + short)
    assert findings(tmp_path) == ["tall.py:2 grow: a function of 61 lines, over 60"]


def test_functions_that_are_mostly_over_30_lines_are_found(tmp_path: Path):
    (tmp_path / "tall.py").write_text("def grow():\n" + "    number = 1\n" * 30)
    assert findings(tmp_path) == ["the 95th percentile of functions is 31 lines, over 30"]


@pytest.mark.parametrize(
    "name", ["utils.py", "helper.py", "base.py", "order_manager.py", "_common.py", "helpers/one.py"]
)
def test_a_name_that_says_nothing_is_found(tmp_path: Path, name: str):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(LINE)
    assert findings(tmp_path) == [f"{name}: a name that says nothing of what is inside"]


def test_a_name_that_only_holds_such_a_word_is_fine(tmp_path: Path):
    (tmp_path / "database.py").write_text(LINE)
    assert findings(tmp_path) == []
