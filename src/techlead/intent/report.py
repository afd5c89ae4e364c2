"""A review as one page: for a terminal, as Markdown for a pull request, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from techlead.intent.changes import Change, sentences
from techlead.intent.ledger import Standing, as_data
from techlead.intent.pinned import Pinned


@dataclass(frozen=True, slots=True)
class Run:
    """Something that was run for the review: the project's tests, the audit."""

    name: str
    passed: bool | None
    """None when it was not run."""
    words: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that a person with little time must know of a change."""

    before: str
    after: str
    changes: tuple[Change, ...]
    standings: tuple[Standing, ...]
    """What the ledger does not hold of the version under review."""
    matrix: tuple[str, ...]
    migrations: tuple[str, ...]
    lossy: tuple[str, ...]
    messages: tuple[str, ...]
    checked: tuple[Pinned, ...]
    runs: tuple[Run, ...] = field(default=())

    @property
    def clear(self) -> bool:
        """Whether nobody has to look: nothing to sign, everything pinned, nothing lost, everything passed."""
        return not self.blocking

    @property
    def blocking(self) -> tuple[str, ...]:
        """Say each thing that waits for a person."""
        found = []
        if self.changes:
            careful = sum(one.risk.of.value == "careful" for one in self.changes)
            found.append(f"{len(self.changes)} changes to sign, {careful} of them careful")
        if self.standings:
            found.append(f"{len(self.standings)} things that the ledger does not hold")
        loose = [one.title for one in self.checked if not one.holds]
        if loose:
            found.append(f"{len(loose)} rules and actions that are not pinned")
        if self.lossy:
            found.append(f"{len(self.lossy)} migration steps that lose data")
        found += [f"{one.name} failed" for one in self.runs if one.passed is False]
        return tuple(found)


def text(review: Review) -> str:
    """Write a review for a terminal."""
    return "\n".join(_lines(review, "", "  ", "  "))


def markdown(review: Review) -> str:
    """Write a review for a pull request."""
    return "\n".join(_lines(review, "### ", "- ", "  - "))


def _lines(review: Review, head: str, item: str, below: str) -> Iterator[str]:
    yield f"{head}{review.before} -> {review.after}"
    yield "Nothing waits for a person." if review.clear else f"Waits for a person: {'; '.join(review.blocking)}."
    if review.changes:
        yield from ("", f"{head}What changed")
    for change in review.changes:
        yield f"{item}{change.title} ({change.what}), {change.risk}"
        yield from (f"{below}{words}" for words in change.words if words)
        yield from (f"{below}{_about(one, change)}{words}" for one in change.differences for words in sentences(one))
    yield from _section(
        head, item, "What the ledger does not hold", [f"{one.title}: {one.sentence}" for one in review.standings]
    )
    yield from _section(head, item, "Who may do what now", review.matrix)
    yield from _section(head, item, "Messages and calls to other systems", review.messages)
    yield from _section(head, item, "Migrations that lose data", review.lossy)
    yield from _section(head, item, "Other migrations", [one for one in review.migrations if one not in review.lossy])
    yield from ("", f"{head}Checks")
    loose = [one for one in review.checked if not one.holds]
    yield f"{item}check: {len(review.checked) - len(loose)} of {len(review.checked)} rules and actions are pinned"
    for one in loose:
        yield from (f"{below}{one.title}: {failure.example}: {failure.reason}" for failure in one.failures)
        yield from (f"{below}{one.title}: missing in {listed}: {example}" for listed, example in _missing(one))
    for run in review.runs:
        yield f"{item}{run.name}: {run.words}"
        yield from (f"{below}{line}" for line in run.lines)


def _about(one: Any, change: Change) -> str:
    """Name the policy when a change has several."""
    return f"{one.title.removeprefix('policy ')}: " if change.title.startswith("policy ") else ""


def _missing(one: Pinned) -> list[tuple[str, str]]:
    return list(dict.fromkeys((survivor.listed, survivor.example) for survivor in one.survivors))


def _section(head: str, item: str, title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"{head}{title}", *(f"{item}{line}" for line in lines))


def data(review: Review) -> dict[str, Any]:
    """Give a review as data."""
    return {
        "before": review.before,
        "after": review.after,
        "clear": review.clear,
        "blocking": list(review.blocking),
        "changes": [_change(one) for one in review.changes],
        "ledger": [as_data(one) for one in review.standings],
        "matrix": list(review.matrix),
        "messages": list(review.messages),
        "migrations": [{"step": one, "lossy": one in review.lossy} for one in review.migrations],
        "check": [
            {"title": one.title, "holds": one.holds, "missing": [e for _, e in _missing(one)]} for one in review.checked
        ],
        "runs": [
            {"name": one.name, "passed": one.passed, "words": one.words, "lines": list(one.lines)}
            for one in review.runs
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "title": change.title,
        "what": change.what,
        "risk": change.risk.of.value,
        "risk_why": list(change.risk.why),
        "words": list(filter(None, change.words)),
        "differences": [
            {
                "title": one.title,
                "verdict": one.verdict.value,
                "how": one.how,
                "uncovered": list(one.uncovered),
                "witnesses": [
                    {"direction": w.direction, "facts": w.facts, "before": w.before, "after": w.after}
                    for w in one.witnesses
                ],
            }
            for one in change.differences
        ],
    }
