"""The page on the terminal: worst first, each finding with what happened, why it matters, how to see it and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from techlead.audit.finding import Finding, Question, Report, Severity
from techlead.audit.kinds import KINDS
from techlead.audit.report.text import (
    counts,
    framework,
    mending,
    one_line,
    ordered,
    replay,
    shown,
    step,
    title,
    untried,
)

WIDTH_MIN, WIDTH_MAX = 40, 100
LABEL_WIDTH: Final = 10
STEPS_MAX: Final = 8
EVIDENCE_MAX: Final = 6
PLACES_MAX: Final = 4
KINDS_SHOWN: Final = 8
COLOURS: Final = {Severity.CRITICAL: "1;97;41", Severity.HIGH: "1;31", Severity.MEDIUM: "1;33", Severity.LOW: "1;36"}
BOLD, DIM, GREEN = "1", "2", "1;32"


@dataclass(frozen=True, slots=True)
class Style:
    """How wide the page is, and whether it may be coloured."""

    width: int = 80
    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        """Colour it, where that is wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    @property
    def columns(self) -> int:
        """Give the width that is used: lines of more than a hundred characters are hard to read."""
        return max(WIDTH_MIN, min(self.width, WIDTH_MAX))


def as_page(report: Report, style: Style, known: int = 0) -> str:
    """Give the whole page; `known` findings of a baseline were left out and are only counted."""
    lines = [*_head(report, style, known)]
    for finding in ordered(report):
        lines += ["", *_finding(finding, report, style)]
    if report.questions:
        lines += ["", *_section("Only you can answer", style)]
        for question in report.questions:
            lines += _question(question, style)
    if report.not_tested:
        lines += ["", *_section("Not tested", style), *_not_tested(report, style)]
    if report.notes:
        lines += ["", *_section("Notes (no part of the result)", style)]
        for note in report.notes:
            lines += _paragraph(f"{one_line(note.where)}: {one_line(note.what)}", style, "- ")
    return "\n".join([*lines, "", *_tail(report, style)]) + "\n"


def _head(report: Report, style: Style, known: int) -> Iterator[str]:
    rate = f", {report.requests / report.seconds:,.0f} a second" if report.seconds >= 1 else ""
    kind = f" ({framework(report)})" if framework(report) else ""
    yield style.paint(f"techlead audit: {one_line(report.target)}{kind}", BOLD)
    yield style.paint(f"{report.seconds:.1f} s, {report.requests:,} requests{rate}", DIM)
    yield ""
    numbers = [
        style.paint(f"{number} {level.name.lower()}", COLOURS[level])
        for level, number in counts(report).items()
        if number
    ]
    yield "  ".join(numbers) if numbers else style.paint("No hole was found.", GREEN)
    if known:
        yield style.paint(f"{known} more are known: they stand in the baseline.", DIM)


def _finding(finding: Finding, report: Report, style: Style) -> Iterator[str]:
    label = f" {finding.severity.name} "
    rule = "─" * max(2, style.columns - len(label) - len(finding.kind) - 2)
    yield f"{style.paint(label, COLOURS[finding.severity])} {style.paint(rule, DIM)} {style.paint(finding.kind, DIM)}"
    yield from (style.paint(line, BOLD) for line in wrap(title(finding.kind), style.columns))
    yield from _paragraph(_places(finding), style)
    yield ""
    yield from _labelled("Happened", one_line(finding.claim), style)
    for name, value in list(finding.evidence.items())[:EVIDENCE_MAX]:
        yield from _labelled("", f"{one_line(str(name)).replace('_', ' ')}: {shown(value)[:400]}", style, DIM)
    yield from _labelled("Matters", KINDS[finding.kind].why if finding.kind in KINDS else "", style)
    yield from _seeing(finding, report, style)
    principle, here = mending(finding.kind, report)
    yield from _labelled("Mend", principle, style)
    yield from _labelled("", here and f"In {framework(report)}: {here}", style)


def _seeing(finding: Finding, report: Report, style: Style) -> Iterator[str]:
    shown_steps = [step(exchange) for exchange in finding.steps[:STEPS_MAX]]
    left = len(finding.steps) - len(shown_steps)
    lines = [
        *(f"{number}. {line}" for number, line in enumerate(shown_steps, 1)),
        *([f"… and {left} more"] if left else []),
    ]
    for number, line in enumerate([*lines, replay(finding, report)]):
        yield from _labelled("" if number else "See it", one_line(line), style)


def _places(finding: Finding) -> str:
    places = [one_line(place) for place in finding.places or (finding.operation,)]
    left = len(places) - PLACES_MAX
    return ", ".join(places[:PLACES_MAX]) + (f" and {left} more places" if left > 0 else "")


def _question(question: Question, style: Style) -> Iterator[str]:
    yield from _paragraph(f"{one_line(question.about)}: {one_line(question.question)}", style, "? ")
    answers = " / ".join(one_line(answer) for answer in question.answers)
    yield from _paragraph(f"{answers}   [{one_line(question.id)}]", style, "  ")


def _not_tested(report: Report, style: Style) -> Iterator[str]:
    for why, kinds in untried(report).items():
        left = f" and {len(kinds) - KINDS_SHOWN} more" if len(kinds) > KINDS_SHOWN else ""
        yield from _paragraph(f"{', '.join(kinds[:KINDS_SHOWN])}{left}: {why}", style, "- ")


def _tail(report: Report, style: Style) -> Iterator[str]:
    if report.findings:
        yield from _paragraph(
            "Begin at the top: the worst stands first. --html FILE writes a page that can be passed on, --pytest DIR tests that are red until a hole is closed.",
            style,
        )
    if report.questions:
        yield from _paragraph(
            "Answer the questions in techlead-audit.toml: each answer, with its reason, becomes a check.", style
        )
    if not report.findings:
        yield from _paragraph("That is no proof that there is none: what was not tried stands above.", style)


def _section(name: str, style: Style) -> Iterator[str]:
    yield f"{style.paint(name, BOLD)} {style.paint('─' * max(2, style.columns - len(name) - 1), DIM)}"


def _labelled(label: str, text: str, style: Style, code: str = "") -> Iterator[str]:
    if not text:
        return
    first = f"  {label:<{LABEL_WIDTH}}"
    for number, line in enumerate(wrap(text, style.columns - len(first), break_on_hyphens=False) or [""]):
        head = style.paint(first, DIM) if number == 0 else " " * len(first)
        yield head + (style.paint(line, code) if code else line)


def _paragraph(text: str, style: Style, first: str = "") -> Iterator[str]:
    yield from wrap(
        text, style.columns, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
    )
