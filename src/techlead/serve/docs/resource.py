"""A resource's fields: what each holds, where its value comes from, who sees it and who may send it."""

from __future__ import annotations

from collections.abc import Iterator

from techlead.declare.access import nobody
from techlead.derive.plan import FieldPlan, ResourcePlan
from techlead.derive.words import policy_words, source_words, traits, type_words
from techlead.serve.docs.html import Html, element

HEADINGS = ("Field", "Holds", "Value", "Seen by")


def fields_table(resource: ResourcePlan) -> Html:
    """Write the table of a resource's fields, without what is internal."""
    shown = [field for field in resource.fields if field.readable or field.writable]
    head = element("tr", *(element("th", heading, scope="col") for heading in HEADINGS))
    rows = [_row(resource, field) for field in shown]
    return element("table", element("thead", head), element("tbody", *rows), class_="fields")


def _row(resource: ResourcePlan, field: FieldPlan) -> Html:
    cells = (type_words(field), "; ".join(_value(resource, field)), _seen(resource, field))
    shown = (element("td", cell, data_label=label) for label, cell in zip(HEADINGS[1:], cells, strict=True))
    return element("tr", element("th", element("code", field.name), scope="row"), *shown)


def _value(resource: ResourcePlan, field: FieldPlan) -> Iterator[str]:
    yield source_words(field)
    yield from (one for one in traits(field) if one != "indexed")
    if field.writable and field.write is not None:
        yield f"sent by {policy_words(field.write, resource)}"


def _seen(resource: ResourcePlan, field: FieldPlan) -> str:
    if not field.readable:
        return "nobody"
    if field.read is None:
        return "whoever sees the row" if resource.access.read != nobody else "the account itself"
    return policy_words(field.read, resource)
