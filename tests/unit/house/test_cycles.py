"""No module imports itself round a corner; the check is shown to find one that does."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.house.cycles import findings


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up_house"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_no_module_imports_itself_round_a_corner():
    assert findings("techlead") == []


def test_a_chain_is_fine(made_up: Path):
    (made_up / "one.py").write_text("import made_up_house.two")
    (made_up / "two.py").write_text("")
    assert findings("made_up_house") == []


def test_two_modules_that_import_each_other_are_found(made_up: Path):
    (made_up / "one.py").write_text("import made_up_house.two")
    (made_up / "two.py").write_text("def late():\n    from made_up_house import one")
    assert len(findings("made_up_house")) == 1


def test_a_module_that_imports_from_the_package_that_exports_it_is_found(made_up: Path):
    (made_up / "__init__.py").write_text("from made_up_house.one import name")
    (made_up / "one.py").write_text("from made_up_house import name")
    assert findings("made_up_house") == ["made_up_house imports made_up_house.one imports made_up_house"]


def test_an_import_for_the_type_checker_alone_is_no_cycle(made_up: Path):
    (made_up / "one.py").write_text("import made_up_house.two")
    (made_up / "two.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import made_up_house.one")
    assert findings("made_up_house") == []
