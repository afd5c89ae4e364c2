"""Questions that only a person can settle, and the answers that were kept: a "no" turns the question into a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from techlead.audit.finding import Finding, Note, Question, Severity
from techlead.audit.kinds import KINDS


def settled(
    questions: Iterable[Question], answers: Mapping[str, Any]
) -> tuple[tuple[Question, ...], tuple[Finding, ...]]:
    """(questions still open, findings that kept answers make of others).

    An answer is kept under the question's id: `meant = true` (or the first of the question's answers) with its reason
    says that all is well; `meant = false` says that what was seen is a hole.
    """
    still_open: dict[str, Question] = {}
    findings: dict[str, Finding] = {}
    for question in questions:
        kept = answers.get(question.id)
        if kept is None:
            still_open.setdefault(question.id, question)
        elif not _is_meant(kept, question):
            findings.setdefault(question.id, _finding(question, kept))
    return tuple(still_open.values()), tuple(findings.values())


def accepted(findings: Iterable[Finding], answers: Mapping[str, Any]) -> tuple[tuple[Finding, ...], tuple[Note, ...]]:
    """(findings that stand, notes on those that a person has said to be meant, with the reason)."""
    standing, notes = [], []
    for finding in findings:
        kept = answers.get(finding.id)
        if isinstance(kept, Mapping) and kept.get("meant") is True and kept.get("because"):
            notes.append(Note(finding.kind, finding.operation, f"said to be meant: {kept['because']}"))
        else:
            standing.append(finding)
    return tuple(standing), tuple(notes)


def _is_meant(kept: Any, question: Question) -> bool:
    said = kept.get("meant", kept.get("answer")) if isinstance(kept, Mapping) else kept
    if isinstance(said, bool):
        return said
    return not question.answers or str(said) == question.answers[0]


def _finding(question: Question, kept: Any) -> Finding:
    kind = KINDS.get(question.kind)
    because = kept.get("because", "") if isinstance(kept, Mapping) else ""
    return Finding(
        kind=question.kind,
        operation=question.about,
        severity=kind.severity if kind else Severity.MEDIUM,
        claim=f"This was said not to be meant, and still is so: {question.question}"
        + (f" ({because})" if because else ""),
        places=(question.about,),
        evidence=question.evidence,
    )
