"""Public ids: TypeIDs (spec v0.3, `order_01h455vb4pex5vsknk084sn02q`) over UUIDs of version 7 (RFC 9562).

A TypeID names its kind, so that no id is taken for another's, and sorts by time. All 74 bits that are not time or
version are random: nobody can count rows or guess a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lower case: no i, l, o or u."""

PREFIX_PATTERN: Final = re.compile(r"[a-z](?:[a-z_]{0,61}[a-z])?")
"""What may stand before the last `_`: 1 to 63 characters; match it with `fullmatch`."""

RAW_BYTES: Final = 16
RANDOM_BYTES: Final = 10
CLOCK_MS_MAX: Final = 2**48 - 1

_SUFFIX: Final = re.compile(rf"[0-7][{ALPHABET}]{{25}}")
# Python's own base 32 counts on from 9 with a to v; translated, `int` reads a suffix in C.
_TO_PYTHON: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_VERSION_AND_VARIANT: Final = 0x7 << 76 | 0b10 << 62
_RANDOM_BITS: Final = (1 << 80) - 1 ^ (0xF << 76 | 0b11 << 62)
_WORD: Final = (1 << 30) - 1


def uuid7(clock_ms: int, random: Callable[[int], bytes]) -> bytes:
    """Make the 16 bytes of a UUIDv7 (RFC 9562, 5.7) from milliseconds since the epoch and a source of random bytes.

    Nothing is counted up within a millisecond, on purpose: a counter would let anybody measure how busy we are.
    ValueError when the clock does not fit 48 bits or the source gave another number of bytes than asked.
    """
    tail = random(RANDOM_BYTES)
    if not 0 <= clock_ms <= CLOCK_MS_MAX or len(tail) != RANDOM_BYTES:
        raise ValueError(f"a UUIDv7 needs 0 to {CLOCK_MS_MAX} milliseconds and {RANDOM_BYTES} random bytes")
    return (clock_ms << 80 | int.from_bytes(tail) & _RANDOM_BITS | _VERSION_AND_VARIANT).to_bytes(RAW_BYTES)


def encode_suffix(raw: bytes) -> str:
    """Write 16 bytes as the 26 characters of a TypeID's suffix; ValueError for any other number of bytes."""
    if len(raw) != RAW_BYTES:
        raise ValueError(f"an id has {RAW_BYTES} bytes")
    # Eight bits, then four words of thirty: the width in which Python shifts integers fastest.
    pairs, value = _PAIRS, int.from_bytes(raw)
    a, b, c, d = value >> 90 & _WORD, value >> 60 & _WORD, value >> 30 & _WORD, value & _WORD
    return (
        f"{pairs[value >> 120]}{pairs[a >> 20]}{pairs[a >> 10 & 1023]}{pairs[a & 1023]}{pairs[b >> 20]}"
        f"{pairs[b >> 10 & 1023]}{pairs[b & 1023]}{pairs[c >> 20]}{pairs[c >> 10 & 1023]}{pairs[c & 1023]}"
        f"{pairs[d >> 20]}{pairs[d >> 10 & 1023]}{pairs[d & 1023]}"
    )


def encode(prefix: str, raw: bytes) -> str:
    """Write a TypeID; the prefix comes from a declaration and was checked there."""
    return f"{prefix}_{encode_suffix(raw)}"


def decode(prefix: str, text: str) -> bytes:
    """Read the 16 bytes of a TypeID of one kind; ValueError, in words that repeat nothing of it, for all else."""
    suffix = text.removeprefix(f"{prefix}_")
    if len(suffix) == len(text) or _SUFFIX.fullmatch(suffix) is None:
        raise ValueError(f"must be an id such as {prefix}_01h455vb4pex5vsknk084sn02q")
    return int(suffix.translate(_TO_PYTHON), 32).to_bytes(RAW_BYTES)
