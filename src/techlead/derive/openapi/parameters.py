"""Parameters: the id in a path, the filters, order and page of a list, and the headers of once, when and if."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from techlead.derive.filters import NULL, OPERATOR_WORDS, operators_of, parameter_name
from techlead.derive.openapi.inbox import PARAMETERS as INBOX
from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.reach import PARAMETERS as REACH
from techlead.derive.openapi.shapes import CURSOR_LENGTH_MAX, id_schema
from techlead.derive.openapi.steering import PARAMETERS as STEERING
from techlead.derive.openapi.values import Schema, query_schema
from techlead.derive.plan import Operation, Plan, ResourcePlan

Parameter = dict[str, Any]

KEYED: Final = frozenset(
    {
        "register", "create", "update", "change_me", "delete", "action", "logout", "inbox_read", "incoming",
        "set_preferences", "unsubscribe", "add_browser", "remove_browser",
    }
)  # fmt: skip
"""Kinds of operations that take `Idempotency-Key`."""
GUARDED: Final = frozenset({"update", "change_me", "delete", "action"})
"""Kinds of operations that take `If-Match`."""
CACHED: Final = frozenset({"read", "me"})
"""Kinds of operations that take `If-None-Match`."""
KEY_LENGTH_MAX: Final = 128
ETAG: Final[Schema] = {
    "type": "string",
    "pattern": '^"[0-9a-f]{16}(\\.[0-9a-f]+)?"$',
    "examples": ['"3f1c09a2b4d5e6f7"'],
}


HEADERS: Final[dict[str, Parameter]] = {
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text that is new for each thing you want done: sent again within a day, "
        "the request is done once and answered the same.",
        "schema": {"type": "string", "pattern": f"^[!-~]{{1,{KEY_LENGTH_MAX}}}$", "maxLength": KEY_LENGTH_MAX},
    },
    "if_match": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` that you have read: the row is changed only if it is still the same.",
        "schema": {"type": "string"},
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` that you have: answered with 304 while nothing has changed.",
        "schema": {"type": "string"},
    },
}
"""The headers that many operations take, by name; none has an example, for each is to be new or one's own."""


def shared_parameters(limits: ApiLimits) -> dict[str, Parameter]:
    """Give the parameters that many operations take, by name."""
    rows = {"type": "integer", "minimum": 1, "maximum": limits.page_rows_max, "default": limits.page_rows}
    cursor = {"type": "string", "maxLength": CURSOR_LENGTH_MAX, "pattern": "^[A-Za-z0-9_-]+$"}
    return {
        **HEADERS,
        "limit": _query("limit", "How many rows at most.", rows),
        "after": _query("after", "The `next` of the page before, with the same order and filters.", cursor),
    }


def parameters_of(plan: Plan, operation: Operation) -> list[Parameter]:
    """Give an operation's parameters: path, headers, query."""
    kind = operation.kind
    resource = plan.resources.get(operation.resource or "")
    found: list[Parameter] = [_id(resource)] if resource is not None and "{id}" in operation.path else []
    found += INBOX.get(kind, [])
    found += REACH.get(kind, [])
    found += STEERING.get(kind, [])
    found += [_shared("idempotency_key")] if kind in KEYED else []
    found += [_shared("if_match")] if kind in GUARDED else []
    found += [_shared("if_none_match")] if kind in CACHED else []
    if kind == "list" and resource is not None:
        found += [_shared("limit"), _shared("after"), sort_of(resource), *filters_of(resource)]
    return found


def sort_of(resource: ResourcePlan) -> Parameter:
    """Give the parameter that orders a list."""
    names = ["id", *(field.name for field in resource.fields if field.sortable)]
    schema = {"type": "string", "enum": [sign + name for name in names for sign in ("", "-")], "default": "-id"}
    return _query("sort", "The order; with - the greatest first.", schema)


def filters_of(resource: ResourcePlan) -> Iterator[Parameter]:
    """Give the filters of a list: one for each field and operator."""
    for field in resource.fields:
        for operator in operators_of(field):
            schema = {"type": "string", "const": "true"} if operator == NULL else query_schema(field)
            words = f"Only rows whose {field.name.replace('_', ' ')} {OPERATOR_WORDS[operator]} this."
            if operator == NULL:
                words = f"Only rows whose {field.name.replace('_', ' ')} is empty."
            yield _query(parameter_name(field, operator), words, schema)


def _id(resource: ResourcePlan) -> Parameter:
    schema = {name: value for name, value in id_schema(resource).items() if name != "readOnly"}
    return {"name": "id", "in": "path", "required": True, "schema": schema}


def _shared(name: str) -> Parameter:
    return {"$ref": f"#/components/parameters/{name}"}


def _query(name: str, description: str, schema: Schema) -> Parameter:
    return {"name": name, "in": "query", "description": description, "schema": schema}
