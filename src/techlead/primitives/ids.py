"""Public ids: TypeIDs (specification v0.3) over UUIDv7 (RFC 9562): they name their kind and cannot be counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lower case."""
PREFIX_PATTERN: Final = re.compile(r"[a-z]([a-z_]{0,61}[a-z])?", re.ASCII)
RAW_BYTES: Final = 16
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_SUFFIX: Final = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}", re.ASCII)
_BASE32HEX: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""Python's `int(text, 32)` reads base32hex, so a translation makes it read Crockford's."""


def uuid7(clock_ms: int, random: Callable[[int], bytes]) -> bytes:
    """Make a UUIDv7 of 16 bytes from milliseconds since 1970 and 74 random bits (RFC 9562 section 5.7)."""
    tail = int.from_bytes(random(10))
    high = (clock_ms & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | tail >> 68
    low = 1 << 63 | tail & 0x3FFF_FFFF_FFFF_FFFF
    return (high << 64 | low).to_bytes(RAW_BYTES)


def encode_suffix(raw: bytes) -> str:
    """Write 16 bytes as 26 characters, ten bits a look-up."""
    pairs, value = _PAIRS, int.from_bytes(raw)
    low, high = value & 0xF_FFFF_FFFF_FFFF_FFFF, value >> 60
    return (
        f"{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}{pairs[high >> 30 & 1023]}"
        f"{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}{pairs[low >> 50 & 1023]}"
        f"{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
        f"{pairs[low & 1023]}"
    )


def encode(prefix: str, raw: bytes) -> str:
    """Write a TypeID: `order_01h455vb4pex5vsknk084sn02q`."""
    return f"{prefix}_{encode_suffix(raw)}"


def decode(prefix: str, text: str) -> bytes:
    """Read a TypeID of one prefix; ValueError for everything else, in words that repeat nothing of it."""
    cut = len(prefix)
    suffix = text[cut + 1 :]
    if text[:cut] != prefix or text[cut : cut + 1] != "_" or _SUFFIX.fullmatch(suffix) is None:
        raise ValueError(f"must be an id such as {prefix}_01h455vb4pex5vsknk084sn02q")
    return int(suffix.translate(_BASE32HEX), 32).to_bytes(RAW_BYTES)
