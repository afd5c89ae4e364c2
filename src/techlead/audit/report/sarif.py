"""`--sarif`: the report for code scanning, as SARIF 2.1.0 (OASIS Standard, 27 March 2020)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

from techlead.audit.finding import Finding, Report, Severity
from techlead.audit.kinds import KINDS, Kind
from techlead.audit.report.text import mending, one_line, ordered, plain, step, title

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final = {Severity.LOW: "note", Severity.MEDIUM: "warning", Severity.HIGH: "error", Severity.CRITICAL: "error"}
SCORES: Final = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
"""`security-severity`, by which code scanning sorts: over 9 critical, over 7 high, over 4 medium."""
SOURCE: Final = re.compile(r"(?P<file>[^:]+\.py):(?P<line>[1-9]\d*)")


def as_sarif(report: Report) -> str:
    """Give the report as SARIF text."""
    findings = ordered(report)
    rules = list(dict.fromkeys(finding.kind for finding in findings))
    run = {
        "tool": {
            "driver": {
                "name": "techlead audit",
                "semanticVersion": version("techlead").replace(".dev", "-dev"),
                "informationUri": "https://github.com/techlead-dev/techlead/tree/main/docs/audit.md",
                "rules": [_rule(kind, report) for kind in rules],
            },
        },
        "invocations": [{"executionSuccessful": True}],
        "automationDetails": {"id": "techlead-audit/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.kind), report) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(name: str, report: Report) -> dict[str, Any]:
    kind = KINDS.get(name)
    if kind is None:
        return {"id": name, "shortDescription": {"text": title(name)}}
    principle, here = mending(name, report)
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in re.split(r"[.-]", name)),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.why},
        "help": {
            "text": f"{kind.why}\n\n{principle} {here}",
            "markdown": f"{kind.why}\n\n**Mend it.** {principle} {here}",
        },
        "defaultConfiguration": {"level": LEVELS[kind.severity]},
        "properties": _properties(kind),
    }


def _properties(kind: Kind) -> dict[str, Any]:
    return {
        "tags": ["security", kind.family, *kind.codes],
        "security-severity": SCORES[kind.severity],
        "precision": "very-high",
    }


def _result(finding: Finding, rule: int, report: Report) -> dict[str, Any]:
    places = finding.places or (finding.operation,)
    return {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding, places)},
        "locations": [_location(place, finding, report) for place in places[:1]],
        "relatedLocations": [_location(place, finding, report) | {"id": at} for at, place in enumerate(places[1:], 1)],
        "partialFingerprints": {"techleadFinding/v1": sha256(finding.id.encode("utf-8", "replace")).hexdigest()},
        "properties": {"security-severity": SCORES[finding.severity], "evidence": plain(finding.evidence)},
    }


def _message(finding: Finding, places: tuple[str, ...]) -> str:
    more = f" The same at {len(places) - 1} more places." if len(places) > 1 else ""
    seen = "".join(f"\n{number}. {step(exchange)}" for number, exchange in enumerate(finding.steps[:10], 1))
    return f"{one_line(finding.operation)}: {one_line(finding.claim)}{more}{seen}"


def _location(place: str, finding: Finding, report: Report) -> dict[str, Any]:
    file, line = _source(place, finding, report)
    return {
        "physicalLocation": {"artifactLocation": {"uri": file, "uriBaseId": "SRCROOT"}, "region": {"startLine": line}},
        "logicalLocations": [{"fullyQualifiedName": one_line(place), "kind": "function"}],
        "message": {"text": one_line(place)},
    }


def _source(place: str, finding: Finding, report: Report) -> tuple[str, int]:
    """Where the handler stands; code scanning demands a file, so that the target's own name is the last resort."""
    sources = report.inferred.get("sources")
    known = sources.get(place) if isinstance(sources, Mapping) else None
    for candidate in (known, finding.evidence.get("source")):
        found = SOURCE.fullmatch(str(candidate or ""))
        if found:
            return plain(found["file"]).replace("\\", "/").lstrip("/"), int(found["line"])
    module = re.fullmatch(r"([\w.]+):[\w.]+", report.target)
    return (module[1].replace(".", "/") + ".py" if module else "techlead-audit.toml"), 1
