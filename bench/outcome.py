"""Everything one run found out."""

from __future__ import annotations

from dataclasses import dataclass

from bench.measure import Effort, Measured
from bench.start_up import Start


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run, and the reason for each that is missing."""

    date: str
    machine: dict[str, str | int]
    versions: dict[str, tuple[str, ...]]
    effort: Effort
    others_processors: float
    load: dict[str, dict[str, Measured]]
    memory_megabytes: dict[str, float]
    start: dict[str, Start]
    marketplace_megabytes: float | None
    skipped: dict[str, str]
