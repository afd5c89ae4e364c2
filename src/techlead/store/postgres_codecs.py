"""Storage forms on PostgreSQL: codecs that make its values the same as SQLite's.

uuid is 16 bytes, timestamptz is microseconds since 1970 UTC, date is days since 1970, json and jsonb are text, and
numeric (what `sum(bigint)` gives) is an int.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

# PostgreSQL counts from 2000-01-01 (src/include/datatype/timestamp.h: POSTGRES_EPOCH_JDATE).
DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = DAYS_TO_2000 * 86_400_000_000
UUID_BYTES = 16

_pack_time, _unpack_time = struct.Struct("!q").pack, struct.Struct("!q").unpack
_pack_date, _unpack_date = struct.Struct("!i").pack, struct.Struct("!i").unpack


class Codec(NamedTuple):
    """How one type of PostgreSQL travels."""

    type_name: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    format: str


def encode_uuid(value: bytes) -> bytes:
    """Take 16 bytes as they are."""
    if len(value) != UUID_BYTES:
        raise ValueError("an id has 16 bytes")
    return value


def encode_time(value: int) -> bytes:
    """Give PostgreSQL's bytes of microseconds since 1970."""
    return _pack_time(value - MICROSECONDS_TO_2000)


def decode_time(raw: bytes) -> int:
    """Give microseconds since 1970 of PostgreSQL's bytes."""
    return int(_unpack_time(raw)[0]) + MICROSECONDS_TO_2000


def encode_date(value: int) -> bytes:
    """Give PostgreSQL's bytes of days since 1970."""
    return _pack_date(value - DAYS_TO_2000)


def decode_date(raw: bytes) -> int:
    """Give days since 1970 of PostgreSQL's bytes."""
    return int(_unpack_date(raw)[0]) + DAYS_TO_2000


def decode_numeric(text: str) -> int:
    """Give the whole number of a numeric; a fraction is refused, for it would silently become inexact."""
    number = Decimal(text)
    if number != number.to_integral_value():
        raise ValueError("a numeric with a fraction is no storage form: cast it in the statement")
    return int(number)


CODECS = (
    Codec("uuid", encode_uuid, bytes, "binary"),
    Codec("timestamptz", encode_time, decode_time, "binary"),
    Codec("date", encode_date, decode_date, "binary"),
    Codec("numeric", str, decode_numeric, "text"),
)


async def set_codecs(connection: Any) -> None:
    """Teach a new connection the storage forms."""
    for codec in CODECS:
        await connection.set_type_codec(
            codec.type_name, schema="pg_catalog", encoder=codec.encode, decoder=codec.decode, format=codec.format
        )
