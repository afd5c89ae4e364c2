"""From the route table, OpenAPI or links that were seen to operations; their roles are found later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from techlead.audit.target.client import Client
from techlead.audit.target.exchange import Request
from techlead.audit.target.meaning import meaning_of
from techlead.audit.target.operation import Field, Meaning, Operation, Role
from techlead.audit.target.schema import field_of, fields_of, resolved

METHODS: Final = ("get", "post", "put", "patch", "delete")
MEDIA: Final = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")
SCHEMA_PLACES: Final = (
    "/openapi.json",
    "/api/openapi.json",
    "/swagger.json",
    "/api/schema/?format=json",
    "/docs/openapi.json",
    "/api/v1/openapi.json",
    "/apispec_1.json",
)
LINKS_MAX: Final = 60
NO_OPERATION: Final = r"\.(css|js|png|svg|ico|jpg|woff2?)$"
REFUSED: Final = frozenset({401, 403, 405, 422})
"""Somebody is there, though a stranger is not let in."""


def operations_of(routes: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Operations of what the child read: its routes, described by its schema where that knows them."""
    described: dict[tuple[str, str], Operation] = {}
    for name in ("openapi", "hidden"):
        document = routes.get(name)
        if isinstance(document, Mapping):
            for operation in from_openapi(document):
                described[operation.method, shape(operation.path)] = replace(operation, documented=name == "openapi")
    found: dict[tuple[str, str], Operation] = {}
    for route in routes.get("routes", ()):
        key = route["method"], shape(route["path"])
        operation = _from_route(route)
        known = described.pop(key, None)
        if known is not None:
            body = known.body or operation.body
            operation = replace(known, body=body, source=operation.source, role=operation.role)
        found.setdefault(key, operation)
    found.update(described)
    return tuple(found.values())


def shape(path: str) -> str:
    """A path with its parameters' names left out: what two sources agree on."""
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") or "/"


def _parameter(name: str, kind: str) -> Field:
    return Field(name, kind, meaning_of(name, kind) if kind == "string" else Meaning.REFERENCE, required=True)


def _from_route(route: Mapping[str, Any]) -> Operation:
    types = {given["name"]: given["type"] for given in route.get("parameters", ())}
    names = re.findall(r"\{([^}]+)\}", route["path"])
    body = route.get("body")
    media = {"form": MEDIA[2], "multipart/form-data": MEDIA[1]}.get(route.get("media") or "", MEDIA[0])
    fields = fields_of(body, body) if isinstance(body, Mapping) else ()
    if any(field.type == "file" and field.required for field in fields):
        media = MEDIA[1]
    return Operation(
        method=route["method"],
        path=route["path"],
        role=Role.DOCUMENTS if route.get("document") else Role.OTHER,
        parameters=tuple(_parameter(name, types.get(name, "string")) for name in names),
        query=tuple(
            Field(given["name"], given["type"], meaning_of(given["name"], given["type"]))
            for given in _unique(route.get("query", ()))
        ),
        body=fields,
        media=media,
        source=route.get("source"),
    )


def _unique(given: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list({one["name"]: one for one in given}.values())


def from_openapi(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Operations of an OpenAPI 3 (or Swagger 2) document."""
    prefix = str(document.get("basePath", "")).rstrip("/")
    found = []
    for path, item in document.get("paths", {}).items():
        shared = item.get("parameters", [])
        found += [
            _described(method.upper(), prefix + path, item[method], shared, document)
            for method in METHODS
            if isinstance(item.get(method), Mapping)
        ]
    return tuple(found)


def _described(
    method: str, path: str, operation: Mapping[str, Any], shared: list[Any], document: Mapping[str, Any]
) -> Operation:
    parameters = [resolved(one, document) for one in [*shared, *operation.get("parameters", ())]]
    by_place: dict[str, list[Field]] = {"path": [], "query": [], "formData": []}
    body: tuple[Field, ...] = ()
    media = MEDIA[0]
    for one in parameters:
        place = one.get("in", "")
        if place == "body":
            body = fields_of(one.get("schema"), document)
        elif place in by_place:
            schema = one.get("schema", one)
            by_place[place].append(field_of(one["name"], schema, document, required=one.get("required") is True))
    content = resolved(operation.get("requestBody"), document).get("content", {})
    for name in MEDIA:
        if name in content:
            body, media = fields_of(content[name].get("schema"), document), name
            break
    if by_place["formData"]:
        body, media = tuple(by_place["formData"]), MEDIA[2]
    return Operation(
        method=method,
        path=path,
        parameters=tuple(by_place["path"]),
        query=tuple(by_place["query"]),
        body=body,
        media=media,
        documented=True,
        answers=_answers(operation, document),
    )


def _answers(operation: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, ...]:
    for status, answer in operation.get("responses", {}).items():
        if str(status).startswith("2"):
            whole = resolved(answer, document)
            content = whole.get("content", {}).get(MEDIA[0], whole)
            return tuple(_dotted(fields_of(content.get("schema"), document), ""))
    return ()


def _dotted(fields: tuple[Field, ...], prefix: str) -> Iterable[str]:
    for field in fields:
        yield prefix + field.name
        yield from _dotted(field.fields, f"{prefix}{field.name}.")


def from_outside(client: Client) -> tuple[Operation, ...]:
    """What a target shows to a stranger: its schema where it serves one, else the links of its pages."""
    document = published(client, SCHEMA_PLACES)
    return from_openapi(document) if document else _linked(client)


def schema_places(routes: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a schema may be fetched, by the route table; nowhere else, because each place costs a request."""
    paths = {str(route["path"]) for route in routes.get("routes", ()) if route["method"] == "GET"}
    looks = re.compile(r"/(openapi|swagger|apispec\w*|schema)(\.json)?/?$")
    return tuple(
        place
        for place in (*SCHEMA_PLACES, *sorted(paths))
        if place.partition("?")[0] in paths and looks.search(place.partition("?")[0])
    )


def published(client: Client, places: Iterable[str]) -> Mapping[str, Any] | None:
    """The first schema that is served at one of the places."""
    for place in dict.fromkeys(places):
        answer = client.send(Request("GET", place, headers={"Accept": "application/json"}))
        document = answer.json if answer.ok else None
        if isinstance(document, Mapping) and isinstance(document.get("paths"), Mapping):
            return document
    return None


def _linked(client: Client) -> tuple[Operation, ...]:
    """Follow links; nothing where only pages answer, because what reads no JSON is no API."""
    waiting, seen = ["/"], {"/"}
    found: dict[str, Operation] = {}
    speaks_json = False
    while waiting and len(seen) <= LINKS_MAX:
        place = waiting.pop(0)
        answer = client.send(Request("GET", place))
        if not answer.ok and answer.status not in REFUSED:
            continue
        speaks_json |= answer.json is not None
        path = re.sub(r"(?<=/)\d+(?=/|$)", "{id}", place.partition("?")[0])
        names = re.findall(r"\{(\w+)\}", path)
        found[path] = Operation("GET", path, parameters=tuple(_parameter(name, "string") for name in names))
        links = re.findall(r"""["'](/[\w./-]*(?:\?[\w=&.-]*)?)["']""", answer.text)
        new = [link for link in links if link not in seen and not re.search(NO_OPERATION, link)]
        seen.update(new)
        waiting += new
    return tuple(found.values()) if speaks_json else ()
