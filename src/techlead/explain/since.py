"""What changed since another version: each rule, action and policy as widened, narrowed or equal, with an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from techlead.derive.plan import Plan
from techlead.intent.changes import Change, changes, matrix_changes, message_changes, sentences
from techlead.intent.difference import Prover, Verdict
from techlead.intent.items import Item


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that is not what it was: its title, what happened to it, whom it concerns, and examples."""

    title: str
    what: str
    risk: str
    verdict: str
    """`widened`, `narrowed`, `widened and narrowed`, `equal`, `not shown`; empty where nothing is decided."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """Everything that changed between two versions."""

    before: str
    after: str
    changed: tuple[Changed, ...]
    access: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One version: its name, its Plan, and its rules, actions and policies."""

    name: str
    plan: Plan
    items: Mapping[str, Item]


def since(old: Side, new: Side, prover: Prover | None) -> Since:
    """Compare two versions; a prover, where there is one, proves rules equal."""
    return Since(
        old.name,
        new.name,
        tuple(_changed(one) for one in changes(old.items, new.items, prover)),
        matrix_changes(old.plan, new.plan),
        message_changes(old.items, new.items),
    )


def _changed(one: Change) -> Changed:
    said = [words for words in one.words if words]
    said += [words for difference in one.differences for words in sentences(difference)]
    return Changed(one.title, one.what, str(one.risk), _verdict(one), tuple(said))


def _verdict(one: Change) -> str:
    directions = dict.fromkeys(direction for found in one.differences for direction in found.directions)
    if directions:
        return " and ".join(sorted(directions, reverse=True))
    if not one.differences:
        return ""
    equal = all(found.verdict is Verdict.EQUAL for found in one.differences)
    return "equal" if equal else "not shown"
