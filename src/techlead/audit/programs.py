"""A program for each finding, written from what was just seen and kept when it shows the hole by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

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


class Written(NamedTuple):
    """A program that was not tried yet: what it shows, its text, and whether it starts the target itself."""

    kind: str
    operation: str
    text: str
    starts: bool


class Programs:
    """Used from several lanes."""

    def __init__(
        self,
        given: Given,
        settlement: Sequence[Answer],
        say: Callable[[str], None],
        start: Start | None = None,
        homes: Path | None = None,
    ) -> None:
        """None was written; programs begin with how people settled, and may start the target in a copy below `homes`.

        `say` is told of what could not be written.
        """
        self._given = given
        self._settlement = settlement
        self._say = say
        self._start = start
        self._homes = homes
        self._lock = threading.Lock()
        self._spent = 0.0
        self._kept: dict[tuple[str, str], str] = {}
        """Kind and operation -> the program that was tried."""

    def write(
        self, attack: Attack, shown: Sequence[Sighting], again: Sequence[Sighting], site: RunningSite, ways: Ways
    ) -> tuple[Written, ...]:
        """Write them; none where the attack breaks what a program would need of the running target."""
        latest = {(sighting.kind, sighting.operation): sighting for sighting in again}
        leads = (max(group, key=severity_of) for group in grouped(shown))
        written = (self._written(latest[lead.kind, lead.operation], site, ways) for lead in leads)
        gentle = attack.harm in (Harm.NONE, Harm.WRITES)
        return tuple(one for one in written if one is not None and (gentle or one.starts))

    def try_at(self, written: Sequence[Written], url: str) -> None:
        """Keep those that show their hole at a target that runs there."""
        for one in written:
            if url and shows(one.text, url):
                self._keep(one)

    def try_alone(self, written: Sequence[Written], seconds_left: Callable[[], float]) -> None:
        """Keep those that start the target themselves and show their hole, as long as there is time for it."""
        for one in written:
            seconds = min(SECONDS, STARTING_SECONDS_MAX - self._spent, seconds_left())
            if seconds < STARTING_SECONDS_MIN:
                return
            began = time.monotonic()
            if shows(one.text, "", seconds, self._homes):
                self._keep(one)
            with self._lock:
                self._spent += time.monotonic() - began

    def _keep(self, one: Written) -> None:
        with self._lock:
            self._kept[one.kind, one.operation] = one.text

    def _written(self, sighting: Sighting, site: RunningSite, ways: Ways) -> Written | None:
        log_in = (ways.log_in.path,) if ways.log_in else ()
        try:
            text = program(sighting, (*self._settlement, *site.answers()), log_in, self._start)
        except Exception as error:  # noqa: BLE001 - a finding without a program is still a finding
            self._say(f"no program for {sighting.kind} at {sighting.operation}: {type(error).__name__}: {error}")
            return None
        starts = sighting.shows.compare in INSIDE
        return Written(sighting.kind, sighting.operation, text, starts) if text else None

    def of(self, sighting: Sighting) -> str:
        """The program of a finding; one that runs that part of the audit again where it has none of its own."""
        kept = self._kept.get((sighting.kind, sighting.operation))
        return kept or replaying(self._given, sighting.kind, sighting.operation, sighting.claim)
