"""What a caller sent becomes stored values: every field is checked, and every fault is named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from techlead.declare.field import Missing, Now
from techlead.declare.resource import frozen
from techlead.derive.plan import BodyPlan, FieldPlan
from techlead.errors import FieldError, InvalidFields, MalformedRequest


def parse_fields(fields: Iterable[FieldPlan], sent: Any, *, partial: bool) -> dict[str, Any]:
    """Parse what was sent into stored values; InvalidFields names each fault, unknown names included.

    With `partial`, what is left out stays as it is; otherwise what is required must be there.
    """
    if not isinstance(sent, dict):
        message = "The body is not an object."
        raise MalformedRequest(message)
    known = {field.name: field for field in fields if field.writable}
    errors = [FieldError(_at(name), "is not a field that can be sent.") for name in sent if name not in known]
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in sent:
            _parse(field, sent[name], values, errors)
        elif field.required and not partial:
            errors.append(FieldError(_at(name), "is required."))
    if errors:
        raise InvalidFields(errors=tuple(errors[:100]))
    return values


def _parse(field: FieldPlan, given: Any, values: dict[str, Any], errors: list[FieldError]) -> None:
    if given is None:
        if field.nullable:
            values[field.name] = None
        else:
            errors.append(FieldError(_at(field.name), "must not be null."))
        return
    try:
        values[field.name] = field.codec.parse(given)
    except ValueError as error:
        errors.append(FieldError(_at(field.name), f"{error}."))


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
