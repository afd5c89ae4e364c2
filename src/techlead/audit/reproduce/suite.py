"""One pytest file for each finding: red now, green once the hole is closed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from techlead.audit.finding import Finding, Report
from techlead.audit.reproduce.program import ADDRESS

NAME_CHARACTERS_MAX: Final = 80
FROM_ENVIRONMENT: Final = 'URL = os.environ.get("TARGET_URL", "http://127.0.0.1:8000").rstrip("/")'
USAGE: Final = re.compile(r"^Run it with the address.*\n", re.MULTILINE)


def write_tests(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write the files; those of findings that are gone stay, and go green."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[Path, str] = {}
    for finding in report.findings:
        if finding.reproducer:
            same = sum(file.stem.partition("__")[0] == f"test_{_name(finding)}" for file in texts)
            again = f"__{same + 1}" if same else ""  # two causes at one place
            texts[folder / f"test_{_name(finding)}{again}.py"] = as_test(finding)
    for file, text in texts.items():
        file.write_text(text, encoding="ascii", errors="replace")
    return tuple(texts)


def as_test(finding: Finding) -> str:
    """Make a pytest file of the finding's program: the same, with a test in place of `main`."""
    text = finding.reproducer
    for end in ("\n\ndef main():", '\n\nif __name__ == "__main__":'):
        before, found, _ = text.rpartition(end)  # the last: what starts a target holds scripts that end like that too
        if found:
            text = before
            break
    if ADDRESS in text:
        text = text.replace(ADDRESS, FROM_ENVIRONMENT).replace("import json\n", "import json\nimport os\n", 1)
        text = text.replace("import sys\n", "", 1)
        text = USAGE.sub("TARGET_URL names a running target: TARGET_URL=http://127.0.0.1:8000 pytest\n", text, count=1)
    return f"{text.rstrip()}\n\n\ndef test_{_name(finding)}():\n    assert not hole(), CLAIM\n"


def _name(finding: Finding) -> str:
    return re.sub(r"[^a-z0-9]+", "_", finding.id.lower()).strip("_")[:NAME_CHARACTERS_MAX]
