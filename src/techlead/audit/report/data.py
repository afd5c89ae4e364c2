"""`--json`: the report as data. The names in it are stable and documented in docs/audit.md; new ones may be added, none changes."""

from __future__ import annotations

import json
from typing import Any, Final

from techlead.audit.finding import Exchange, Finding, Note, NotTested, Question, Report, Spent
from techlead.audit.kinds import KINDS
from techlead.audit.report.text import mending, ordered, plain, title

FORMAT: Final = 1
"""Counts up when a name changes its meaning or goes away."""


def as_json(report: Report) -> str:
    """Give the report as JSON text."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """Give the report as plain data."""
    return {
        "format": FORMAT,
        "target": plain(report.target),
        "seconds": round(report.seconds, 1),
        "requests": report.requests,
        "findings": [_finding(finding, report) for finding in ordered(report)],
        "questions": [_question(question) for question in report.questions],
        "not_tested": [_not_tested(entry) for entry in report.not_tested],
        "notes": [_note(note) for note in report.notes],
        "inferred": plain(report.inferred),
        "timeline": [_spent(stretch) for stretch in report.timeline],
    }


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
    principle, here = mending(finding.kind, report)
    kind = KINDS.get(finding.kind)
    return {
        "id": plain(finding.id),
        "kind": finding.kind,
        "operation": plain(finding.operation),
        "severity": finding.severity.name.lower(),
        "title": title(finding.kind),
        "claim": plain(finding.claim),
        "places": [plain(place) for place in finding.places or (finding.operation,)],
        "evidence": plain(finding.evidence),
        "steps": [_step(step) for step in finding.steps],
        "why": kind.why if kind else "",
        "mend": " ".join(part for part in (principle, here) if part),
        "codes": list(kind.codes) if kind else [],
        "reproducer": plain(finding.reproducer),
    }


def _step(step: Exchange) -> dict[str, Any]:
    return {
        "method": plain(step.method),
        "path": plain(step.path),
        "actor": plain(step.actor),
        "headers": plain(step.headers),
        "body": plain(step.body),
        "status": step.status,
        "answer": plain(step.answer),
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "id": plain(question.id),
        "kind": question.kind,
        "about": plain(question.about),
        "question": plain(question.question),
        "answers": [plain(answer) for answer in question.answers],
        "evidence": plain(question.evidence),
    }


def _not_tested(entry: NotTested) -> dict[str, Any]:
    return {"kind": entry.kind, "why": plain(entry.why)}


def _note(note: Note) -> dict[str, Any]:
    return {"kind": note.kind, "where": plain(note.where), "what": plain(note.what)}


def _spent(stretch: Spent) -> dict[str, Any]:
    return {
        "what": stretch.what,
        "began": round(stretch.began, 2),
        "seconds": round(stretch.seconds, 2),
        "found": stretch.found,
    }
