"""One codec for each kind of field: how a value travels between JSON, Python and the database, and what it may be.

Four forms of a value: *wire* (what JSON holds), *stored* (what a column holds), *python* (what rules and actions see)
and *query* (text in an address). Everything that comes from outside passes `parse` or `query`; both raise ValueError
with a sentence that is safe to show, whatever was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from techlead.declare.types import Ref
from techlead.primitives import clock, ids, text

IDS_KEPT: Final = 8_192
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1
EPOCH_DAY: Final = date(1970, 1, 1)
TIMESTAMP_MIN_US: Final = clock.to_us(datetime.fromisoformat("0001-01-02T00:00:00+00:00"))
TIMESTAMP_MAX_US: Final = clock.to_us(datetime.fromisoformat("9999-12-30T00:00:00+00:00"))
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Codec:
    """How one field's values travel; `column` names the storage type, `schema` and `example` are JSON Schema."""

    column: str
    parse: Callable[[Any], Any]
    show: Callable[[Any], Any] | None
    load: Callable[[Any], Any]
    dump: Callable[[Any], Any]
    query: Callable[[str], Any]
    schema: dict[str, Any]
    example: Any


@dataclass(frozen=True, slots=True)
class Limits:
    """What a field's declaration allows, in its python form; None means not said."""

    min_length: int = 0
    max_length: int | None = None
    multiline: bool = False
    pattern: str | None = None
    ge: Any = None
    le: Any = None
    places: int = 2
    currency: str = ""


def text_codec(limits: Limits, clean: Callable[[str], str] | None = None, format_: str | None = None) -> Codec:
    """Text of bounded length, in characters, without control characters; `pattern` matches the whole."""
    longest = limits.max_length or 0
    shortest = limits.min_length
    pattern = re.compile(limits.pattern) if limits.pattern else None

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            message = "must be a string"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        if not shortest <= len(value) <= longest:
            message = f"must have {shortest} to {longest} characters"
            raise ValueError(message)
        cleaned = clean(value) if clean else text.clean(value, multiline=limits.multiline)
        if len(cleaned) > longest:
            message = f"must have at most {longest} characters in its normal form"
            raise ValueError(message)
        if pattern is not None and pattern.fullmatch(cleaned) is None:
            message = "does not have the required form"
            raise ValueError(message)
        return cleaned

    schema: dict[str, Any] = {"type": "string", "minLength": shortest, "maxLength": longest}
    if limits.pattern:
        schema["pattern"] = f"^(?:{limits.pattern})$"
    if format_:
        schema["format"] = format_
    examples = {"email": "alice@example.com", "uri": "https://example.com/"}
    example = examples.get(format_ or "", "text"[:longest].ljust(shortest, "x"))
    return Codec("text", parse, None, _same, parse, parse, schema, example)


