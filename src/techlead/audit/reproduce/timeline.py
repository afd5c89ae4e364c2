"""What was sent to one instance of the target and what it answered, as a reproducer is cut out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from techlead.audit.detect.forms import form_fields
from techlead.audit.finding import Exchange
from techlead.audit.target.exchange import ANONYMOUS, Actor, Answer

ANSWER_BYTES_MAX: Final = 64 * 1024
LEAVES_MAX: Final = 400
ANSWERS_KEPT: Final = 4_096
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


def moves(answers: Sequence[Answer], steps: Sequence[Exchange]) -> tuple[list[Move], list[int]]:
    """Give the timeline with the steps in it, and at which places the steps stand; steps that were not kept are put at the end.

    Refused requests lead nowhere, so that of them only the steps are kept.
    """
    asked = {(step.method, step.path) for step in steps}
    likely = [
        answer for answer in answers if answer.status in DONE or (answer.request.method, answer.request.path) in asked
    ]
    exchanges: list[Exchange | None] = [
        answer.exchange if (answer.request.method, answer.request.path) in asked else None for answer in likely
    ]
    line = [_move(answer) for answer in likely]
    places: list[int] = []
    for step in steps:
        after = places[-1] + 1 if places else 0
        found = next((at for at in range(after, len(exchanges)) if exchanges[at] == step), None)
        if found is None:
            line.append(_from_exchange(step, answers))
            exchanges.append(step)
            found = len(line) - 1
        places.append(found)
    return line, places


def _move(answer: Answer) -> Move:
    request = answer.request
    fields = form_fields(request.raw, request.headers)
    return Move(
        request.method,
        request.path,
        request.actor,
        request.headers,
        request.body if request.raw is None else fields,
        request.raw if fields is None else None,
        answer.status,
        _leaves(answer.content, answer.headers.get(COOKIE, ""))
        if len(answer.content) <= ANSWER_BYTES_MAX and answer.status in DONE
        else (),
    )


def _from_exchange(step: Exchange, answers: Sequence[Answer]) -> Move:
    named = [answer.request.actor for answer in answers if answer.request.actor.name == step.actor]
    actor = named[-1] if named else ANONYMOUS
    raw = step.body.encode("latin-1", "replace") if isinstance(step.body, str) else None
    fields = form_fields(raw, step.headers)
    body = fields if raw is not None else step.body
    return Move(step.method, step.path, actor, step.headers, body, raw if fields is None else None, step.status or 0)


@lru_cache(maxsize=ANSWERS_KEPT)
def _leaves(content: bytes, cookies: str) -> tuple[tuple[Path, Any], ...]:
    """Give the values of an answer; kept, because each program of one instance looks at the same answers."""
    set_here = (line.partition(";")[0].partition("=") for line in cookies.split("\n"))
    found: list[tuple[Path, Any]] = [
        ((COOKIE, name.strip()), value) for name, separator, value in set_here if separator
    ]
    try:
        return (*found, *islice(_walk(json.loads(content), ()), LEAVES_MAX))
    except (ValueError, RecursionError):
        return tuple(found)


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, (*path, str(name)))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _walk(inner, (*path, at))
    elif value is not None:
        yield path, value
