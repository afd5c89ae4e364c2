"""The access matrix of one resource, summed up: who may do each operation, who sees and who sets each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from techlead.declare.access import Policy, nobody, owner
from techlead.derive.matrix import ActorKind, Cell, follows, may_always, may_ever


@dataclass(frozen=True, slots=True)
class AccessSummary:
    """Who, as text: by operation who may, by field who sees it on rows that need not be their own, and who sets it."""

    may: Mapping[str, str]
    sees: Mapping[str, str]
    sets: Mapping[str, str]


def access_summary(cells: Sequence[Cell]) -> AccessSummary:
    """Sum up the cells of one resource."""
    kinds = tuple(dict.fromkeys(cell.actor for cell in cells))
    may = {
        operation: who(kinds, {cell.actor: cell.may for cell in cells if cell.operation == operation})
        for operation in dict.fromkeys(cell.operation for cell in cells)
    }
    sees: dict[str, dict[ActorKind, Policy]] = {}
    sets: dict[str, dict[ActorKind, Policy]] = {}
    for cell in cells:
        for field in cell.fields:
            if may_ever(field.read) and (not cell.own or owner in cell.actor.holds):
                sees.setdefault(field.field, {})[cell.actor] = field.read
            if may_ever(field.write):
                sets.setdefault(field.field, {})[cell.actor] = field.write
    return AccessSummary(
        may,
        {field: who(kinds, answers) for field, answers in sees.items()},
        {field: who(kinds, answers) for field, answers in sets.items()},
    )


def who(kinds: Sequence[ActorKind], answers: Mapping[ActorKind, Policy]) -> str:
    """Say which kinds may, without those that only hold more than another that may."""
    always = [kind for kind in kinds if may_always(answers.get(kind, nobody))]
    if len(always) == len(kinds):
        return "anyone"
    if always == list(kinds[1:]):
        return "anyone signed in"
    may = [kind for kind in kinds if may_ever(answers.get(kind, nobody))]
    widest = [kind for kind in may if not any(_narrower(kind, other, answers) for other in may)]
    said = [kind.name if kind in always else f"{kind.name} {answers[kind]}" for kind in widest]
    return ", ".join(said) or "nobody"


def _narrower(kind: ActorKind, other: ActorKind, answers: Mapping[ActorKind, Policy]) -> bool:
    """Tell whether a kind holds all that another does and more, to the same answer."""
    if kind == other or not other.holds or answers[kind] != answers[other]:
        return False
    return all(any(follows(held, asked) for held in kind.holds) for asked in other.holds)
