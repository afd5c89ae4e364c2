"""A rule: a named pure predicate over frozen facts, with the reason it exists and examples that pin it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec

from techlead.declare.facts import Example
from techlead.declare.origin import Origin, caller

P = ParamSpec("P")


class Rule(Generic[P]):
    """A pure predicate with a reason; calling it calls the function, so rules can be built from rules."""

    __slots__ = ("allows", "because", "function", "message", "name", "origin", "refuses")

    def __init__(
        self,
        function: Callable[P, bool],
        because: str,
        examples: tuple[tuple[Example, ...], tuple[Example, ...]],
        message: str | None,
        origin: Origin,
    ) -> None:
        """Hold the function with its reason and its examples (those it allows, those it refuses)."""
        self.function = function
        self.name = function.__name__
        self.because = because
        self.allows, self.refuses = examples
        self.message = message or f"Refused by the rule {function.__name__.replace('_', ' ')!r}."
        self.origin = origin

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Decide: does the rule allow these facts."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        """Print as it is named."""
        return f"rule {self.name}"


def rule(
    *,
    because: str,
    allows: Sequence[Example],
    refuses: Sequence[Example],
    message: str | None = None,
) -> Callable[[Callable[P, bool]], Rule[P]]:
    """Make a rule of a pure function: `because` names the source of the reason (a ticket, a law, an incident, a person).

    `allows` and `refuses` hold at least one example each, checked by `techlead check`; `message` is what a refused
    caller reads.
    """
    origin = caller()

    def declare(function: Callable[P, bool]) -> Rule[P]:
        return Rule(function, because.strip(), (tuple(allows), tuple(refuses)), message, origin)

    return declare
