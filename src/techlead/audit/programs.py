"""A program for each finding, written from what was just seen and kept when it shows the hole by itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from techlead.audit.attacks.attack import Attack, Harm, Sighting
from techlead.audit.judge.group import grouped, severity_of
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.reproduce.verify import shows
from techlead.audit.site import RunningSite
from techlead.audit.target.exchange import Answer
from techlead.audit.target.given import Given
from techlead.audit.target.understanding import Ways


class Programs:
    """Used from several lanes."""

    def __init__(self, given: Given, settlement: Sequence[Answer]) -> None:
        """None was written; programs begin with how people settled."""
        self._given = given
        self._settlement = settlement
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], str] = {}
        """Kind and operation -> the program that was tried."""

    def write(
        self, attack: Attack, shown: Sequence[Sighting], again: Sequence[Sighting], site: RunningSite, ways: Ways
    ) -> tuple[str, ...]:
        """Write and try them where the target still runs; what could not be written, as sentences."""
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        failed: list[str] = []
        for lead in (max(group, key=severity_of) for group in grouped(shown)):
            key = lead.kind, lead.operation
            try:
                text = self._written(latest[key], site, ways)
            except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
                failed.append(f"no program for {lead.kind} at {lead.operation}: {type(error).__name__}: {error}")
                continue
            gentle = attack.harm in (Harm.NONE, Harm.WRITES)
            if text and gentle and site.url and shows(text, site.url):
                with self._lock:
                    self._kept[key] = text
        return tuple(failed)

    def _written(self, sighting: Sighting, site: RunningSite, ways: Ways) -> str | None:
        log_in = (ways.log_in.path,) if ways.log_in else ()
        return program(sighting, (*self._settlement, *site.answers()), log_in)

    def of(self, sighting: Sighting) -> str:
        """The program of a finding; one that runs that part of the audit again where it has none of its own."""
        kept = self._kept.get((sighting.kind, sighting.operation))
        return kept or replaying(self._given, sighting.kind, sighting.operation, sighting.claim)
