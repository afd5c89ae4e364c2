"""Keys and passwords that stand in a target's source are read out of it; what it installed is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from techlead.audit.detect.published import ADMINISTRATORS, KEYS, literals, written_near

SOURCE = """
import os
KEY = os.environ.get("SECRET_KEY", "a fallback of the source")

def seed():
    add("boss@shop.example", role="admin",
        password="Winter-2024!")


def other():
    return "far away 99"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / ".env").write_text("export JWT_SECRET='from the settings'\nDEBUG=1\n")
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "lib.py").write_text('X = "of a library"')
    return tmp_path


def test_fallbacks_and_settings_are_read(folder: Path) -> None:
    found = literals(folder)
    assert "a fallback of the source" in found
    assert "from the settings" in found
    assert "of a library" not in found


def test_a_seed_gives_its_password_away(folder: Path) -> None:
    near = written_near(folder, "Boss@shop.example")
    assert "Winter-2024!" in near
    assert "far away 99" not in near
    assert written_near(folder, "nobody@shop.example") == ()


def test_the_lists_repeat_nothing() -> None:
    assert len(KEYS) == len(set(KEYS))
    assert len(ADMINISTRATORS) == len(set(ADMINISTRATORS))
