"""The static companion: a few things that can be seen in the source for certain. Notes and evidence, never the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from techlead.audit.finding import Finding, Note, Report
from techlead.audit.source.calls import retries, trusts, waits
from techlead.audit.source.logged import bodies
from techlead.audit.source.module import Module, modules
from techlead.audit.source.secrets import secrets
from techlead.audit.source.state import connections, floats

RULES: Final[tuple[Callable[[Module], Iterator[Note]], ...]] = (
    secrets,
    retries,
    waits,
    trusts,
    floats,
    connections,
    bodies,
)
SHOWN_MAX: Final = 5
"""How many places a finding names as evidence."""


def notes(folder: Path) -> tuple[Note, ...]:
    """Read the target's own source and note what is certain."""
    found = (note for module in modules(folder) for rule in RULES for note in rule(module))
    return tuple(dict.fromkeys(found))


def beside(report: Report, found: Iterable[Note]) -> Report:
    """Put each note beside the finding of its kind as evidence; what no finding showed stays a note."""
    by_kind: dict[str, list[Note]] = {}
    for note in found:
        by_kind.setdefault(note.kind, []).append(note)
    findings = tuple(_with_evidence(finding, by_kind.get(finding.kind, [])) for finding in report.findings)
    shown = {finding.kind for finding in report.findings}
    left = tuple(note for kind, kept in by_kind.items() if kind not in shown for note in kept)
    return replace(report, findings=findings, notes=(*report.notes, *left))


def _with_evidence(finding: Finding, found: list[Note]) -> Finding:
    if not found:
        return finding
    seen = [f"{note.where}: {note.what}" for note in found[:SHOWN_MAX]]
    return replace(finding, evidence={**finding.evidence, "in_the_source": seen})
