"""What an annotation says: the kind of field, null or not, how sensitive, and whither a reference leads."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from techlead.declare.field import Mapped
from techlead.declare.types import Email, JsonMark, Ref, Sensitivity, Url, WebhookUrl
from techlead.primitives.money import Money

KINDS: Final[tuple[tuple[type, str], ...]] = (
    (Enum, "enum"), (bool, "boolean"), (Email, "email"), (WebhookUrl, "webhook_url"), (Url, "url"), (str, "text"),
    (int, "integer"), (Decimal, "decimal"), (datetime, "timestamp"), (date, "date"), (Money, "money"),
)  # fmt: skip
"""Which kind a type has, the first that fits: a `class Status(str, Enum)` is an enum, a bool is no integer."""


class Unfit(Exception):
    """A field cannot stand; the arguments are the reason and the mend."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an annotation says: the kind, the Python type, null or not, how sensitive, and whither a reference leads."""

    kind: str
    python: Any
    nullable: bool
    sensitivity: Sensitivity
    target: str | None = None


def hints(declared: type[Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Read the annotations of a class, forward references included; NameError when a name is not known."""
    return typing.get_type_hints(declared, localns=dict(names), include_extras=True)


def read_annotation(annotation: Any) -> Shape:
    """Read `Mapped[Personal[str] | None]` and its like; Unfit when a field cannot be made of it."""
    if typing.get_origin(annotation) is not Mapped:
        raise Unfit("its type is not Mapped[...]", "write it as `name: Mapped[type]`")
    (inner,) = typing.get_args(annotation)
    inner, nullable = _without_none(inner)
    sensitivity = Sensitivity.PUBLIC
    if typing.get_origin(inner) is typing.Annotated:
        marks = inner.__metadata__
        sensitivity = next((mark for mark in marks if isinstance(mark, Sensitivity)), sensitivity)
        if JsonMark.JSON in marks:
            return Shape("json", dict, nullable, sensitivity)
        inner, inner_nullable = _without_none(inner.__origin__)
        nullable = nullable or inner_nullable
    if typing.get_origin(inner) is Ref:
        (target,) = typing.get_args(inner)
        return Shape("reference", Ref, nullable, sensitivity, target.__name__)
    for python, kind in KINDS:
        if isinstance(inner, type) and issubclass(inner, python):
            return Shape(kind, inner, nullable, sensitivity)
    if inner is float:
        raise Unfit("a float cannot hold a decimal exactly", "use Decimal with field(places=...), Money or int")
    raise Unfit(f"there is no kind of field for {inner!r}", "use str, int, Decimal, bool, datetime, date, an Enum, "
                "Email, Url, WebhookUrl, Money, Json or Ref[...]")  # fmt: skip


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(parts) == 1:
            return parts[0], True
        raise Unfit("a field has one type", "choose one, or one and None")
    return annotation, False
