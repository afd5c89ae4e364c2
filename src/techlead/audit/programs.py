"""A program for each finding, written from what was just seen and kept when it shows the hole by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from techlead.audit.attacks.attack import Attack, Harm, Sighting
from techlead.audit.judge.group import grouped, severity_of
from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.reproduce.verify import shows
from techlead.audit.site import RunningSite
from techlead.audit.target.exchange import Answer
from techlead.audit.target.given import Given
from techlead.audit.target.understanding import Ways

Written = tuple[tuple[str, str], str]
"""The kind and the operation, and the text."""


class Programs:
    """Used from several lanes."""

    def __init__(self, given: Given, settlement: Sequence[Answer], say: Callable[[str], None]) -> None:
        """None was written; programs begin with how people settled, and `say` is told of what could not be written."""
        self._say = say
        self._given = given
        self._settlement = settlement
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], str] = {}
        """Kind and operation -> the program that was tried."""

    def write(
        self, attack: Attack, shown: Sequence[Sighting], again: Sequence[Sighting], site: RunningSite, ways: Ways
    ) -> tuple[Written, ...]:
        """Write them; none where the attack breaks what a program would need."""
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        leads = (max(group, key=severity_of) for group in grouped(shown))
        keys = ((lead.kind, lead.operation) for lead in leads if attack.harm in (Harm.NONE, Harm.WRITES))
        written = ((key, self._written(latest[key], site, ways)) for key in keys)
        return tuple((key, text) for key, text in written if text)

    def try_out(self, written: Sequence[Written], url: str) -> None:
        """Keep those that show their hole at a target that runs there."""
        for key, text in written:
            if url and shows(text, url):
                with self._lock:
                    self._kept[key] = text

    def _written(self, sighting: Sighting, site: RunningSite, ways: Ways) -> str | None:
        log_in = (ways.log_in.path,) if ways.log_in else ()
        try:
            return program(sighting, (*self._settlement, *site.answers()), log_in)
        except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
            self._say(f"no program for {sighting.kind} at {sighting.operation}: {type(error).__name__}: {error}")
            return None

    def of(self, sighting: Sighting) -> str:
        """The program of a finding; one that runs that part of the audit again where it has none of its own."""
        kept = self._kept.get((sighting.kind, sighting.operation))
        return kept or replaying(self._given, sighting.kind, sighting.operation, sighting.claim)
