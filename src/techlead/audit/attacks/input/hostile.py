"""The hostile values, as a table: each is well-formed on the wire, and each has broken real backends (see the names of the causes)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from techlead.audit.attacks.other_value import distinct
from techlead.audit.target.exchange import ANONYMOUS, Request
from techlead.audit.target.operation import Field, Meaning, Operation
from techlead.audit.target.reading import filled, path_values

HUGE: Final = "a number beyond 64 bits"
FINITE: Final = "NaN, Infinity or 1e400 as a number"
UNCODED: Final = "a text that UTF-8 or the database cannot hold (lone surrogate, NUL)"
TYPE: Final = "a value of another JSON type"
DATE: Final = "a date at the edge of the calendar"
IDENTIFIER: Final = "an id that is not a number"
DEEP: Final = "JSON that is nested 100,000 deep"
FORM: Final = "a body that is not what its Content-Type says"
PAGE: Final = "a page, limit or order that nobody asks for"
HEADER: Final = "a header that is not what it should be"

NUMBER_1E400: Final = "@1e400@"  # json.dumps cannot write it
NESTING: Final = 100_000
SHOWN_CHARACTERS_MAX: Final = 60
LETTERS: Final = frozenset({"string", "integer", "number", "boolean", "array", "object"})
NUMERIC: Final = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class Hostile:
    """One value and what it tries; `fits` are the JSON types of the fields that it is put into."""

    cause: str
    value: Any
    fits: frozenset[str] = LETTERS

    @property
    def said(self) -> str:
        """Give the value as a report shows it."""
        written = json.dumps(self.value).replace(f'"{NUMBER_1E400}"', "1e400")
        return written if len(written) < SHOWN_CHARACTERS_MAX else f"{written[:40]}... ({len(written)} characters)"


BODY: Final = (
    Hostile(HUGE, 2**70, NUMERIC),
    Hostile(HUGE, -(2**70), NUMERIC),
    Hostile(FINITE, float("nan"), NUMERIC),
    Hostile(FINITE, float("inf"), NUMERIC),
    Hostile(FINITE, NUMBER_1E400, NUMERIC),
    Hostile(UNCODED, "a\ud800b", frozenset({"string"})),
    Hostile(UNCODED, "a\x00b", frozenset({"string"})),
    Hostile(TYPE, None),
    Hostile(TYPE, []),
    Hostile(TYPE, {}),
    Hostile(TYPE, 7, frozenset({"string", "boolean", "array", "object"})),
    Hostile(TYPE, "seven", NUMERIC | {"boolean", "array", "object"}),
    Hostile(TYPE, [None], frozenset({"array"})),
)
DATES: Final = (
    Hostile(DATE, "0001-01-01T00:00:00+01:00"),
    Hostile(DATE, "9999-12-31T23:59:59-01:00"),
    Hostile(DATE, "9999-12-31T23:00:00Z"),
    Hostile(DATE, "0001-01-01T00:00:00Z"),
    Hostile(DATE, "9999-12-31"),
)
PATH: Final = (
    Hostile(HUGE, str(2**70)),
    Hostile(HUGE, "-" + str(2**70)),
    Hostile(IDENTIFIER, "abc"),
    Hostile(IDENTIFIER, "1.5"),
    Hostile(UNCODED, "%ED%A0%80"),
    Hostile(UNCODED, "%00"),
)
QUERY: Final = (
    Hostile(HUGE, str(2**70)),
    Hostile(PAGE, "-1"),
    Hostile(PAGE, "seven"),
    Hostile(FINITE, "1e400"),
    Hostile(FINITE, "nan"),
    Hostile(UNCODED, "%ED%A0%80"),
    Hostile(UNCODED, "%00"),
    Hostile(DATE, "9999-12-31T23:59:59-01:00"),
)
USUAL_QUERIES: Final = ("limit", "offset", "page", "page_size", "per_page", "sort", "order_by", "q")
"""Asked of each list besides what it is known to take: many read them without saying so."""
HEADERS: Final = (
    {"Authorization": "Bearer \udcff\udcfe"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer a.b.c"},
    {"Authorization": "Basic !!!"},
    {"Cookie": "session=%00\udcff; session=;;=;"},
    {"X-Forwarded-For": "nowhere, \udcff"},
    {"Range": "bytes=9-1,-"},
    {"If-None-Match": "\udcff"},
)
WHOLE: Final[tuple[tuple[str, str, bytes, str], ...]] = (
    (TYPE, "the body [] where an object is meant", b"[]", "application/json"),
    (TYPE, "the body null", b"null", "application/json"),
    (TYPE, 'the body "x"', b'"x"', "application/json"),
    (TYPE, "the body 7", b"7", "application/json"),
    (FORM, "no body at all", b"", "application/json"),
    (FORM, "a body that is cut off", b'{"a": ', "application/json"),
    (FORM, "bytes that are no text", b'{"a": "\xff\xfe"}', "application/json"),
    (FORM, "a charset that nobody knows", b'{"a": "b"}', "application/json; charset=klingon"),
    (FORM, "a form without its boundary", b"--x\r\n\r\n", "multipart/form-data"),
    (FORM, "XML", b"<a/>", "application/xml"),
    (FORM, "a form where JSON is meant", b"a=%ff&b[]=c", "application/x-www-form-urlencoded"),
    (DEEP, f"[ repeated {NESTING} times", b"[" * NESTING, "application/json"),
)


@dataclass(frozen=True, slots=True)
class Try:
    """One hostile request: what was done to it, and where."""

    cause: str
    what: str
    request: Request
    place: str = ""
    """The path parameter, query or field; '' for the whole."""


def tries(operation: Operation, base: Request, *, listing: bool, headers: bool) -> Iterator[Try]:
    """Give every hostile variant of a request that is right by itself."""
    yield from _path_tries(operation, base)
    yield from _query_tries(operation, base, listing=listing)
    if operation.unsafe and operation.method != "DELETE":
        yield from body_tries(operation, base)
        for cause, what, raw, media in WHOLE:
            yield Try(cause, what, base.but(body=None, raw=raw, headers={**base.headers, "Content-Type": media}))
    for header in HEADERS if headers else ():
        yield Try(HEADER, f"the header {next(iter(header))}: {next(iter(header.values()))!a}", _headed(base, header))


def fields_of(operation: Operation, base: Request) -> dict[str, Field]:
    """Give the fields of the JSON body: those declared, and those that the base request carries anyway."""
    known = {field.name: field for field in operation.body if field.type != "file"}
    carried = base.body if isinstance(base.body, Mapping) else {}
    return {name: Field(name, _type(value)) for name, value in carried.items()} | known


def fitting(field: Field) -> Iterator[Hostile]:
    """Give the hostile values for a field of a body."""
    for hostile in BODY:
        if field.type in hostile.fits:
            yield hostile
    if (
        field.meaning in (Meaning.WHEN, Meaning.BIRTHDAY)
        or field.format in {"date", "date-time"}
        or field.name.endswith("_at")
    ):
        yield from DATES


def with_value(base: Request, name: str, value: Any) -> Request:
    """Give the request with one field of its JSON body set; 1e400 is written by hand."""
    body = {**(base.body if isinstance(base.body, Mapping) else {}), name: value}
    if value != NUMBER_1E400:
        return base.but(body=body)
    raw = json.dumps(body).replace(f'"{NUMBER_1E400}"', "1e400").encode()
    return base.but(body=None, raw=raw, headers={**base.headers, "Content-Type": "application/json"})


def body_tries(operation: Operation, base: Request) -> Iterator[Try]:
    """Give the variants in which one field of the JSON body is hostile."""
    if base.raw is not None:
        return
    number = 100
    fields = fields_of(operation, base)
    for name, field in fields.items():
        for hostile in fitting(field):
            number += 1  # a text that must be there once would be refused the second time
            fresh = base.but(body=distinct(base.body, fields, number))
            yield Try(hostile.cause, f"{name} = {hostile.said}", with_value(fresh, name, hostile.value), name)


def _path_tries(operation: Operation, base: Request) -> Iterator[Try]:
    values = path_values(operation.path, base.path)
    for parameter in operation.parameters:
        for hostile in PATH:
            path = filled(operation.path, {**values, parameter.name: hostile.value})
            yield Try(hostile.cause, f"{parameter.name} = {hostile.value}", base.but(path=path), parameter.name)


def _query_tries(operation: Operation, base: Request, *, listing: bool) -> Iterator[Try]:
    names = [field.name for field in operation.query]
    if listing:
        names += [name for name in USUAL_QUERIES if name not in names]
    bare, _, asked = base.path.partition("?")
    for name in names:
        kept = [pair for pair in asked.split("&") if pair and pair.partition("=")[0] != name]
        for hostile in QUERY:
            path = f"{bare}?{'&'.join([*kept, f'{name}={hostile.value}'])}"
            yield Try(hostile.cause, f"?{name}={hostile.value}", base.but(path=path), name)


def _headed(base: Request, header: Mapping[str, str]) -> Request:
    """Give the request with a header in the place of the actor's own."""
    if "Authorization" not in header and "Cookie" not in header:
        return base.but(headers={**base.headers, **header})
    return base.but(actor=ANONYMOUS, headers={**base.headers, **header})


def _type(value: Any) -> str:
    table = ((bool, "boolean"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in table if isinstance(value, kind)), "string")
