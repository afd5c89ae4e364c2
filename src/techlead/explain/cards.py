"""Rule cards: the condition, why it is there, the examples that pin it, who signed it, and what runs beside it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from techlead.declare.rule import Rule
from techlead.derive.plan import Plan
from techlead.derive.suggestion import written
from techlead.intent.drafts import Draft
from techlead.intent.ledger import Standing, State
from techlead.intent.pinned import Pinned


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the Plan, each by title (`rule not_handed_over`); nothing of it is needed."""

    pinned: Mapping[str, Pinned]
    standings: Mapping[str, Standing]
    shadows: Mapping[str, Draft]


@dataclass(frozen=True, slots=True)
class Card:
    """One rule, with everything that a person must know before changing it."""

    name: str
    because: str
    message: str
    source: str
    file: str
    line: int
    guards: tuple[str, ...]
    allows: tuple[str, ...]
    refuses: tuple[str, ...]
    signed: str
    """Who signed it and when, or why nobody has."""
    is_signed: bool
    unpinned: tuple[str, ...]
    """Changes of a condition that no example would notice."""
    failures: tuple[str, ...]
    """Examples that do not hold."""
    dead: tuple[str, ...]
    """Conditions that decide nothing."""
    shadow: str
    """Until when a draft runs beside it; empty for none."""


def cards(plan: Plan, known: Known) -> tuple[Card, ...]:
    """Give the card of every rule, by name."""
    guarded: dict[str, tuple[Rule[...], list[str]]] = {}
    for resource in plan.resources.values():
        for action in (*resource.on_create, *resource.actions):
            for rule, _ in action.rules:
                guarded.setdefault(rule.name, (rule, []))[1].append(f"{resource.name}.{action.name}")
    return tuple(_card(rule, guards, known) for _, (rule, guards) in sorted(guarded.items()))


def signed_words(standing: Standing | None) -> tuple[bool, str]:
    """Say who signed a thing and when, or what is wrong."""
    if standing is None:
        return False, "nobody has signed it"
    if standing.state is State.SIGNED and standing.entry is not None:
        entry = standing.entry
        why = f": {entry.why.rstrip('.')}" if entry.why else ""
        return True, f"signed by {entry.signer} on {entry.when[:10]}{why}"
    return False, f"{standing.state.value}: {standing.sentence.rstrip('.')}"


def source_of(function: object) -> str:
    """Give the body of a function as its author wrote it, without decorators; a note when the file is not there."""
    try:
        lines = textwrap.dedent(inspect.getsource(function)).splitlines()  # type: ignore[arg-type]
    except (OSError, TypeError):
        return "its source is not here"
    start = next((number for number, line in enumerate(lines) if line.startswith(("def ", "async def "))), 0)
    return "\n".join(lines[start:])


def _card(rule: Rule[...], guards: list[str], known: Known) -> Card:
    title = f"rule {rule.name}"
    pinned, draft = known.pinned.get(title), known.shadows.get(title)
    is_signed, signed = signed_words(known.standings.get(title))
    return Card(
        rule.name,
        rule.because,
        rule.message,
        source_of(rule.function),
        rule.origin.file,
        rule.origin.line,
        tuple(guards),
        tuple(map(written, rule.allows)),
        tuple(map(written, rule.refuses)),
        signed,
        is_signed,
        tuple(_unpinned(pinned)),
        tuple(f"{one.example}: {one.reason}" for one in pinned.failures) if pinned else (),
        pinned.dead if pinned else (),
        f"a draft runs beside it until {draft.until[:10]} and decides nothing" if draft else "",
    )


def _unpinned(pinned: Pinned | None) -> Iterator[str]:
    for one in pinned.survivors if pinned else ():
        yield f"line {one.line}: {one.words}; missing in {one.listed}: {one.example}"
