"""What the target's processes wrote: their output, and the log files in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

LOG_BYTES_MAX: Final = 32 * 1024 * 1024
"""How much of one file is read after a mark."""
LOG_ENDINGS: Final = (".log", ".log.1", ".err", ".out")


class CapturedLog:
    """Reads, from marks on; a file that appears later is read from its start."""

    def __init__(self, *folders: Path) -> None:
        """Look into the folder with the captured output, and into the target's own."""
        self._folders = folders
        self._marks: list[dict[Path, int]] = [{}]

    def mark(self) -> int:
        """Remember how long each file is now; the number is for `since`."""
        self._marks.append({file: file.stat().st_size for file in self._files()})
        return len(self._marks) - 1

    def since(self, mark: int = 0) -> str:
        """Give everything written after the mark."""
        before = self._marks[mark]
        return "".join(_read(file, before.get(file, 0)) for file in self._files())

    def find(self, text: str, since: int = 0) -> tuple[str, ...]:
        """Give the lines that contain the text."""
        return tuple(line for line in self.since(since).splitlines() if text in line)

    def _files(self) -> list[Path]:
        found = [file for folder in self._folders if folder.is_dir() for file in folder.rglob("*.*")]
        return sorted(file for file in found if file.name.endswith(LOG_ENDINGS) and file.is_file())


def _read(file: Path, start: int) -> str:
    with file.open("rb") as opened:
        opened.seek(start)
        return opened.read(LOG_BYTES_MAX).decode("utf-8", "replace")
