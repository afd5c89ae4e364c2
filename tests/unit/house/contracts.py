"""A copy of the package in which a contract can be broken, and what import-linter says of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

from served import PLAIN
from unit.house.paths import ROOT

SETTINGS = ROOT / ".importlinter"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of `src` to break contracts in."""

    folder: Path

    @property
    def package(self) -> Path:
        """Answer where the copy of techlead is."""
        return self.folder / "src" / "techlead"

    def breaking(self, contract: str, sources: Mapping[str, str]) -> str:
        """Tell what import-linter says of one contract while more files are there; empty when it is kept."""
        with _written(self.package, sources):
            return self.broken(contract)

    def broken(self, contract: str | None = None, settings: Path = SETTINGS) -> str:
        """Tell what import-linter says of one contract or all; empty when kept."""
        program = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"
        chosen = ["--contract", contract] if contract else []
        done = subprocess.run(
            [sys.executable, "-c", program, "--config", str(settings), "--no-logo", *chosen],
            cwd=self.folder,
            env={**PLAIN, "PYTHONPATH": str(self.package.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stdout + done.stderr


def copied(folder: Path) -> Copy:
    """Copy the package as it is now."""
    copytree(ROOT / "src", folder / "src", ignore=ignore_patterns("__pycache__"))
    return Copy(folder)


def contracts() -> set[str]:
    """Give the names of all contracts."""
    return {section.rpartition(":")[2] for section in _settings().sections() if ":" in section}


def listed(contract: str, option: str) -> list[str]:
    """Give the lines of one option of a contract."""
    return _settings()[f"importlinter:contract:{contract}"][option].split()


def _settings() -> ConfigParser:
    parser = ConfigParser()
    parser.read(SETTINGS, encoding="utf-8")
    return parser


@contextmanager
def _written(package: Path, sources: Mapping[str, str]) -> Iterator[None]:
    files = {package / name: source for name, source in sources.items()}
    before = {file: file.read_text() for file in files if file.exists()}
    new_folders = {file.parent for file in files if not file.parent.exists()}
    for file, source in files.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(source)
    try:
        yield
    finally:
        for file in files:
            file.write_text(before[file]) if file in before else file.unlink()
        for folder in new_folders:
            rmtree(folder)
