"""`--html`: one page that needs nothing else, reads well on a telephone and in the dark, and runs no script.

All that came from the target goes through `escape`: the page forbids scripts, pictures and links of its own besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape as escape_markup
from importlib.resources import files
from typing import Any, Final

from techlead.audit.finding import Finding, Question, Report
from techlead.audit.kinds import KINDS
from techlead.audit.report.text import (
    clean,
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

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def as_html(report: Report) -> str:
    """Give the report as one HTML page."""
    name = escape(one_line(report.target))
    body = "\n".join(_body(report, name))
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit of {name}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def escape(text: Any) -> str:
    """Make text of any origin harmless in an element and in an attribute."""
    return escape_markup(clean(str(text)), quote=True)


def _body(report: Report, name: str) -> Iterator[str]:
    yield f"<h1>Audit of {name}</h1>"
    kind = f"{framework(report)}, " if framework(report) else ""
    yield f'<p class="dim">{escape(kind)}{report.seconds:.1f} seconds, {report.requests:,} requests</p>'
    yield from _summary(report)
    for finding in ordered(report):
        yield from _finding(finding, report)
    if report.questions:
        yield "<h2>Only you can answer</h2>"
        for question in report.questions:
            yield from _question(question)
    if report.not_tested:
        yield "<h2>Not tested</h2>"
        yield from _list(
            f"{escape(why)} <span class=dim>{escape(', '.join(kinds))}</span>" for why, kinds in untried(report).items()
        )
    if report.notes:
        yield "<h2>Notes, no part of the result</h2>"
        yield from _list(
            f"<code>{escape(one_line(note.where))}</code> {escape(one_line(note.what))}" for note in report.notes
        )
    if report.inferred:
        yield "<h2>What was guessed about the target</h2>"
        yield f"<details><summary>Show it</summary>{_pairs(report.inferred)}</details>"


def _summary(report: Report) -> Iterator[str]:
    parts = [
        f'<li class="{level.name.lower()}">{number} {level.name.lower()}</li>'
        for level, number in counts(report).items()
        if number
    ]
    yield f'<ul class="sum">{"".join(parts) or "<li class=good>No hole was found</li>"}</ul>'


def _finding(finding: Finding, report: Report) -> Iterator[str]:
    level = finding.severity.name.lower()
    yield f'<article id="{escape(finding.id)}">'
    yield f'<span class="tag {level}">{level}</span> <span class="dim">{escape(finding.kind)}</span>'
    yield f"<h3>{escape(title(finding.kind))}</h3>"
    yield f"<p>{_places(finding)}</p>"
    yield f"<h4>What happened</h4><p>{escape(one_line(finding.claim))}</p>"
    kind = KINDS.get(finding.kind)
    if kind:
        yield f"<h4>Why it matters</h4><p>{escape(kind.why)}</p>"
    principle, here = mending(finding.kind, report)
    if principle:
        yield f"<h4>How to mend it</h4><p>{_marked(principle)}</p>"
        yield f"<p>In {escape(framework(report))}: {_marked(here)}</p>" if here else ""
    yield "<h4>How to see it</h4>"
    if finding.steps:
        yield (
            "<ol>" + "".join(f"<li><code>{escape(step(exchange))}</code></li>" for exchange in finding.steps) + "</ol>"
        )
    yield f"<p><code>{escape(replay(finding, report))}</code></p>"
    if finding.evidence:
        yield f"<details><summary>What was measured</summary>{_pairs(finding.evidence)}</details>"
    if finding.reproducer:
        yield f"<details><summary>A program that shows it</summary><pre>{escape(finding.reproducer)}</pre></details>"
    if kind and kind.codes:
        yield f'<p class="dim">{escape(", ".join(kind.codes))}</p>'
    yield "</article>"


def _places(finding: Finding) -> str:
    places = [f"<code>{escape(one_line(place))}</code>" for place in finding.places or (finding.operation,)]
    if len(places) == 1:
        return places[0]
    rest = "".join(f"<li>{place}</li>" for place in places[1:])
    return f"{places[0]}<details><summary>and {len(places) - 1} more</summary><ul>{rest}</ul></details>"


def _question(question: Question) -> Iterator[str]:
    yield f"<article><h3>{escape(one_line(question.question))}</h3>"
    yield f'<p><code>{escape(one_line(question.about))}</code> <span class="dim">{escape(question.kind)}</span></p>'
    yield from _list(escape(one_line(answer)) for answer in question.answers)
    yield "</article>"


def _list(items: Iterable[str]) -> Iterator[str]:
    yield "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _pairs(values: Any) -> str:
    rows = (
        f"<dt>{escape(one_line(str(name)))}</dt><dd><code>{escape(shown(value))}</code></dd>"
        for name, value in values.items()
    )
    return f"<dl>{''.join(rows)}</dl>"


def _marked(text: str) -> str:
    """Set what stands between back quotes as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
