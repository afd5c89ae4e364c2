"""From sightings that were shown twice to findings: one cause at twenty places is one finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from techlead.audit.attacks.attack import Sighting
from techlead.audit.finding import Finding, Severity
from techlead.audit.kinds import KINDS

Reproducer = Callable[[Sighting], str]
PLACES_EVIDENCE_MAX: Final = 12


def confirmed(first: Sequence[Sighting], second: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """What both runs showed: the same kind at the same operation."""
    again = {(sighting.kind, sighting.operation) for sighting in second}
    return tuple(sighting for sighting in first if (sighting.kind, sighting.operation) in again)


def grouped(sightings: Iterable[Sighting]) -> tuple[tuple[Sighting, ...], ...]:
    """Sightings of one kind and cause together; without a cause each operation is its own."""
    groups: dict[tuple[str, str], dict[str, Sighting]] = {}
    for sighting in sightings:
        key = sighting.kind, sighting.cause or f"at {sighting.operation}"
        groups.setdefault(key, {}).setdefault(sighting.operation, sighting)
    return tuple(tuple(group.values()) for group in groups.values())


def finding_of(group: Sequence[Sighting], reproducer: Reproducer) -> Finding:
    """One finding; the worst place leads."""
    lead = max(group, key=severity_of)
    places = (lead.operation, *(sighting.operation for sighting in group if sighting is not lead))
    evidence: Mapping[str, object] = dict(lead.evidence)
    if len(group) > 1:
        others = {s.operation: dict(s.evidence) for s in group[:PLACES_EVIDENCE_MAX] if s is not lead and s.evidence}
        evidence = {**evidence, "elsewhere": others} if others else evidence
    return Finding(
        kind=lead.kind,
        operation=lead.operation,
        severity=severity_of(lead),
        claim=lead.claim,
        places=places,
        evidence=evidence,
        steps=lead.steps,
        reproducer=reproducer(lead),
    )


def severity_of(sighting: Sighting) -> Severity:
    """The sighting's own, or its kind's."""
    kind = KINDS.get(sighting.kind)
    return sighting.severity or (kind.severity if kind else Severity.MEDIUM)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, in a stable order."""
    return tuple(sorted(findings, key=lambda one: (-one.severity, one.kind, one.operation)))
