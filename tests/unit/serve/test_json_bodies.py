"""A body is read as strict JSON, whichever of the two ways reads it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from techlead.errors import MalformedRequest
from techlead.serve import request
from techlead.serve.request import parse_json

DEPTH_MAX = 16
texts = some.text(some.sampled_from('ab:,"{}[]\\ é𝄞\u2028'), max_size=6) | some.text(max_size=6)
numbers = some.integers() | some.floats(allow_nan=False, allow_infinity=False)
values = some.recursive(
    some.none() | some.booleans() | numbers | texts,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def read(body: bytes) -> object:
    """Give what a body is read as, or that it is refused, and in which words."""
    try:
        return typed(parse_json(body, DEPTH_MAX))
    except MalformedRequest as error:
        return error.detail


def typed(value: object) -> object:
    """Tell 1, 1.0 and true apart, which Python calls equal."""
    if isinstance(value, dict):
        return {name: typed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [typed(one) for one in value]
    return type(value).__name__, repr(value)


def read_strictly(body: bytes) -> object:
    """Read a body without the short way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(request, "_usual_json", lambda _body: None)
        return read(body)


@given(values, some.booleans())
def test_both_ways_read_the_same_value(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert read(body) == read_strictly(body)


@given(
    some.lists(some.sampled_from([*'{}[]:,"\\ 0129-+.eEtrufalsn\x00é', '"a"', '"a":1', "1e999", '":"']), max_size=14)
)
@example(['{"a":1,"a":2}'])
@example(['{"a" :":","a":2}'])
@example(['{"a":{"b":1,"b":":"}}'])
@example(['{"\\u003a":1,"a":1,"a":2}'])
@example(["NaN"])
@example(["-Infinity"])
@example(["123456789012345678901234567890"])
@example(["-0"])
@example(["1e5"])
@example(["[" * 5_000])
@example(["[" * 17 + "]" * 17])
@example(["\ufeff1"])
@example([""])
def test_both_ways_refuse_the_same_text(parts: list[str]) -> None:
    body = "".join(parts).encode()
    assert read(body) == read_strictly(body)


@given(some.binary(max_size=12))
def test_both_ways_read_bytes_that_are_no_text_alike(body: bytes) -> None:
    assert read(body) == read_strictly(body)
    assert read(b'"' + body + b'"') == read_strictly(b'"' + body + b'"')


def test_a_name_that_comes_twice_is_refused_wherever_it_stands() -> None:
    for body in (b'{"a":1,"a":2}', b'{"x":{"a":":","a":1}}', b'[{"a":1},{"a":1,"b":"::","a":1}]'):
        with pytest.raises(MalformedRequest, match="twice"):
            parse_json(body, DEPTH_MAX)
