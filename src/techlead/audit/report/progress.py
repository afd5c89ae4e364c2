"""What is shown while the audit runs: on a terminal one line that moves, elsewhere one line for each thing of note."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, TextIO

from techlead.audit.finding import Finding
from techlead.audit.report.terminal import COLOURS, DIM, Style
from techlead.audit.report.text import one_line, title

REDRAW_SECONDS: Final = 0.1


class Progress:
    """Tells a person that something happens, and each finding as soon as it is certain; safe to call from threads."""

    def __init__(self, stream: TextIO, style: Style, clock: Callable[[], float], *, moving: bool) -> None:
        """Write to a stream; `moving` says that it is a terminal whose last line may be written over."""
        self._stream = stream
        self._style = style
        self._clock = clock
        self._moving = moving
        self._started = clock()
        self._drawn = 0.0
        self._doing = ""
        self._lock = Lock()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._line(one_line(text))

    def doing(self, text: str, requests: int = 0) -> None:
        """Show what goes on now, and how many requests were sent."""
        with self._lock:
            sent = f", {requests:,} requests" if requests else ""
            if not self._moving:
                if text != self._doing:
                    self._line(one_line(text))
            elif self._clock() - self._drawn >= REDRAW_SECONDS or text != self._doing:
                self._draw(f"{self._clock() - self._started:4.0f} s{sent}  {one_line(text)}")
            self._doing = text

    def found(self, finding: Finding) -> None:
        """Show a finding that was shown twice."""
        with self._lock:
            level = self._style.paint(f"{finding.severity.name.lower():<8}", COLOURS[finding.severity])
            self._line(f"{level} {title(finding.kind)}: {one_line(finding.operation)}")

    def end(self) -> None:
        """Take the moving line away."""
        with self._lock:
            if self._moving and self._drawn:
                self._stream.write("\r\x1b[K")
                self._stream.flush()

    def _line(self, text: str) -> None:
        elapsed = self._style.paint(f"{self._clock() - self._started:4.0f} s", DIM)
        clear = "\r\x1b[K" if self._moving else ""
        self._stream.write(f"{clear}{elapsed}  {text}\n")
        self._stream.flush()

    def _draw(self, text: str) -> None:
        cut = text[: self._style.width - 1]
        self._stream.write(f"\r\x1b[K{self._style.paint(cut, DIM)}")
        self._stream.flush()
        self._drawn = self._clock()
