"""The baseline: holes that are known and let pass for now, so that a build fails on new ones alone.

A finding is known when every place of it stands in the file under its kind. A known hole at a new place is a new finding,
with the new places alone: a hole that spreads is not let pass.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from techlead.audit.finding import Finding, Report
from techlead.audit.report.text import ordered
from techlead.errors import SettingsRefused

FORMAT: Final = 1

Known = dict[str, frozenset[str]]
"""Kind -> the places where it is known."""


def as_baseline(report: Report) -> str:
    """Give the file that makes everything in the report known; a person adds why under `reason`."""
    entries = [
        {
            "kind": finding.kind,
            "places": sorted(_places(finding)),
            "severity": finding.severity.name.lower(),
            "claim": finding.claim,
            "reason": "",
        }
        for finding in ordered(report)
    ]
    return json.dumps({"format": FORMAT, "known": entries}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(file: Path) -> Known:
    """Read a baseline; raises SettingsRefused with what to do when it is none."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise SettingsRefused(
                f"{file}: format {data['format']} is not {FORMAT}: write it again with --write-baseline"
            )
        known: Known = {}
        for entry in data["known"]:
            known[entry["kind"]] = known.get(entry["kind"], frozenset()) | frozenset(entry["places"])
    except OSError as error:
        raise SettingsRefused(
            f"{file} cannot be read ({error.strerror}): write it first with --write-baseline"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsRefused(f"{file} is no baseline: write one with --write-baseline") from error
    return known


def without_known(report: Report, known: Known) -> tuple[Report, int]:
    """Give the report with what is new alone, and how many findings were left out as known."""
    fresh = [_fresh(finding, known.get(finding.kind, frozenset())) for finding in report.findings]
    left = tuple(finding for finding in fresh if finding is not None)
    return replace(report, findings=left), len(report.findings) - len(left)


def _fresh(finding: Finding, known: frozenset[str]) -> Finding | None:
    new = tuple(place for place in _places(finding) if place not in known)
    if not new:
        return None
    operation = finding.operation if finding.operation in new else new[0]
    return replace(finding, places=new, operation=operation)


def _places(finding: Finding) -> tuple[str, ...]:
    return tuple(dict.fromkeys((finding.operation, *finding.places)))
