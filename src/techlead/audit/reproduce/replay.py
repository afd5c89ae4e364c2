"""What plain requests cannot show, because it needs a hostile world around the target: a program that runs that part of the audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from techlead.audit.finding import Report
from techlead.audit.target.given import Given

PROGRAM: Final = '''"""{kind} at {operation}

It needs a hostile world around the target, so that it runs this part of the audit again.
It exits 1 while the hole is there, 0 once it is closed, 2 when it could not be tried. Needs: techlead
"""

import subprocess

COMMAND = {command}
CLAIM = {claim}


def hole():
    """Audit again for this one finding."""
    code = subprocess.run(COMMAND, check=False).returncode
    if code not in (0, 1):
        raise RuntimeError(f"could not be tried: exit code {{code}}")
    return code == 1


if __name__ == "__main__":
    raise SystemExit(subprocess.run(COMMAND, check=False).returncode)
'''


def replaying(given: Given, kind: str, operation: str, claim: str) -> str:
    """Give the program for one finding of this target."""
    words = [_ascii(word) for word in command(given, f"{kind}@{operation}")]
    return PROGRAM.format(
        kind=_ascii(kind), operation=_ascii(operation), command=f"[{', '.join(map(repr, words))}]", claim=ascii(claim)
    )


def command(given: Given, finding: str) -> tuple[str, ...]:
    """Give the words of the command line that look for one finding of this target again."""
    words = ["techlead", "audit"]
    if given.app or (given.url and not given.starts):
        words.append(given.app or given.url or "")
    for start in given.starts:
        words += ["--start", start]
    if given.starts and given.url:
        words += ["--url", given.url]
    if given.folder:
        words += ["--app-dir", str(given.folder)]
    if given.python:
        words += ["--python", given.python]
    return (*words, "--replay", finding)


def replayed(report: Report, finding: str) -> Report:
    """Give the part of a report that speaks of one finding: `kind@operation`."""
    kind, _, operation = finding.partition("@")
    return replace(
        report,
        findings=tuple(
            one for one in report.findings if one.kind == kind and operation in {one.operation, *one.places}
        ),
        questions=(),
        not_tested=tuple(entry for entry in report.not_tested if entry.kind == kind),
        notes=tuple(note for note in report.notes if note.kind == kind),
    )


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace('"""', "???").replace("\\", "?")
