"""What was sent to one instance of the target and what it answered, kept so that a reproducer can be cut out of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Any, Final

from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer

ANSWERS_MAX: Final = 4_000
ANSWER_BYTES_MAX: Final = 64 * 1024
LEAVES_MAX: Final = 400
COOKIE: Final = "set-cookie"
DONE: Final = range(200, 400)
"""Statuses of requests that were done; a redirect after a form is one."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One request with its answer, and where each value of the answer stands in it."""

    method: str
    path: str
    actor: Actor
    headers: Mapping[str, str]
    body: Any
    raw: bytes | None
    status: int
    leaves: tuple[tuple[Path, Any], ...] = ()

    @property
    def done(self) -> bool:
        """Whether the target did it."""
        return self.status in DONE

    @property
    def changes(self) -> bool:
        """Whether it may have changed something."""
        return self.done and self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def same_as(self) -> tuple[Any, ...]:
        """What makes two requests the same one."""
        return (
            self.method,
            self.path,
            self.actor.name,
            dict(self.actor.headers),
            dict(self.headers),
            self.body,
            self.raw,
        )


class Timeline:
    """Keeps the newest answers of one instance; safe to call from threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._answers: deque[Answer] = deque(maxlen=ANSWERS_MAX)
        self._lock = Lock()

    def note(self, answer: Answer) -> None:
        """Keep an answer, when it was a success: a refused request leads nowhere."""
        if answer.status in DONE and len(answer.content) <= ANSWER_BYTES_MAX:
            with self._lock:
                self._answers.append(answer)

    def answers(self) -> tuple[Answer, ...]:
        """Give what was kept, oldest first."""
        with self._lock:
            return tuple(self._answers)


def moves(answers: Sequence[Answer], steps: Sequence[Exchange]) -> tuple[list[Move], list[int]]:
    """Give the timeline with the steps in it, and at which places the steps stand; steps that were not kept are put at the end."""
    line = [_move(answer) for answer in answers]
    exchanges = [answer.exchange for answer in answers]
    places: list[int] = []
    for step in steps:
        after = places[-1] + 1 if places else 0
        found = _last(exchanges, step, after)
        if found is None:
            line.append(_from_exchange(step, answers))
            exchanges.append(step)
            found = len(line) - 1
        places.append(found)
    return line, places


def _last(exchanges: Sequence[Exchange], step: Exchange, after: int) -> int | None:
    return next((at for at in range(after, len(exchanges)) if exchanges[at] == step), None)


def _move(answer: Answer) -> Move:
    request = answer.request
    return Move(
        request.method,
        request.path,
        request.actor,
        request.headers,
        request.body if request.raw is None else None,
        request.raw,
        answer.status,
        tuple(_leaves(answer)),
    )


def _from_exchange(step: Exchange, answers: Sequence[Answer]) -> Move:
    named = [answer.request.actor for answer in answers if answer.request.actor.name == step.actor]
    actor = named[-1] if named else ANONYMOUS
    raw = step.body.encode("latin-1", "replace") if isinstance(step.body, str) else None
    body = None if raw is not None else step.body
    return Move(step.method, step.path, actor, step.headers, body, raw, step.status or 0)


def _leaves(answer: Answer) -> Iterator[tuple[Path, Any]]:
    for line in answer.headers.get(COOKIE, "").split("\n"):
        name, separator, value = line.partition(";")[0].partition("=")
        if separator:
            yield (COOKIE, name.strip()), value
    yield from islice(_walk(answer.json, ()), LEAVES_MAX)


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, (*path, str(name)))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _walk(inner, (*path, at))
    elif value is not None:
        yield path, value
