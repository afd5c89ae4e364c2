"""A subject: one version of a rule or an action, ready to be run on facts, with the facts it can be asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from techlead.declare.facts import ActionExample, Example
from techlead.declare.origin import Origin
from techlead.declare.resource import FactMissing, Fields, draft, frozen
from techlead.derive.examples import word_reference
from techlead.intent.code import Code
from techlead.intent.effects import effects_of

SlotName = tuple[str, str]
"""A parameter and its field; an empty field for a plain value, and for whether the row is there at all."""
Point = Mapping[SlotName, Any]
"""Facts: a value for each slot that is given."""


class Member(NamedTuple):
    """An Enum's member by its name alone: the same in two versions, whose Enums are two classes."""

    of: str
    """The name of the Enum."""
    name: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One fact that a function can know: what it may be."""

    parameter: str
    field: str
    kind: str
    nullable: bool = False
    members: tuple[Any, ...] = ()
    """Of an Enum: its members, or their names where two versions are compared."""
    low: Any = None
    high: Any = None
    currency: str = ""
    target: str = ""
    """The prefix of what a reference leads to."""
    length_min: int = 0
    length_max: int | None = None
    pattern: str = ""
    """What a text matches (a regular expression)."""
    sample: Any = None
    """A value that the field surely takes."""

    @property
    def name(self) -> SlotName:
        """Name it as points do."""
        return self.parameter, self.field

    def __str__(self) -> str:
        """Print as rules read it."""
        return f"{self.parameter}.{self.field}" if self.field else self.parameter


@dataclass(frozen=True, slots=True)
class Shape:
    """One parameter: a row of a declared type, or a plain value."""

    name: str
    kind: str
    row: type[Fields] | None
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """A function that raises has decided nothing; two that raise the same are the same."""

    error: str

    def __str__(self) -> str:
        """Print as a sentence's end."""
        return f"raises {self.error}"


UNKNOWN: Final = Raised("FactMissing")
"""The facts leave out what the function reads, so nothing is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One example: its facts, and what must come of them (a verdict of a rule, effects of an action)."""

    point: Point
    expected: Any
    example: Example | ActionExample


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One version of a rule or an action."""

    kind: Literal["rule", "action"]
    name: str
    code: Code
    function: Callable[..., Any]
    shapes: tuple[Shape, ...]
    slots: tuple[Slot, ...]
    cases: tuple[Case, ...]
    because: str
    message: str
    origin: Origin | None
    lonely: bool
    """Whether its examples give the fields of its one parameter without naming the parameter."""

    @property
    def title(self) -> str:
        """Name it among all others."""
        return f"{self.kind} {self.name}"

    def decide(self, point: Point, function: Callable[..., Any] | None = None) -> Any:
        """Run it (or another function of its form) on facts: a verdict, effects, or what was raised."""
        function = function or self.function
        try:
            if self.kind == "rule":
                decided = function(**arguments(self.shapes, point))
                return decided if isinstance(decided, bool) else Raised(f"{type(decided).__name__}, which is no bool")
            rows = arguments(self.shapes, point, drafts=True)
            return effects_of(lambda: function(**rows), rows)
        except FactMissing:
            return UNKNOWN
        except Exception as error:  # noqa: BLE001 - whatever a mutant or a draft raises is its answer
            return Raised(type(error).__name__)


def arguments(shapes: tuple[Shape, ...], point: Point, *, drafts: bool = False) -> dict[str, Any]:
    """Make what a function is called with; `drafts` for actions, which assign."""
    return {shape.name: _argument(shape, point, drafts=drafts) for shape in shapes}


def _argument(shape: Shape, point: Point, *, drafts: bool) -> Any:
    if shape.row is None:
        if (shape.name, "") not in point:
            raise FactMissing(shape.name)
        return point[shape.name, ""]
    if shape.optional and point.get((shape.name, ""), ...) is None:
        return None
    values = {field: value for (name, field), value in point.items() if name == shape.name and field}
    if drafts and shape.prefix:
        values.setdefault("id", word_reference(shape.prefix, f"this {shape.name}"))
    return (draft if drafts else frozen)(shape.row, values)
