"""Everything that can be explained of a backend, worked out at once: what `--json` prints, and what the pages are made of."""

from __future__ import annotations

from dataclasses import dataclass

from techlead.derive.plan import Plan
from techlead.explain.access import Matrix, matrices
from techlead.explain.cards import Card, Known, cards
from techlead.explain.flow import Flow, flows
from techlead.explain.handwritten import handwritten, lines_of
from techlead.explain.messages import Message, messages
from techlead.explain.sequence import Sequence, sequence


@dataclass(frozen=True, slots=True)
class Derived:
    """What a hand-written version of one resource would have been, and how long."""

    resource: str
    source: str
    lines: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A backend, explained."""

    backend: str
    access: tuple[Matrix, ...]
    rules: tuple[Card, ...]
    operations: tuple[Sequence, ...]
    flows: tuple[Flow, ...]
    notifications: tuple[Message, ...]
    derived: tuple[Derived, ...]


def explained(plan: Plan, known: Known) -> Whole:
    """Work out every view of a Plan; `known` holds what its ledger, its checks and its shadows say."""
    sources = [(one.name, handwritten(plan, one)) for one in plan.resources.values()]
    return Whole(
        plan.name,
        matrices(plan),
        cards(plan, known),
        tuple(sequence(plan, one) for one in plan.operations),
        flows(plan),
        messages(plan),
        tuple(Derived(name, source, lines_of(source)) for name, source in sources),
    )