def integer_codec(limits: Limits) -> Codec:
    """Whole numbers of 64 bits, within the declared bounds."""
    low = INT64_MIN if limits.ge is None else limits.ge
    high = INT64_MAX if limits.le is None else limits.le

    def parse(value: Any) -> int:
        if type(value) is not int:
            message = "must be a whole number"
            raise ValueError(message)
        return within(value, low, high)

    def query(given: str) -> int:
        if _INTEGER.fullmatch(given) is None:
            message = "must be a whole number"
            raise ValueError(message)
        return parse(int(given))

    schema = {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
    return Codec("bigint", parse, None, _same, parse, query, schema, min(max(1, low), high))


def boolean_codec() -> Codec:
    """True or false, never a number or a word."""

    def parse(value: Any) -> bool:
        if type(value) is not bool:
            message = "must be true or false"
            raise ValueError(message)
        return value

    def query(given: str) -> bool:
        if given not in ("true", "false"):
            message = "must be true or false"
            raise ValueError(message)
        return given == "true"

    return Codec("boolean", parse, bool, bool, parse, query, {"type": "boolean"}, example=True)


def timestamp_codec() -> Codec:
    """A moment with its offset (RFC 3339), kept to the microsecond in UTC."""

    def parse(value: Any) -> int:
        if not isinstance(value, str):
            message = "must be a date and time with an offset, such as 2026-05-01T12:00:00Z"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        return within(clock.parse_timestamp(value), TIMESTAMP_MIN_US, TIMESTAMP_MAX_US, clock.to_datetime)

    def dump(value: Any) -> int:
        if not isinstance(value, datetime):
            message = "must be a datetime"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        return within(clock.to_us(value), TIMESTAMP_MIN_US, TIMESTAMP_MAX_US, clock.to_datetime)

    schema = {"type": "string", "format": "date-time"}
    return Codec("timestamp", parse, clock.to_datetime, clock.to_datetime, dump, parse, schema, "2026-05-01T12:00:00Z")


def date_codec() -> Codec:
    """A calendar day (RFC 3339 full-date)."""

    def parse(value: Any) -> int:
        if not isinstance(value, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII) is None:
            message = "must be a day such as 2026-05-01"
            raise ValueError(message)
        return dump(date.fromisoformat(value))

    def dump(value: Any) -> int:
        if not isinstance(value, date) or isinstance(value, datetime):
            message = "must be a date"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        return (value - EPOCH_DAY).days

    def load(stored: int) -> date:
        return EPOCH_DAY + timedelta(days=stored)

    return Codec("date", parse, load, load, dump, parse, {"type": "string", "format": "date"}, "2026-05-01")


def enum_codec(choices: type[Enum]) -> Codec:
    """One of an Enum's members, named by its value."""
    by_value = {member.value: member for member in choices}
    words = ", ".join(map(str, by_value))

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in by_value:
            message = f"must be one of: {words}"
            raise ValueError(message)
        return value

    def dump(value: Any) -> str:
        if not isinstance(value, choices):
            message = f"must be one of: {words}"
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        return str(value.value)

    schema = {"type": "string", "enum": list(by_value)}
    return Codec("text", parse, None, by_value.__getitem__, dump, parse, schema, next(iter(by_value)))


written_suffix: Final = lru_cache(IDS_KEPT)(ids.encode_suffix)
"""Writes the suffix of an id, and remembers: accounts and busy rows are written again and again."""
read_id: Final = lru_cache(IDS_KEPT)(ids.decode)
"""Reads an id of a kind, and remembers those that are one."""


def reference_codec(prefix: str) -> Codec:
    """The id of another row, a TypeID with its kind's prefix; stored as 16 bytes."""

    def parse(value: Any) -> bytes:
        if not isinstance(value, str):
            message = f"must be an id such as {prefix}_..."
            raise ValueError(message)  # noqa: TRY004 - one error for all that does not fit
        return read_id(prefix, value)

    start = f"{prefix}_"
    suffix = written_suffix

    def show(stored: bytes) -> str:
        return start + suffix(stored)

    def load(stored: bytes) -> Ref[Any]:
        return Ref(prefix, stored)

    def dump(value: Any) -> bytes:
        if not isinstance(value, Ref) or value.prefix != prefix:
            message = f"must be the id of a {prefix}"
            raise ValueError(message)
        return value.raw

    schema = {"type": "string", "pattern": f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"}
    return Codec("id", parse, show, load, dump, parse, schema, f"{prefix}_01h455vb4pex5vsknk084sn02q")


def within(value: int, low: int, high: int, show: Callable[[int], object] = str) -> int:
    """Give a value that is within its limits; ValueError names the limit it is beyond, as it is shown."""
    if value < low:
        message = f"must be at least {_word(show(low))}"
        raise ValueError(message)
    if value > high:
        message = f"must be at most {_word(show(high))}"
        raise ValueError(message)
    return value


def _same(value: Any) -> Any:
    return value


def _word(limit: Any) -> str:
    return limit.isoformat() if isinstance(limit, datetime) else str(limit)
