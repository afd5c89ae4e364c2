"""The shape of each error's answer, from `errors.py` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from techlead.derive.openapi.faults import status_of
from techlead.derive.openapi.values import Schema
from techlead.errors import (
    AlreadyTaken,
    CallersError,
    InvalidFields,
    Refused,
    TechleadError,
    WorldError,
    problem_type,
    summary,
)


def problem_shape(error: type[TechleadError]) -> Schema:
    """Give the RFC 9457 shape of an error's answer."""
    properties: dict[str, Schema] = {
        "type": {"type": "string", "const": problem_type(error)},
        "title": {"type": "string", "const": summary(error)},
        "status": {"type": "integer", "const": status_of(error)},
        "request_id": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "Name it when you ask for help."},
    }
    required = list(properties)
    example: dict[str, Any] = {name: one.get("const", "0123456789abcdef") for name, one in properties.items()}
    if issubclass(error, CallersError):
        properties["detail"] = {"type": "string"}
        required.append("detail")
        example["detail"] = summary(error)
    for name, schema in EXTRA.get(error, {}).items():
        properties[name] = schema
        example[name] = schema["examples"][0]
    if error is InvalidFields:
        required.append("errors")
    return {
        "type": "object", "properties": properties, "required": required, "additionalProperties": False,
        "description": summary(error), "examples": [example],
    }  # fmt: skip


FIELD_ERRORS: Final[Schema] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "at": {"type": "string", "description": "A JSON pointer into the body, or a parameter's name."},
            "message": {"type": "string", "description": "What to send instead."},
        },
        "required": ["at", "message"],
        "additionalProperties": False,
    },
    "examples": [[{"at": "/title", "message": "is required."}]],
}
RULE: Final[Schema] = {
    "type": "string",
    "description": "The business rule that refused.",
    "examples": ["the_name_of_the_rule"],
}
EXTRA: Final[Mapping[type[TechleadError], Mapping[str, Schema]]] = {
    InvalidFields: {"errors": FIELD_ERRORS},
    AlreadyTaken: {"errors": FIELD_ERRORS},
    Refused: {"rule": RULE, "errors": FIELD_ERRORS},
}
"""What a problem holds beyond what all hold."""


def is_worlds(error: type[TechleadError]) -> bool:
    """Tell whether an error is the world's, so that `Retry-After` says when to come back."""
    return issubclass(error, WorldError)
