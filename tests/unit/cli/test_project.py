"""A backend is loaded from its page as that stands now."""

from __future__ import annotations

import os
from pathlib import Path

from techlead.cli.project import load

PAGE = '''from techlead import Account, Backend

backend = Backend("{name}")


@backend.account
class Person(Account):
    """Somebody."""
'''


def test_of_two_versions_of_one_second_and_one_size_the_later_is_loaded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    page = tmp_path / "backend.py"
    for name in ("one", "two"):
        page.write_text(PAGE.format(name=name))
        os.utime(page, (1_700_000_000, 1_700_000_000))
        assert load(str(tmp_path)).name == name


def test_nothing_is_kept_beside_the_page(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "backend.py").write_text(PAGE.format(name="one"))
    load(str(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["backend.py"]
