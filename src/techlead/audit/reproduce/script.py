"""The shortest sequence of requests that shows a hole on a fresh target: the steps, and all that they rest on.

Cut out of the timeline backwards, as a program is sliced: from the steps to the answers whose values they use, to the
sign-ups that made their people, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from techlead.audit.finding import Exchange
from techlead.audit.reproduce.flow import KEPT, Flow, Forged, Fresh, Given, Part, Signed
from techlead.audit.reproduce.timeline import Move, moves
from techlead.audit.target.exchange import Actor, Answer

NAME_CHARACTERS_MIN: Final = 5
"""Shorter ones stand in other requests by accident."""
Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Moves by their place in the timeline: those that only prepare, then from the first step to the last."""

    flow: Flow
    prepare: tuple[int, ...]
    attack: tuple[int, ...]
    """The steps, and what rests on them: the log-in of an account that a step made."""
    last: int
    """The step whose answer tells."""
    accounts: frozenset[int] = frozenset()
    """Sign-ups of people whose names stay as they are: they may be there already."""

    @property
    def moves(self) -> Sequence[Move]:
        """The whole timeline."""
        return self.flow.moves


def script(answers: Sequence[Answer], steps: Sequence[Exchange], log_ins: Iterable[str] = ()) -> Script:
    """Cut the script for these steps out of the answers of one instance."""
    line, places = moves(answers, steps)
    flow = Flow(line, frozenset(log_ins))
    first = min(places, default=0)
    needed = sorted(_closure(flow, set(places), first))
    before, after = tuple(at for at in needed if at < first), tuple(at for at in needed if at >= first)
    accounts = frozenset(signed_up for at in needed for signed_up in _account(flow, at))
    return Script(flow, before, after, places[-1], accounts)


def _closure(flow: Flow, needed: set[int], first: int) -> set[int]:
    """Add what is needed until nothing more is."""
    looked: set[int] = set()
    while needed - looked:
        for at in sorted(needed - looked):
            looked.add(at)
            needed |= set(_needs(flow, at))
        needed |= _brought_about(flow, needed, first)
    return needed


def _needs(flow: Flow, at: int) -> Iterator[int]:
    for part in uses(flow, at):
        if isinstance(part, Given):
            yield part.move
        elif isinstance(part, Forged | Signed):
            yield part.issued.move
        elif isinstance(part, Fresh):
            introduced = flow.introduced(part, at)
            if introduced is not None:
                yield introduced
    yield from _account(flow, at)


def _account(flow: Flow, at: int) -> Iterator[int]:
    """Give the sign-up of whom a log-in names, also where the name does not look made up."""
    move = flow.moves[at]
    if move.path.partition("?")[0] in flow.log_ins and isinstance(move.body, Mapping):
        names = (text for name, text in move.body.items() if isinstance(text, str) and not KEPT.search(str(name)))
        kept = (name for name in names if not any(isinstance(part, Fresh) for part in flow.text(name, at)))
        found = (flow.named(name, at) for name in kept if len(name) >= NAME_CHARACTERS_MIN)
        yield from (signed_up for signed_up in found if signed_up is not None)


def uses(flow: Flow, at: int) -> Iterator[Part]:
    """Give every part of one move: its path, its body, and what proves who sends it."""
    move = flow.moves[at]
    yield from flow.path(move.path, at)
    yield from session(flow, move.actor, at)
    yield from _body(flow, move.body, "", at)


def session(flow: Flow, actor: Actor, before: int) -> Iterator[Part]:
    """Give the parts of the headers that prove who an actor is."""
    for value in actor.headers.values():
        yield from flow.text(value, before, fresh=False)


def _body(flow: Flow, value: Any, name: str, at: int) -> Iterator[Part]:
    if isinstance(value, str):
        yield from flow.text(value, at, fresh=not KEPT.search(name))
    elif isinstance(value, int) and not isinstance(value, bool):
        number = flow.number(name, value, at)
        yield from (number,) if number else ()
    elif isinstance(value, Mapping):
        for inner_name, inner in value.items():
            yield from _body(flow, inner, str(inner_name), at)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _body(flow, inner, name, at)


def _brought_about(flow: Flow, needed: set[int], first: int) -> set[int]:
    """Give the changes to the same rows before the first step: a course is published, a balance filled, a role given."""
    rows = {row for at in needed for row in _rows(flow, at)}
    people = {flow.moves[at].actor.name for at in needed}
    return {
        at
        for at, move in enumerate(flow.moves[:first])
        if at not in needed and move.changes and move.method != "DELETE" and move.actor.name in people
        if rows & set(_rows(flow, at))
    }


def _rows(flow: Flow, at: int) -> Iterator[tuple[str, Given]]:
    """Give the rows that a path names, each with the segment before it."""
    parts = flow.path(flow.moves[at].path, at)
    before = ""
    for part in parts:
        if isinstance(part, Given):
            yield before, part
        elif isinstance(part, str) and part not in {"/", "?", "&", "="}:
            before = part
