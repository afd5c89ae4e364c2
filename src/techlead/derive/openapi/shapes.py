"""The shapes of a resource: what is read, sent to create, sent to change, listed, and told of its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from techlead.declare.access import Anyone
from techlead.declare.field import MISSING
from techlead.declare.types import Sensitivity
from techlead.derive.codecs import reference_codec
from techlead.derive.openapi.limits import ApiLimits
from techlead.derive.openapi.values import Schema, default_of, example_of, sent, value_schema
from techlead.derive.plan import ActionPlan, FieldPlan, Plan, ResourcePlan

HISTORY_ROWS_MAX: Final = 100
CURSOR_LENGTH_MAX: Final = 2_000
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "examples": ["2026-05-01T12:00:00Z"]}
CURSOR: Final[Schema] = {
    "type": ["string", "null"],
    "maxLength": CURSOR_LENGTH_MAX,
    "description": "Send it as `after` to get the next page; null on the last one.",
}


def named(name: str) -> Schema:
    """Refer to a shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def resource_shapes(plan: Plan, resource: ResourcePlan, kinds: frozenset[str], limits: ApiLimits) -> dict[str, Schema]:
    """Give the shapes that the operations of a resource (by their kinds) use, by name."""
    name = resource.name
    found = {name: read_shape(resource)}
    if "list" in kinds:
        found[f"{name}.page"] = page_shape(named(name), limits.page_rows_max)
    if "create" in kinds:
        found[f"{name}.create"] = create_shape(resource.fields)
    if "update" in kinds:
        found[f"{name}.update"] = update_shape(resource.fields)
    if "history" in kinds:
        found[f"{name}.history"] = history_shape(plan, resource)
    for action in resource.actions:
        if action.body is not None:
            found[body_name(action)] = create_shape(action.body.fields)
    return found


def body_name(action: ActionPlan) -> str:
    """Name the shape of an action's body."""
    return f"{action.resource}.action.{action.name}"


def read_shape(resource: ResourcePlan) -> Schema:
    """Give the shape of a row as it is answered; fields that only some may see need not be there."""
    fields = [field for field in resource.fields if field.readable]
    always = [field.name for field in fields if field.read is None or isinstance(field.read, Anyone)]
    shape = _object({"id": id_schema(resource)}, ["id", *always])
    shape["properties"] |= {field.name: _read_schema(field) for field in fields}
    if resource.description:
        shape["description"] = resource.description
    example: dict[str, Any] = {"id": id_schema(resource)["examples"][0]}
    example |= {field.name: example_of(field) for field in fields if example_of(field) is not None}
    shape["examples"] = [example]
    return shape


def id_schema(resource: ResourcePlan) -> Schema:
    """Give the schema of a resource's ids (TypeID v0.3)."""
    codec = reference_codec(resource.prefix)
    return {**codec.schema, "readOnly": True, "examples": [codec.example]}


def id_shape(resource: ResourcePlan) -> Schema:
    """Give the shape of an answer to somebody who may not read the row: its id alone."""
    return _object({"id": id_schema(resource)}, ["id"])


def create_shape(fields: Iterable[FieldPlan]) -> Schema:
    """Give the shape of what is sent to create a row or to an action: what is required must be there."""
    taken = [field for field in fields if sent(field)]
    return _sent_shape(taken, [field.name for field in taken if field.required], defaults=True)


def update_shape(fields: Iterable[FieldPlan]) -> Schema:
    """Give the shape of what is sent to change a row: what is left out stays as it is."""
    return _sent_shape([field for field in fields if sent(field)], [], defaults=False)


def register_shape(account: ResourcePlan, limits: ApiLimits) -> Schema:
    """Give the shape of what is sent to register: an account's own fields and a password."""
    shape = create_shape(account.fields)
    shape["properties"]["password"] = {
        "type": "string",
        "minLength": limits.password_characters_min,
        "maxLength": limits.password_characters_max,
        "writeOnly": True,
        "description": "Any characters; kept as argon2id alone.",
        "examples": ["some words that only you know"],
    }
    shape["required"] = [*shape.get("required", []), "password"]
    shape["examples"] = [{**shape["examples"][0], "password": "some words that only you know"}]
    return shape


def page_shape(item: Schema, rows_max: int) -> Schema:
    """Give the shape of one page of a list."""
    return _object({"items": {"type": "array", "items": item, "maxItems": rows_max}, "next": CURSOR}, ["items", "next"])


def history_shape(plan: Plan, resource: ResourcePlan) -> Schema:
    """Give the shape of a row's history: who changed what, when; of fields that are not public, only that they changed."""
    changes = {
        "type": "object",
        "properties": {field.name: _change(field) for field in resource.stored},
        "additionalProperties": False,
    }
    actor = id_schema(plan.accounts) if plan.account else {"type": "string"}
    entry = _object(
        {
            "at": MOMENT,
            "actor": {**actor, "type": [actor["type"], "null"]},
            "operation": {"type": "string", "maxLength": 80, "examples": ["update"]},
            "changes": changes,
        },
        ["at", "actor", "operation", "changes"],
    )
    items = {"type": "array", "items": entry, "maxItems": HISTORY_ROWS_MAX, "description": "The newest first."}
    return _object({"items": items}, ["items"])


def _change(field: FieldPlan) -> Schema:
    if field.sensitivity is not Sensitivity.PUBLIC or field.read is not None:
        return _object({"hidden": {"type": "boolean", "const": True}}, ["hidden"])
    schema = value_schema(field)
    schema["type"] = _with_null(schema["type"])
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return _object({"from": schema, "to": schema}, ["from", "to"])


def _with_null(types: str | list[str]) -> list[str]:
    listed = [types] if isinstance(types, str) else types
    return listed if "null" in listed else [*listed, "null"]


def _read_schema(field: FieldPlan) -> Schema:
    schema = value_schema(field)
    _describe(schema, _read_words(field))
    if not sent(field):
        schema["readOnly"] = True
    return schema


def _sent_shape(fields: list[FieldPlan], required: list[str], *, defaults: bool) -> Schema:
    shape = _object({}, required)
    example = {}
    for field in fields:
        schema = shape["properties"][field.name] = value_schema(field)
        _describe(schema, _sent_words(field))
        if not field.readable:
            schema["writeOnly"] = True
        default = default_of(field)
        if defaults and default is not MISSING:
            schema["default"] = default
        elif "examples" in schema and (field.name in required or not defaults):
            example[field.name] = schema["examples"][0]
    if set(required) <= set(example):
        shape["examples"] = [example]
    return shape


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    shape: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        shape["required"] = required
    return shape


def _describe(schema: Schema, words: Iterator[str]) -> None:
    said = " ".join(filter(None, [schema.get("description", ""), *words]))
    if said:
        schema["description"] = said


def _read_words(field: FieldPlan) -> Iterator[str]:
    if field.target is not None:
        yield f"The id of a {field.target}."
    if field.spec.source.kind == "copied":
        yield f"Copied from {'.'.join(field.spec.source.path)} when the row is created."
    if field.computed:
        yield "Computed from the row."
    if field.read is not None:
        yield f"There only for who may read it: {field.read}."


def _sent_words(field: FieldPlan) -> Iterator[str]:
    if field.target is not None:
        yield f"The id of a {field.target} that you may see."
    if field.write is not None:
        yield f"Only {field.write} may send it."
