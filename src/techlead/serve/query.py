"""The address of a list becomes a page: typed filters, one order, one limit, an opaque cursor; every fault is named.

`?status=open&price.ge=10.00&sort=-price&limit=20&after=...`: names are fields that lists may filter by, the operator
follows a point. A cursor is opaque and names its order, so that it cannot be used with another.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from techlead.derive.filters import NULL, operators_of, parameter_name
from techlead.derive.plan import ResourcePlan
from techlead.derive.statements import FIRST_FIELD, Filter, PageShape
from techlead.errors import FieldError, InvalidFields, MalformedRequest

PARAMETERS_MAX: Final = 20
CURSOR_LENGTH_MAX: Final = 2_000
ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its statement's shape, its values, and how many rows."""

    shape: PageShape
    values: dict[str, Any]
    limit: int
    place: int

    def cursor_after(self, row: tuple[Any, ...]) -> str:
        """Give the opaque cursor of the page that follows this row."""
        order = ("-" if self.shape.descending else "") + self.shape.sort
        written = msgspec.msgpack.encode([order, row[self.place], row[0]])
        return base64.urlsafe_b64encode(written).rstrip(b"=").decode()


class _Faults(list[FieldError]):
    """What is wrong with an address, gathered."""


def page_of(resource: ResourcePlan, query: bytes, rows: int, rows_max: int) -> Page:
    """Read a list's address; InvalidFields names every parameter at fault, MalformedRequest what no text can hold."""
    given = parameters(query)
    faults = _Faults()
    limit = limit_of(given.pop("limit", None), rows, rows_max, faults)
    sort, descending = _sort(resource, given.pop("sort", None), faults)
    cursor = given.pop("after", None)
    values: dict[str, Any] = {}
    filters = tuple(
        found
        for index, (name, text) in enumerate(sorted(given.items()))
        if (found := _filter(resource, name, text, index, values, faults))
    )
    if cursor is not None:
        _after(resource, cursor, (sort, descending), values, faults)
    if faults:
        raise InvalidFields(errors=tuple(faults))
    place = 0 if sort == "id" else _place(resource, sort)
    return Page(PageShape(filters, sort, descending, cursor is not None), values, limit, place)


def parameters(query: bytes) -> dict[str, str]:
    """Split a query string; a repeated name or broken text is a MalformedRequest."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )  # fmt: skip
    except ValueError:
        message = f"The query is not well formed, or has more than {PARAMETERS_MAX} parameters."
        raise MalformedRequest(message) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "A query parameter is given twice."
        raise MalformedRequest(message)
    return found


def limit_of(text: str | None, rows: int, rows_max: int, faults: list[FieldError]) -> int:
    """Read how many rows a page has; what is no such number is added to the faults."""
    if text is None:
        return min(rows, rows_max)
    if not text.isascii() or not text.isdigit() or len(text) > len(str(rows_max)) or not 1 <= int(text) <= rows_max:
        faults.append(FieldError("limit", f"must be a whole number from 1 to {rows_max}."))
        return rows
    return int(text)


def _sort(resource: ResourcePlan, text: str | None, faults: _Faults) -> tuple[str, bool]:
    if text is None:
        return "id", True
    name = text.removeprefix("-")
    names = ["id", *(field.name for field in resource.fields if field.sortable)]
    if name not in names:
        faults.append(FieldError("sort", f"must be one of: {', '.join(names)}; with - for the greatest first."))
        return "id", True
    return name, text.startswith("-")


def _filter(
    resource: ResourcePlan, name: str, text: str, index: int, values: dict[str, Any], faults: _Faults
) -> Filter | None:
    field_name = name.partition(".")[0]
    fields = {field.name: field for field in resource.fields if operators_of(field)}
    at = name[:80].encode("ascii", "backslashreplace").decode()
    if field_name not in fields:
        known = ", ".join(fields) or "none"
        faults.append(FieldError(at, f"is not a parameter; lists filter by: {known}."))
        return None
    found = {parameter_name(fields[field_name], one): one for one in operators_of(fields[field_name])}
    operator = found.get(name, "")
    if not operator:
        faults.append(FieldError(at, f"is not a parameter; this field has: {', '.join(found)}."))
        return None
    if operator == NULL:
        if text != "true":
            faults.append(FieldError(at, "must be true; leave it out for all rows."))
        return Filter(field_name, NULL)
    try:
        values[f"filter_{index}"] = fields[field_name].codec.query(text)
    except ValueError as error:
        faults.append(FieldError(at, f"{error}."))
    return Filter(field_name, operator, index)


def _after(
    resource: ResourcePlan, cursor: str, order: tuple[str, bool], values: dict[str, Any], faults: _Faults
) -> None:
    try:
        values["after"], values["after_id"] = _place_of(resource, cursor, order)
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, msgspec.DecodeError):
        faults.append(FieldError("after", "is not a cursor of this list in this order; start without it."))


def _place_of(resource: ResourcePlan, cursor: str, order: tuple[str, bool]) -> tuple[Any, bytes]:
    """Read the place that a cursor names; what a forged one raises is caught where the fault is told."""
    sort, descending = order
    written = base64.b64decode(cursor[:CURSOR_LENGTH_MAX] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    said, value, row_id = msgspec.msgpack.decode(written)
    if said != ("-" if descending else "") + sort or not isinstance(row_id, bytes) or len(row_id) != ID_BYTES:
        raise ValueError("the cursor is of another list")
    if sort != "id":
        codec = resource.field(sort).codec
        value = codec.dump(codec.load(value))
    return value, row_id


def _place(resource: ResourcePlan, name: str) -> int:
    return FIRST_FIELD + [field.name for field in resource.laid_out].index(name)
