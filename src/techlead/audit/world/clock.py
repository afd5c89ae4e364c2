"""The target's clock: a number of seconds in a file that all its processes share, added to the real time."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

DOUBLE: Final = struct.Struct("<d")
NOTICE_SECONDS: Final = 0.03
"""Within this real time every sleeper of the target has looked at its clock again."""


class MovedClock:
    """Moves the clock of one instance; it only goes forward."""

    def __init__(self, folder: Path) -> None:
        """Lay the shared number down, at zero."""
        self._file = folder / "clock"
        self._file.write_bytes(DOUBLE.pack(0.0))
        with self._file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), DOUBLE.size)

    @property
    def ahead(self) -> float:
        """Seconds ahead of the real clock."""
        seconds: float = DOUBLE.unpack_from(self._shared, 0)[0]
        return seconds

    def now(self) -> float:
        """The target's time, in seconds since 1970."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Jump; whoever sleeps until then wakes within `NOTICE_SECONDS`."""
        if seconds > 0:
            DOUBLE.pack_into(self._shared, 0, self.ahead + seconds)

    def walk(
        self,
        seconds: float,
        step: float = 1.0,
        pause: float = NOTICE_SECONDS,
        until: Callable[[], bool] | None = None,
    ) -> bool:
        """Jump in steps with a real pause after each, until `until()` holds (True) or the way is walked (False)."""
        walked = 0.0
        while walked < seconds:
            if until is not None and until():
                return True
            self.advance(min(step, seconds - walked))
            walked += step
            time.sleep(pause)
        return until is not None and until()

    def close(self) -> None:
        """Let the shared number go."""
        self._shared.close()
