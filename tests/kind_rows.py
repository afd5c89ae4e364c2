"""The table of kinds in `docs/audit.md`, printed from the audit's own table; a test checks that it is not stale."""

from __future__ import annotations

import re
from pathlib import Path

from techlead.audit.kinds import KINDS

PAGE = Path(__file__).parent.parent / "docs" / "audit.md"
ROWS = re.compile(r"(?<=<!-- kinds -->\n).*(?=<!-- end of kinds -->)", re.DOTALL)


def rows() -> str:
    """Print the table."""
    lines = ["", "| kind | what it is | severity | why it matters | elsewhere |", "|---|---|---|---|---|"]
    for kind in KINDS.values():
        codes = ", ".join(kind.codes)
        lines.append(f"| `{kind.name}` | {kind.title} | {kind.severity.name.lower()} | {_cell(kind.why)} | {codes} |")
    return "\n".join(lines) + "\n\n"


def page() -> str:
    """Give the page with the table in it."""
    return ROWS.sub(lambda _: rows(), PAGE.read_text(encoding="utf-8"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
