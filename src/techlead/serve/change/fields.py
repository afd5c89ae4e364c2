"""What a caller sent becomes stored values: every field is checked, and every fault is named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from techlead.declare.field import Missing, Now
from techlead.declare.resource import frozen
from techlead.derive.plan import BodyPlan, FieldPlan
from techlead.errors import FieldError, InvalidFields, MalformedRequest

FAULTS_MAX: Final = 100
"""Faults of one body that an answer names."""


class Form:
    """What a caller may send, made once: the writable fields by name, and what each must hold."""

    __slots__ = ("_known", "_required")

    def __init__(self, fields: Iterable[FieldPlan]) -> None:
        """Take the fields; only the writable ones can be sent."""
        writable = [field for field in fields if field.writable]
        self._known = {field.name: (field.codec.parse, field.nullable) for field in writable}
        self._required = tuple(field.name for field in writable if field.required)

    def parse(self, sent: Any, *, partial: bool) -> dict[str, Any]:
        """Parse what was sent into stored values; InvalidFields names each fault, unknown names included.

        With `partial`, what is left out stays as it is; otherwise what is required must be there.
        """
        if not isinstance(sent, dict):
            message = "The body is not an object."
            raise MalformedRequest(message)
        values: dict[str, Any] = {}
        faults: dict[str, str] = {}
        known = self._known
        for name, given in sent.items():
            if name not in known:
                faults[name] = "is not a field that can be sent."
                continue
            parse, nullable = known[name]
            if given is None:
                if nullable:
                    values[name] = None
                else:
                    faults[name] = "must not be null."
                continue
            try:
                values[name] = parse(given)
            except ValueError as error:
                faults[name] = f"{error}."
        if not partial:
            faults |= {name: "is required." for name in self._required if name not in sent}
        if faults:
            raise InvalidFields(errors=self._in_order(faults))
        return values

    def _in_order(self, faults: Mapping[str, str]) -> tuple[FieldError, ...]:
        """List faults as they are found by a reader of the declaration: unknown names first, then field by field."""
        names = [
            *(name for name in faults if name not in self._known),
            *(name for name in self._known if name in faults),
        ]
        return tuple(FieldError(_at(name), faults[name]) for name in names[:FAULTS_MAX])


def body_from(planned: BodyPlan, stored: Mapping[str, Any]) -> Any:
    """Make the frozen body of an action from parsed values, with the defaults of what was left out."""
    python: dict[str, Any] = {}
    for field in planned.fields:
        if field.name in stored:
            value = stored[field.name]
            python[field.name] = None if value is None else field.codec.load(value)
        else:
            python[field.name] = None if isinstance(field.spec.default, Missing | Now) else field.spec.default
    return frozen(planned.body, python)


def dump_fields(fields: Iterable[FieldPlan], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """Turn python values that an action assigned into stored ones, with the faults of those that do not fit."""
    stored: dict[str, Any] = {}
    errors: list[FieldError] = []
    by_name = {field.name: field for field in fields}
    for name, value in values.items():
        field = by_name[name]
        if value is None and field.nullable:
            stored[name] = None
            continue
        try:
            stored[name] = field.codec.dump(value)
        except ValueError as error:
            errors.append(FieldError(_at(name), f"{error}."))
    return stored, errors


def _at(name: str) -> str:
    """Write a JSON pointer (RFC 6901) to a name that the caller chose, shortened and without what cannot be shown."""
    shown = name[:80].encode("ascii", "backslashreplace").decode()
    return "/" + shown.replace("~", "~0").replace("/", "~1")
