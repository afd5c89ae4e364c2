"""JSON Schema, as OpenAPI and the child's readers give it, to fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from techlead.audit.target.meaning import meaning_of
from techlead.audit.target.operation import Field, Meaning

DEPTH_MAX: Final = 6


def resolved(schema: Any, document: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """Follow `$ref`, merge `allOf`, take the first branch of `anyOf` and `oneOf` that is not null."""
    if not isinstance(schema, Mapping) or depth > DEPTH_MAX:
        return {}
    if "$ref" in schema:
        found: Any = document
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        return resolved(found, document, depth + 1)
    if "allOf" in schema:
        parts = [resolved(part, document, depth + 1) for part in schema["allOf"]]
        properties = {name: value for part in parts for name, value in part.get("properties", {}).items()}
        required = [name for part in parts for name in part.get("required", [])]
        merged = {key: value for part in parts for key, value in part.items()}
        return {**merged, **({"properties": properties, "required": required} if properties else {})}
    for word in ("anyOf", "oneOf"):
        if word in schema:
            branches = [resolved(branch, document, depth + 1) for branch in schema[word]]
            kept = [branch for branch in branches if branch.get("type") != "null"]
            rest = {key: value for key, value in schema.items() if key != word}
            return {**(kept[0] if kept else {}), **rest, "nullable": len(kept) < len(branches)}
    return schema


def fields_of(schema: Any, document: Mapping[str, Any], depth: int = 0) -> tuple[Field, ...]:
    """The fields of an object's schema (of an array's items)."""
    whole = resolved(schema, document)
    if whole.get("type") == "array":
        return fields_of(whole.get("items"), document, depth + 1) if depth < DEPTH_MAX else ()
    required = set(whole.get("required", ()))
    if depth >= DEPTH_MAX:
        return ()
    return tuple(
        field_of(name, inner, document, required=name in required, depth=depth + 1)
        for name, inner in whole.get("properties", {}).items()
    )


def field_of(name: str, schema: Any, document: Mapping[str, Any], *, required: bool, depth: int = 0) -> Field:
    """One property."""
    whole = resolved(schema, document)
    kind, nullable = _type(whole)
    form = whole.get("format")
    if form == "binary":
        kind = "file"
    items = resolved(whole.get("items"), document) if kind == "array" else {}
    if items.get("type") == "file" or items.get("format") == "binary":
        kind = "file"
    meaning = meaning_of(name, kind, form)
    if not whole.get("type") and not whole.get("enum") and meaning in {Meaning.MONEY, Meaning.QUANTITY, Meaning.PAGE}:
        kind = "integer"  # a key that the source looks up, and nobody says of which type
    if "x-model" in whole:
        meaning = Meaning.REFERENCE
    return Field(
        name=name,
        type=kind,
        meaning=meaning,
        required=required,
        nullable=nullable,
        format=form,
        minimum=_above(whole.get("minimum"), whole.get("exclusiveMinimum"), 1),
        maximum=_above(whole.get("maximum"), whole.get("exclusiveMaximum"), -1),
        length_min=whole.get("minLength", whole.get("minItems")),
        length_max=whole.get("maxLength", whole.get("maxItems")),
        pattern=whole.get("pattern"),
        choices=tuple(whole.get("enum", ()) or ((whole["const"],) if "const" in whole else ())),
        example=whole.get("example", whole.get("default")),
        refers_to=str(whole["x-model"]).lower() if "x-model" in whole else None,
        fields=fields_of(whole, document, depth) if kind in {"object", "array"} else (),
        item=field_of(name, items, document, required=True, depth=depth + 1)
        if kind == "array" and depth < DEPTH_MAX and "properties" not in items
        else None,
    )


def _type(whole: Mapping[str, Any]) -> tuple[str, bool]:
    kind = whole.get("type", "")
    nullable = bool(whole.get("nullable"))
    if isinstance(kind, list):
        nullable = nullable or "null" in kind
        kind = next((one for one in kind if one != "null"), "string")
    if not kind:
        kind = "object" if "properties" in whole else "string" if not whole.get("enum") else _of(whole["enum"][0])
    return str(kind), nullable


def _of(value: Any) -> str:
    return {bool: "boolean", int: "integer", float: "number"}.get(type(value), "string")


def _above(limit: Any, exclusive: Any, step: int) -> float | None:
    if isinstance(exclusive, int | float) and not isinstance(exclusive, bool):
        return float(exclusive) + step
    return float(limit) if isinstance(limit, int | float) else None
