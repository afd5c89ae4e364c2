"""What a user may import is few, in order and documented; the check is shown to find what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.house.paths import ROOT
from unit.house.public_names import findings

DOCUMENTED = '''
def f():
    """Do it."""

"""A constant below a function documents nothing."""
value = 1
"""The value."""
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "inner.py").write_text(DOCUMENTED)
    return folder


def exporting(package: Path, source: str) -> list[str]:
    (package / "__init__.py").write_text(source)
    return findings(package)


def test_the_public_names_are_few_sorted_and_documented():
    assert findings(ROOT / "src" / "techlead") == []


def test_documented_names_are_fine(package: Path):
    assert exporting(package, "from made_up.inner import f, value\n__all__ = ['f', 'value']") == []


def test_more_than_40_names_are_found(package: Path):
    names = [f"f{number:02}" for number in range(41)]
    source = "".join(f"def {name}():\n    'Do it.'\n" for name in names)
    assert exporting(package, f"{source}__all__ = {names}") == ["41 public names, over 40"]


@pytest.mark.parametrize("names", ["['value', 'f']", "['f', 'f']"])
def test_names_out_of_order_or_twice_are_found(package: Path, names: str):
    assert exporting(package, f"from made_up.inner import f, value\n__all__ = {names}") == ["__all__ is not sorted"]


def test_an_undocumented_function_is_found(package: Path):
    (package / "inner.py").write_text("def f(): ...")
    assert exporting(package, "from made_up.inner import f\n__all__ = ['f']") == ["f is not documented"]


def test_an_undocumented_value_is_found(package: Path):
    (package / "inner.py").write_text("f = 1\ng = 2\n'''The other.'''")
    assert exporting(package, "from made_up.inner import f\n__all__ = ['f']") == ["f is not documented"]


def test_a_name_that_exists_nowhere_is_found(package: Path):
    assert exporting(package, "__all__ = ['f']") == ["f is not documented"]
