"""The programs of one audit: written from what was just seen, tried, and kept where they show their hole by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from techlead.audit.attacks.attack import Sighting
from techlead.audit.judge.group import grouped, severity_of
from techlead.audit.reproduce.program import INSIDE, program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.reproduce.starting import Start
from techlead.audit.reproduce.verify import SECONDS, shows
from techlead.audit.target.exchange import Answer
from techlead.audit.target.given import Given

STARTING_SECONDS_MIN: Final = 5.0
"""A program that starts the target itself is not tried in less."""


@dataclass(slots=True)
class Programs:
    """Filled by lanes, read by the report."""

    given: Given
    settlement: Sequence[Answer]
    """How people came to be who were there before."""
    say: Callable[[str], None]
    start: Start | None = None
    """How the target is started; None where a program cannot do that."""
    homes: Path | None = None
    """Where programs under trial may put a copy of the target."""
    _kept: dict[tuple[str, str], str] = field(default_factory=dict)
    """Kind and operation -> the program that was tried."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(
        self,
        shown: Sequence[Sighting],
        again: Sequence[Sighting],
        answers: Sequence[Answer],
        url: str,
        log_ins: tuple[str, ...],
        seconds: float,
        *,
        sound: bool,
    ) -> None:
        """Write one for each finding from what was just seen, and keep it when it shows the hole.

        An instance that is not sound any more shows none; what starts the target itself does not need it.
        """
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        for lead in (max(group, key=severity_of) for group in grouped(shown)):
            key = lead.kind, lead.operation
            starts = latest[key].shows.compare in INSIDE
            if (starts and seconds < STARTING_SECONDS_MIN) or not (starts or (sound and url)):
                continue
            text = self._written(latest[key], answers, log_ins)
            if text and shows(text, url, min(SECONDS, seconds) if starts else SECONDS, self.homes):
                with self._lock:
                    self._kept[key] = text

    def of(self, sighting: Sighting) -> str:
        """Give the program of a finding: its own, or one that runs that part of the audit again."""
        kept = self._kept.get((sighting.kind, sighting.operation))
        return kept or replaying(self.given, sighting.kind, sighting.operation, sighting.claim)

    def _written(self, sighting: Sighting, answers: Sequence[Answer], log_ins: tuple[str, ...]) -> str | None:
        try:
            return program(sighting, (*self.settlement, *answers), log_ins, self.start)
        except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
            self.say(f"no program for {sighting.kind} at {sighting.operation}: {type(error).__name__}: {error}")
            return None
