"""Stored rows become answers and facts: for each class of actors, which fields they see and how each is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from msgspec import defstruct

from techlead.declare.access import Anyone, Policy
from techlead.declare.resource import Fields, frozen
from techlead.declare.types import Ref
from techlead.derive.access import ActorClass, residual
from techlead.derive.codecs import written_suffix
from techlead.derive.plan import FieldPlan, ResourcePlan
from techlead.derive.statements import FIRST_FIELD, Statements

Show = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class View:
    """What a class of actors sees of a resource: name, place in the row, how shown, place of the flag (0: always)."""

    show_id: Show
    fields: tuple[tuple[str, int, Show | None, int], ...]
    computed: tuple[tuple[str, Callable[[Any], Any], Show], ...]
    flags: tuple[tuple[int, Policy], ...]
    facts: Callable[[tuple[Any, ...]], Any]
    shape: Callable[..., Any] | None = None
    """Makes the answer from its values in order, where every row has the same fields."""
    shows: tuple[tuple[int, Show], ...] = ()
    """Of such an answer: the place of each value that is shown otherwise than it is stored, and how."""
    values: Callable[[tuple[Any, ...]], tuple[Any, ...]] = tuple
    """Of such an answer: takes its values out of a row."""

    def shown(self, row: tuple[Any, ...]) -> Any:
        """Give the answer for one row, as a value that msgspec writes as `render` says, in a third of the time."""
        if self.shape is None:
            return self.render(row)
        values = list(self.values(row))
        for place, show in self.shows:
            value = values[place]
            if value is not None:
                values[place] = show(value)
        return self.shape(*values)

    def render(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Give the answer for one row, as values that JSON can hold."""
        answer = {"id": self.show_id(row[0])}
        for name, place, show, flag in self.fields:
            if flag and not row[flag]:
                continue
            value = row[place]
            answer[name] = value if show is None or value is None else show(value)
        if self.computed:
            facts = self.facts(row)
            for name, function, present in self.computed:
                answer[name] = present(function(facts))
        return answer

    def etag(self, row: tuple[Any, ...]) -> bytes:
        """Give the strong entity tag of what this actor sees (RFC 9110 section 8.8.3)."""
        if not self.flags:
            return b'"%016x"' % row[1]
        mask = 0
        for place, _ in self.flags:
            mask = mask << 1 | bool(row[place])
        return b'"%016x.%x"' % (row[1], mask)


def revision_of(etag: str) -> str:
    """Give the part of an entity tag that names the row's revision, whoever sees it."""
    return etag.removeprefix("W/").strip('"').partition(".")[0]


def view(statements: Statements, resource: ResourcePlan, actor: ActorClass) -> View:
    """Work out what a class of actors sees of a resource."""
    layout = resource.laid_out
    first_flag = FIRST_FIELD + len(layout)
    flagged = statements.flagged(resource, actor)
    flag_of = {field.name: first_flag + index for index, (field, _) in enumerate(flagged)}
    fields = tuple(
        (field.name, FIRST_FIELD + place, field.codec.show, flag_of.get(field.name, 0))
        for place, field in enumerate(layout)
        if field.name in flag_of or _always(field, actor)
    )
    computed = tuple(
        (field.name, _computer(field), _presenter(field))
        for field in resource.fields
        if field.computed and _always(field, actor)
    )
    flags = tuple((flag_of[field.name], policy) for field, policy in flagged)
    made = View(_show_id(resource), fields, computed, flags, facts_reader(resource))
    return made if flags or computed or not fields else _shaped(made, resource.name)


def _shaped(made: View, name: str) -> View:
    """Add the shape of an answer that holds the same fields for every row."""
    names = ("id", *(name for name, _, _, _ in made.fields))
    shows = [(0, made.show_id)]
    shows += [(place, show) for place, (_, _, show, _) in enumerate(made.fields, 1) if show is not None]
    values = itemgetter(0, *(place for _, place, _, _ in made.fields))
    return replace(made, shape=defstruct(name, names, frozen=True, gc=False), shows=tuple(shows), values=values)


def facts_reader(resource: ResourcePlan) -> Callable[[tuple[Any, ...]], Any]:
    """Give the function that turns a stored row into frozen facts."""
    declared: type[Fields] = resource.declared
    values = values_reader(resource)
    return lambda row: frozen(declared, values(row))


def values_reader(resource: ResourcePlan) -> Callable[[tuple[Any, ...]], dict[str, Any]]:
    """Give the function that turns a stored row into python values by field."""
    loads = tuple((field.name, FIRST_FIELD + place, field.codec.load) for place, field in enumerate(resource.laid_out))
    prefix = resource.prefix

    def read(row: tuple[Any, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {"id": Ref(prefix, row[0])}
        for name, place, load in loads:
            stored = row[place]
            values[name] = None if stored is None else load(stored)
        return values

    return read


def stored_values(resource: ResourcePlan, row: tuple[Any, ...]) -> dict[str, Any]:
    """Give a row's stored values by field, `id` included."""
    return {"id": row[0], **{field.name: row[FIRST_FIELD + place] for place, field in enumerate(resource.laid_out)}}


def as_row(resource: ResourcePlan, values: Mapping[str, Any], revision: int) -> tuple[Any, ...]:
    """Lay stored values out as a row is read, without flags."""
    return (values["id"], revision, *[values.get(field.name) for field in resource.laid_out])


def _always(field: FieldPlan, actor: ActorClass) -> bool:
    return field.readable and (field.read is None or isinstance(residual(field.read, actor), Anyone))


def _computer(field: FieldPlan) -> Callable[[Any], Any]:
    function = field.spec.source.function
    assert function is not None  # noqa: S101 - computed fields have one
    return function


def _presenter(field: FieldPlan) -> Show:
    codec = field.codec

    def present(value: Any) -> Any:
        if value is None:
            return None
        stored = codec.dump(value)
        return stored if codec.show is None else codec.show(stored)

    return present


def _show_id(resource: ResourcePlan) -> Show:

    start = f"{resource.prefix}_"
    return lambda raw: start + written_suffix(raw)
