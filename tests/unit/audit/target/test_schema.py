"""Fields out of JSON Schema, with what it says about their values."""

from __future__ import annotations

from techlead.audit.target.operation import Field, Meaning
from techlead.audit.target.schema import fields_of

DOCUMENT = {
    "components": {
        "schemas": {
            "Named": {"properties": {"name": {"type": "string", "maxLength": 9}}, "required": ["name"]},
            "Order": {
                "allOf": [
                    {"$ref": "#/components/schemas/Named"},
                    {
                        "properties": {
                            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                            "price": {"type": "number", "exclusiveMinimum": 0},
                            "kind": {"enum": ["a", "b"]},
                            "tags": {"type": "array", "items": {"type": "string"}},
                            "lines": {"type": "array", "items": {"properties": {"quantity": {"type": "integer"}}}},
                            "proof": {"type": "string", "format": "binary"},
                        },
                        "required": ["price"],
                    },
                ]
            },
            "Endless": {"properties": {"child": {"$ref": "#/components/schemas/Endless"}}},
        }
    }
}


def fields(name: str) -> dict[str, Field]:
    return {field.name: field for field in fields_of({"$ref": f"#/components/schemas/{name}"}, DOCUMENT)}


def test_parts_of_a_schema_are_put_together():
    found = fields("Order")
    assert {name for name, field in found.items() if field.required} == {"name", "price"}
    assert found["name"].length_max == 9
    assert found["note"].nullable
    assert found["note"].type == "string"
    assert found["kind"].choices == ("a", "b")


def test_a_limit_that_is_left_out_itself_is_moved_inside():
    assert fields("Order")["price"].minimum == 1


def test_items_of_arrays_are_known():
    found = fields("Order")
    assert found["tags"].item is not None
    assert found["tags"].item.type == "string"
    assert [field.meaning for field in found["lines"].fields] == [Meaning.QUANTITY]


def test_binary_text_is_a_file():
    assert fields("Order")["proof"].type == "file"


def test_a_schema_that_holds_itself_ends():
    assert fields("Endless")["child"].type == "object"
