"""A pytest plugin: with `--techlead`, each rule and action of every `backend.py` below the tested folders is a test.

It fails as `techlead check` does, and prints the example that is missing. Loaded by its entry point; without the
option it does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # a test run without the option must not pay for a backend
    from techlead.intent.pinned import Pinned


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option, on the command line and in the settings."""
    words = "check each rule and action of every backend.py: examples and mutants"
    parser.getgroup("techlead").addoption("--techlead", action="store_true", help=words)
    parser.addini("techlead", words, type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a backend's page."""
    asked = parent.config.getoption("--techlead") or parent.config.getini("techlead")
    if not asked or file_path.name != "backend.py":
        return None
    made: pytest.Collector = BackendPage.from_parent(parent, path=file_path)
    return made


class BackendPage(pytest.File):
    """One backend: each of its rules and actions is an item."""

    def collect(self) -> Iterator[pytest.Item]:
        """Check the backend and give an item for each result."""
        from techlead.cli.project import load  # noqa: PLC0415 - only when asked for
        from techlead.intent.pinned import check_plan  # noqa: PLC0415 - as above

        for checked in check_plan(load(str(self.path.parent)).plan()):
            yield PinnedItem.from_parent(self, name=checked.title, checked=checked)


class PinnedItem(pytest.Item):
    """One rule or action, which must be pinned."""

    def __init__(self, *, checked: Pinned, **given: Any) -> None:
        """Hold what was found."""
        super().__init__(**given)
        self._checked = checked

    def runtest(self) -> None:
        """Fail with what `techlead check` prints."""
        from techlead.cli.check import lines  # noqa: PLC0415 - only when asked for

        if not self._checked.holds:
            pytest.fail("\n".join(lines([self._checked])), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the rule stands."""
        return self.path, self._checked.line - 1, self.name
