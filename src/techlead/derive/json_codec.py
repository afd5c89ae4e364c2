"""The codec of a bounded JSON object: limits on bytes and depth, no number that JSON cannot hold."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from techlead.derive.codecs import INT64_MAX, INT64_MIN, Codec
from techlead.primitives import text

JSON_DEPTH_MAX: Final = 8


def json_codec(max_bytes: int) -> Codec:
    """An object of at most `max_bytes` when written as JSON and at most JSON_DEPTH_MAX levels deep."""

    def parse(value: Any) -> str:
        if not isinstance(value, dict):
            message = "must be an object"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        _check(value, 1)
        written = msgspec.json.encode(value, order="sorted")
        if len(written) > max_bytes:
            message = f"must be at most {max_bytes} bytes"
            raise ValueError(message)
        return written.decode()

    def query(_given: str) -> str:
        message = "cannot be filtered by"
        raise ValueError(message)

    return Codec("json", parse, msgspec.json.decode, msgspec.json.decode, parse, query, {"type": "object"}, {})


def _check(value: Any, depth: int) -> None:
    if depth > JSON_DEPTH_MAX:
        message = f"must be at most {JSON_DEPTH_MAX} levels deep"
        raise ValueError(message)
    if isinstance(value, str):
        text.clean(value, multiline=True)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                message = "must have texts as keys"
                raise ValueError(message)  # noqa: TRY004 - as above
            text.clean(key, multiline=False)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
    else:
        _check_number(value)


def _check_number(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        message = "holds a number that JSON cannot hold"
        raise ValueError(message)
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        message = "holds a number of more than 64 bits"
        raise ValueError(message)
    if not isinstance(value, int | float | None):
        message = f"holds a {type(value).__name__}, which JSON does not have"
        raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
