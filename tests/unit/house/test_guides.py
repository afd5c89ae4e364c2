"""The page in a guide is a page: it derives as it is written."""

from __future__ import annotations

import re
from pathlib import Path

from pages import load
from unit.house.paths import ROOT


def test_the_page_of_the_guide_to_channels_stands(tmp_path: Path):
    (block,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "channels.md").read_text(encoding="utf-8"), re.DOTALL
    )
    plan = load(tmp_path, block).backend.plan()
    assert [one.name for one in plan.notifications] == ["planned"]
    assert "/incoming/payments" in [one.path for one in plan.operations]
