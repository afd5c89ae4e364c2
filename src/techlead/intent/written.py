"""Facts and effects written as a person would write them in the page that they belong to: with its imports and its constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from techlead.declare.types import Ref
from techlead.intent.effects import Done
from techlead.intent.subject import Member, Point, SlotName, Subject
from techlead.primitives.money import Money

WORDS: Final = ("alice", "bob", "carol", "dave")
NEAR: Final = timedelta(days=2)


class Page:
    """The names of a user's page, in which values are written."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        """Learn the names; an empty page knows what `techlead check` says to import."""
        self._names = names
        self._words: dict[Ref[Any], str] = {}
        self._constants = {
            value: name for name, value in names.items() if type(value) in (datetime, Money) and name.isupper()
        }

    def value(self, value: Any) -> str:
        """Write one value."""
        if isinstance(value, Ref):
            return f'"{self._word(value)}"'
        if type(value) in (datetime, Money) and value in self._constants:
            return self._constants[value]
        for kind, write in SOURCES:
            if isinstance(value, kind):
                return write(self, value)
        return repr(value)

    def row(self, values: Iterator[tuple[str, Any]]) -> str:
        """Write the facts of a row."""
        return f"facts({', '.join(f'{name}={self.value(value)}' for name, value in values)})"

    def moment(self, moment: datetime) -> str:
        """Write a moment: from a constant of the page that is near, or in full."""
        for known, name in self._constants.items():
            if isinstance(known, datetime) and abs(moment - known) <= NEAR and "timedelta" in self._names:
                sign = "+" if moment > known else "-"
                return f"{name} {sign} {self.span(abs(moment - known))}"
        if moment.tzinfo is not UTC or ("UTC" not in self._names and self._names):
            return f'datetime.fromisoformat("{moment.isoformat()}")'
        parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
        while len(parts) > 3 and not parts[-1]:  # noqa: PLR2004 - a day has year, month and day
            parts.pop()
        return f"datetime({', '.join(map(str, parts))}, tzinfo=UTC)"

    def span(self, span: timedelta) -> str:
        """Write a span of time."""
        parts = {"days": span.days, "seconds": span.seconds, "microseconds": span.microseconds}
        said = ", ".join(f"{name}={number}" for name, number in parts.items() if number)
        return f"timedelta({said})"

    def type_name(self, kind: type) -> str:
        """Name a class as the page does."""
        return next((name for name, value in self._names.items() if value is kind), kind.__name__)

    def reference(self, value: str) -> str:
        """Write a reference in effects: to a row of the action by its parameter's name, to another by its word."""
        if value.startswith("the "):
            return f'"{value.removeprefix("the ")}"'
        return next((f'"{word}"' for one, word in self._words.items() if str(one) == value), value)

    def _word(self, reference: Ref[Any]) -> str:
        free = next((one for one in WORDS if one not in self._words.values()), f"row {len(self._words)}")
        return self._words.setdefault(reference, free)


SOURCES: Final[tuple[tuple[type, Callable[[Page, Any], str]], ...]] = (
    (Member, lambda _page, one: f"{one.of}.{one.name}"),
    (Enum, lambda page, one: f"{page.type_name(type(one))}.{one.name}"),
    (Money, lambda _page, one: f'Money("{one.amount}", "{one.currency}")'),
    (datetime, lambda page, one: page.moment(one)),
    (date, lambda _page, one: f"date({one.year}, {one.month}, {one.day})"),
    (timedelta, lambda page, one: page.span(one)),
    (Decimal, lambda _page, one: f'Decimal("{one}")'),
    (
        str,
        lambda _page, one: f'"{one}"' if one.isprintable() and '"' not in one and "\\" not in one else repr(str(one)),
    ),
)
"""How each type is written, the first that fits; a datetime is a date, and a `StrEnum` a str."""


def page_of(subject: Subject) -> Page:
    """Give the page that a subject stands on."""
    return Page(subject.origin.names if subject.origin is not None else {})


def facts_source(subject: Subject, point: Point, page: Page | None = None) -> str:
    """Write facts in the form that the subject's examples have."""
    page = page or page_of(subject)
    rows = [
        (shape.name, shape.row is None or point.get((shape.name, ""), ...) is None, _fields(point, shape.name))
        for shape in subject.shapes
    ]
    if subject.lonely:
        ((name, plain, fields),) = rows
        return f"facts({name}=None)" if plain else page.row(iter(fields))
    if subject.kind == "action":
        rows = [one for one in rows if one[1] or one[2]]  # a row that nothing is read of need not be given
    said = [
        f"{name}={page.value(point.get((name, ''))) if plain else page.row(iter(fields))}"
        for name, plain, fields in rows
    ]
    return f"facts({', '.join(said)})"


def _fields(point: Point, parameter: str) -> list[tuple[str, Any]]:
    return [(field, value) for (name, field), value in point.items() if name == parameter and field]


def case_source(subject: Subject, point: Point, outcome: Any) -> tuple[str, str]:
    """Write an example with the list that it belongs in: `allows`, `refuses` or, of an action, `examples`."""
    page = page_of(subject)
    facts = facts_source(subject, point, page)
    if subject.kind == "rule":
        return ("allows" if outcome else "refuses"), facts
    return "examples", f"{facts}.gives({', '.join(_gives(outcome, page))})"


def _gives(done: Done, page: Page) -> Iterator[str]:
    for name, values in done.rows:
        yield f"{name}=facts({_said(values, page)})"
    if done.creates:
        made = (f"({kind}, facts({_said(values, page)}))" for kind, values in done.creates)
        yield f"creates=[{', '.join(made)}]"
    if done.deletes:
        yield f"deletes={list(done.deletes)!r}".replace("'", '"')
    if done.sends:
        yield f"sends=[{', '.join(map(_message, done.sends))}]"
    if done.calls:
        yield f"calls={list(done.calls)!r}"
    if done.refuses is not None:
        yield f"refuses={done.refuses!r}"


def _said(values: tuple[tuple[str, str], ...], page: Page) -> str:
    return ", ".join(f"{name}={page.reference(value)}" for name, value in values)


def _message(said: str) -> str:
    name, about, row = said.partition(" about ")
    return f'({name}, "{row}")' if about else name


def fewest(subject: Subject, point: dict[SlotName, Any], tells: Callable[[Point], bool]) -> dict[SlotName, Any]:
    """Leave out each fact that is not needed to tell what is to be told."""
    for name in list(point):
        fewer = {one: value for one, value in point.items() if one != name}
        plain = next((shape.row is None for shape in subject.shapes if shape.name == name[0]), True)
        if name[1] and not plain and tells(fewer):
            point = fewer
    return point
