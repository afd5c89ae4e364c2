"""Counts and sums over related rows that a rule or an action may know, read under lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from techlead.declare.access import Condition
from techlead.declare.access import where as _where


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number over the rows of `resource` whose references `of` lead to rows that the action has."""

    resource: str
    of: tuple[str, ...]
    conditions: tuple[Condition, ...]
    field: str | None = None

    def __str__(self) -> str:
        """Print as it is written."""
        first = f"{self.resource}.{self.field}" if self.field else self.resource
        word = "total" if self.field else "count"
        return f"{word}({', '.join([first, 'of=' + '+'.join(self.of), *map(str, self.conditions)])})"


def count(resource: type | str, *, of: str | tuple[str, ...], **conditions: Any) -> Any:
    """Tell how many related rows there are, to a parameter of a rule or an action.

    `taken: Annotated[int, count("Booking", of="gym_class", status=Status.BOOKED)]`

    `of` names references of the counted resource; each leads to a row the action has, or to the actor.
    """
    return Aggregate(_name(resource), _tuple(of), _where(**conditions).conditions)  # type: ignore[attr-defined]


def total(resource: type | str, field: str, *, of: str | tuple[str, ...], **conditions: Any) -> Any:
    """Add one field of related rows up, for a parameter of a rule or an action; zero when there are none."""
    return Aggregate(_name(resource), _tuple(of), _where(**conditions).conditions, field)  # type: ignore[attr-defined]


def _name(resource: type | str) -> str:
    return resource if isinstance(resource, str) else resource.__name__


def _tuple(of: str | tuple[str, ...]) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else of
