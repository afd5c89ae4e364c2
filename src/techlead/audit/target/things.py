"""Rows that the audit made at the target: what they are, and the id in the answer that made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from techlead.audit.target.exchange import Actor, Answer
from techlead.audit.target.meaning import singular, snake
from techlead.audit.target.operation import Operation

WRAPPERS: Final = ("data", "item", "result", "object", "payload")


@dataclass(frozen=True, slots=True)
class Thing:
    """A row that the audit made (or found) at the target."""

    resource: str
    id: Any
    owner: Actor
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The creating answer's JSON."""
    made_by: Operation | None = None
    path: Mapping[str, Any] = field(default_factory=dict)
    """The path parameters that lead to it, the parents' ids included."""


def id_in(answer: Answer, resource: str, parameter: str | None = None) -> Any:
    """The new row's id: by the name that paths call it, `id`, or the resource's own word; else the Location's last part."""
    said = answer.json
    for place in _places(said, resource):
        for name in _names(resource, parameter):
            value = place.get(name)
            if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
                return value
    location = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    return location or None


def _names(resource: str, parameter: str | None) -> tuple[str, ...]:
    one = singular(snake(resource))
    first = (parameter,) if parameter and not parameter.endswith("id") else ()
    return (
        *first,
        *((parameter,) if parameter else ()),
        "id",
        f"{one}_id",
        f"{one}Id",
        "uuid",
        "public_id",
        "_id",
        "code",
        "number",
        "slug",
        "key",
    )


def _places(said: Any, resource: str) -> Iterator[Mapping[str, Any]]:
    """The answer itself, and what it wraps: `{"order": {...}}`, `{"data": {...}}`."""
    if not isinstance(said, Mapping):
        return
    one = singular(snake(resource))
    for name in (one, *WRAPPERS):
        if isinstance(said.get(name), Mapping):
            yield said[name]
    yield said
    for value in said.values():
        if isinstance(value, Mapping):
            yield value


def rows_in(answer: Answer) -> tuple[Mapping[str, Any], ...]:
    """The rows of a list: the answer itself, or the first list of objects in it."""
    said = answer.json
    if isinstance(said, Mapping):
        said = next((value for value in said.values() if isinstance(value, list)), [])
    return tuple(row for row in said if isinstance(row, Mapping)) if isinstance(said, list) else ()
