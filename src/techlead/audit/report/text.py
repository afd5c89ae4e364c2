"""Evidence is hostile: what came from a target is made plain before it is shown on a terminal or written to a file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from shlex import join
from typing import Any, Final

from techlead.audit.finding import Exchange, Finding, Report, Severity
from techlead.audit.kinds import KINDS

TEXT_CHARACTERS_MAX: Final = 2_000
UNPRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, lone surrogates, and marks that turn the direction of text: they steer terminals and break XML."""
DEPTH_MAX: Final = 20
SPELLINGS: Final = {"fastapi": "FastAPI", "flask": "Flask", "django": "Django", "starlette": "Starlette", "unknown": ""}


def clean(text: str) -> str:
    """Show unprintable characters as their escapes; line feeds and tabs stay."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Clean it, fold white space, and cut it."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= characters_max else flat[: characters_max - 1] + "…"


def plain(value: Any, depth: int = 0) -> Any:
    """Give a value that JSON can hold and a reader can see through."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return "…" if depth > DEPTH_MAX else _plain_items(value, depth + 1)
    return clean(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


def _plain_items(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {clean(str(name)): plain(item, depth) for name, item in value.items()}
    items = [plain(item, depth) for item in value]
    return sorted(items, key=str) if isinstance(value, set | frozenset) else items


def shown(value: Any) -> str:
    """Give evidence as one line of text."""
    return one_line(value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False))


def step(exchange: Exchange) -> str:
    """Give one exchange as a line: `PUT /users/7 as bob {"name": "x"} -> 200`."""
    actor = f" as {one_line(exchange.actor)}" if exchange.actor else ""
    body = "" if exchange.body is None else " " + shown(exchange.body)[:200]
    status = "no answer" if exchange.status is None else exchange.status
    return f"{one_line(exchange.method)} {one_line(exchange.path, 300)}{actor}{body} -> {status}"


def replay(finding: Finding, report: Report) -> str:
    """Give the command that shows one finding again, with what the target was given by."""
    words = report.inferred.get("command") or ["techlead", "audit", report.target]
    return one_line(join([*map(str, words), "--replay", finding.id]))


def ordered(report: Report) -> tuple[Finding, ...]:
    """Give the findings worst first, in the same order each time."""
    return tuple(sorted(report.findings, key=lambda finding: (-finding.severity, finding.kind, finding.operation)))


def title(kind: str) -> str:
    """Give the kind's title; a kind that is not in the table is its own."""
    return KINDS[kind].title if kind in KINDS else kind


def framework(report: Report) -> str:
    """Give the target's framework as it was inferred, in its own spelling, or ''."""
    name = one_line(str(report.inferred.get("framework") or ""))
    return SPELLINGS.get(name.lower(), name)


def mending(kind: str, report: Report) -> tuple[str, str]:
    """Give how to mend it: in principle, and in the target's framework ('' where that is unknown)."""
    if kind not in KINDS:
        return "", ""
    return KINDS[kind].mend, KINDS[kind].mend_in(framework(report))


def untried(report: Report) -> dict[str, list[str]]:
    """Give each reason why something was not tested, once, with the kinds it holds for."""
    reasons: dict[str, list[str]] = {}
    for entry in report.not_tested:
        reasons.setdefault(one_line(entry.why), []).append(entry.kind)
    return reasons


def counts(report: Report) -> dict[Severity, int]:
    """Count the findings of each severity, worst first."""
    return {
        level: sum(finding.severity == level for finding in report.findings) for level in sorted(Severity, reverse=True)
    }
