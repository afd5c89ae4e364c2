"""The log: one event per request and per decision, machine readable, never with the value of a sensitive field.

Events are values of known keys; nothing a caller sent goes in but the method, the route's pattern and the ids that
the router accepted. JSON escapes what could break a line (ASVS 16.4.1).
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from techlead.errors import TechleadError
from techlead.primitives.clock import Clock, to_datetime

FLUSH_SECONDS: Final = 0.1
FLUSH_EVENTS: Final = 256


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The event of every request, in the order in which it is written."""

    at: datetime
    level: str
    event: str
    request: str
    method: str
    route: str
    status: int
    actor: str | None
    ms: float


Noted = tuple[int, str, str, str, int, str | None, float]
"""What `EventLog.answered` keeps of a request until it is written: the moment, and what it was given."""


class EventLog:
    """Gathers events and writes them together, at most FLUSH_SECONDS later; warnings and errors at once.

    Those of requests are encoded when they are written: many in a row cost less than each in the middle of one. All
    others at once, so that one that cannot be written fails where it was said, and takes no other with it.
    """

    def __init__(self, clock: Clock, write: Callable[[bytes], Any] | None = None, *, pretty: bool = False) -> None:
        """Write to standard error unless told otherwise."""
        self._clock = clock
        self._write = write or _to_stderr
        self._encode = _pretty if pretty else msgspec.json.Encoder().encode
        self._waiting: list[Noted | bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def event(self, name: str, **values: Any) -> None:
        """Note that something happened, when, and what belongs to it."""
        self._add("info", name, values)

    def answered(self, request: str, method: str, route: str, status: int, actor: str | None, ms: float) -> None:
        """Note that a request was answered."""
        self._waiting.append((self._clock(), request, method, route, status, actor, ms))
        if self._timer is None or len(self._waiting) >= FLUSH_EVENTS:
            self._flush_soon()

    def warning(self, name: str, **values: Any) -> None:
        """Note something that somebody should look at."""
        self._add("warning", name, values)
        self.flush()

    def failure(self, name: str, error: BaseException, **values: Any) -> None:
        """Note an unexpected error with its traceback, which holds code and never a request's values."""
        trace = [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
        reason = {"reason": str(error)} if isinstance(error, TechleadError) else {}  # ours hold no values; others may
        self._add("error", name, {**values, "error": type(error).__qualname__, **reason, "trace": trace})
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            lines = [self._encode(_answered(one)) if isinstance(one, tuple) else one for one in waiting]
            self._write(b"\n".join(lines) + b"\n")

    def _add(self, level: str, name: str, values: dict[str, Any]) -> None:
        at = to_datetime(self._clock())
        self._waiting.append(self._encode({"at": at, "level": level, "event": name, **values}))
        self._flush_soon()

    def _flush_soon(self) -> None:
        """Write at once what is much, and the rest a moment later."""
        if len(self._waiting) >= FLUSH_EVENTS:
            self.flush()
        elif self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
            except RuntimeError:
                self.flush()


def _answered(noted: Noted) -> Answered:
    moment, request, method, route, status, actor, ms = noted
    return Answered(to_datetime(moment), "info", "request", request, method, route, status, actor, ms)


def _pretty(said: Answered | dict[str, Any]) -> bytes:
    event = msgspec.structs.asdict(said) if isinstance(said, Answered) else said
    at = event.pop("at").strftime("%H:%M:%S")
    level, name = event.pop("level"), event.pop("event")
    trace = event.pop("trace", [])
    values = " ".join(f"{key}={msgspec.json.encode(value).decode()}" for key, value in event.items())
    return "\n".join([f"{at} {level:<7} {name} {values}", *trace]).encode()


def _to_stderr(lines: bytes) -> None:
    sys.stderr.buffer.write(lines)
    sys.stderr.buffer.flush()
