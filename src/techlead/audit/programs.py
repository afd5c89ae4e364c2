"""A program for each finding, written from what was just seen and kept when it shows the hole by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from techlead.audit.attacks.attack import Attack, Harm, Sighting
from techlead.audit.judge.group import grouped, severity_of
from techlead.audit.reproduce.program import INSIDE, program
from techlead.audit.reproduce.replay import replaying
from techlead.audit.reproduce.starting import Start
from techlead.audit.reproduce.verify import SECONDS, shows
from techlead.audit.site import RunningSite
from techlead.audit.target.exchange import Answer
from techlead.audit.target.given import Given
from techlead.audit.target.understanding import Ways

STARTING_SECONDS_MIN: Final = 5.0
"""A program that starts the target itself is not tried in less."""
STARTING_SECONDS_MAX: Final = 25.0
"""Of all trials of such programs together: where a start is dear, the time is for attacks."""


class Programs:
    """Used from several lanes."""

    def __init__(
        self, given: Given, settlement: Sequence[Answer], start: Start | None = None, homes: Path | None = None
    ) -> None:
        """None was written; programs begin with how people settled, and may start the target in a copy below `homes`."""
        self._given = given
        self._settlement = settlement
        self._start = start
        self._homes = homes
        self._lock = threading.Lock()
        self._spent = 0.0
        self._kept: dict[tuple[str, str], str] = {}
        """Kind and operation -> the program that was tried."""

    def write(
        self, attack: Attack, shown: Sequence[Sighting], again: Sequence[Sighting], site: RunningSite, ways: Ways
    ) -> tuple[str, ...]:
        """Write and try them, where the target still runs or they start it themselves; what could not be written, as sentences."""
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        failed: list[str] = []
        for lead in (max(group, key=severity_of) for group in grouped(shown)):
            key = lead.kind, lead.operation
            try:
                text = self._written(latest[key], site, ways)
            except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
                failed.append(f"no program for {lead.kind} at {lead.operation}: {type(error).__name__}: {error}")
                continue
            starts = latest[key].shows.compare in INSIDE
            if text and (self._starting(text, site) if starts else _running(text, attack, site)):
                with self._lock:
                    self._kept[key] = text
        return tuple(failed)

    def _starting(self, text: str, site: RunningSite) -> bool:
        seconds = min(SECONDS, STARTING_SECONDS_MAX - self._spent, site.left_of_audit())
        if seconds < STARTING_SECONDS_MIN:
            return False
        began = time.monotonic()
        shown = shows(text, site.url, seconds, self._homes)
        with self._lock:
            self._spent += time.monotonic() - began
        return shown

    def _written(self, sighting: Sighting, site: RunningSite, ways: Ways) -> str | None:
        log_in = (ways.log_in.path,) if ways.log_in else ()
        return program(sighting, (*self._settlement, *site.answers()), log_in, self._start)

    def of(self, sighting: Sighting) -> str:
        """The program of a finding; one that runs that part of the audit again where it has none of its own."""
        kept = self._kept.get((sighting.kind, sighting.operation))
        return kept or replaying(self._given, sighting.kind, sighting.operation, sighting.claim)


def _running(text: str, attack: Attack, site: RunningSite) -> bool:
    """Try it on the instance that was just attacked, unless that may have broken it."""
    gentle = attack.harm in (Harm.NONE, Harm.WRITES)
    return gentle and bool(site.url) and shows(text, site.url, SECONDS)
