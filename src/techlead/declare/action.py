"""An action: a named business operation, a pure function from facts to effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec, TypeAlias

from techlead.declare.access import Policy, nobody
from techlead.declare.effect import Effect, Effects, create
from techlead.declare.facts import ActionExample
from techlead.declare.origin import Origin, caller
from techlead.declare.outside import Event, System
from techlead.declare.resource import Resource
from techlead.declare.rule import Rule

P = ParamSpec("P")
On: TypeAlias = Callable[..., Effect] | System | Event
"""What an action may wait for instead of a request: `create`, a system's answer, an event that comes in."""


class Action(Generic[P]):
    """A pure function with the policy and the rules that stand before it."""

    __slots__ = ("by", "examples", "function", "name", "on", "origin", "resource", "when")

    def __init__(
        self,
        function: Callable[P, Effects | None],
        resource: type[Resource],
        by: Policy,
        when: tuple[Rule[...], ...],
        *,
        on: On | None,
        origin: Origin,
        examples: tuple[ActionExample, ...] = (),
    ) -> None:
        """Hold the function with what stands before it."""
        self.function = function
        self.name = function.__name__
        self.resource = resource
        self.by = by
        self.when = when
        self.on = on
        self.origin = origin
        self.examples = examples

    @property
    def on_create(self) -> bool:
        """Whether it runs inside every create of its resource, instead of being called."""
        return self.on is create

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Effects | None:
        """Run the pure function, as a test does."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        """Print as it is named."""
        return f"action {self.resource.__name__}.{self.name}"


def action(
    resource: type[Resource],
    *,
    by: Policy = nobody,
    when: Sequence[Rule[...]] = (),
    on: On | None = None,
    examples: Sequence[ActionExample] = (),
) -> Callable[[Callable[P, Effects | None]], Action[P]]:
    """Make an operation of a pure function: `POST /{resources}/{id}/{name}`, allowed to `by`, when all rules allow it.

    With `on=create` it runs inside every create of the resource instead, whose own policy then says who may; with a
    system, when a call about a row was answered or has failed for good; with an event, when one comes in. Its
    parameters are all it can know: the row, rows behind its references (by field name), `actor`, `now`, a typed `body`,
    declared counts and sums. Assignments to rows are recorded; effects are yielded. `examples` say what it does with
    which facts (`facts(...).gives(...)`), checked by `techlead check`.
    """
    origin = caller()

    def declare(function: Callable[P, Effects | None]) -> Action[P]:
        made = Action(function, resource, by, tuple(when), on=on, origin=origin, examples=tuple(examples))
        resource.declaration.actions.append(made)
        return made

    return declare
