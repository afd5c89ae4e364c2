"""A user's project as text: what a brief may show of it, and what a draft is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from techlead.errors import SettingsRefused

FILES_MAX: Final = 200
FILE_BYTES_MAX: Final = 200_000
SUFFIXES: Final = frozenset({".py", ".md"})
SKIPPED: Final = frozenset({"proposals", "site", "dist", "build", "node_modules", "__pycache__", "migrations"})
"""Folders that are not the project's own words; hidden ones are left out, too."""
PAGE: Final = "backend.py"


@dataclass(frozen=True, slots=True)
class Project:
    """The Python and Markdown files of a folder, by their path within it."""

    folder: Path
    files: Mapping[str, str]

    @property
    def modules(self) -> frozenset[str]:
        """The names under which its own files are imported."""
        return frozenset(
            PurePosixPath(path).parts[0].removesuffix(".py") for path in self.files if path.endswith(".py")
        )


def is_test(path: str) -> bool:
    """Tell whether a file holds tests, or what tests share."""
    name = PurePosixPath(path).name
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def read_project(folder: Path) -> Project:
    """Read a project; SettingsRefused when it has no page or is too large to be shown."""
    if not (folder / PAGE).is_file():
        raise SettingsRefused(f"There is no {folder / PAGE}: name the folder that holds your backend.py (--folder).")
    found: dict[str, str] = {}
    for file in sorted(_own(folder)):
        if len(found) == FILES_MAX or file.stat().st_size > FILE_BYTES_MAX:
            raise SettingsRefused(f"A project to delegate in has at most {FILES_MAX} files of {FILE_BYTES_MAX} bytes.")
        try:
            found[file.relative_to(folder).as_posix()] = file.read_text("utf-8")
        except UnicodeDecodeError:
            raise SettingsRefused(f"{file} is no UTF-8 text: mend or move it first.") from None
    return Project(folder, found)


def _own(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir() and entry.name not in SKIPPED and not (entry / "pyvenv.cfg").exists():
            yield from _own(entry)
        elif entry.is_file() and entry.suffix in SUFFIXES:
            yield entry
