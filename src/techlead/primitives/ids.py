"""Public ids: TypeIDs (spec v0.3) over UUIDv7 (RFC 9562)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIX_PATTERN: Final = re.compile(r"[a-z]([a-z_]{0,61}[a-z])?", re.ASCII)
_PAIRS: Final = tuple(a + b for a in ALPHABET for b in ALPHABET)
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_SUFFIX: Final = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}", re.ASCII)


def uuid7(clock_ms: int, random: Callable[[int], bytes]) -> bytes:
    """Make a UUIDv7 of 16 bytes."""
    tail = int.from_bytes(random(10))
    value = (clock_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    return value.to_bytes(16)


def encode_suffix(raw: bytes) -> str:
    """Write 16 bytes as 26 characters of base32."""
    n = int.from_bytes(raw)
    p = _PAIRS
    return "".join([p[n >> shift & 1023] for shift in range(120, -1, -10)])


def encode(prefix: str, raw: bytes) -> str:
    """Write a TypeID."""
    return f"{prefix}_{encode_suffix(raw)}"


def decode(prefix: str, text: str) -> bytes:
    """Read a TypeID of one prefix."""
    start, _, suffix = text.rpartition("_")
    if start != prefix or _SUFFIX.fullmatch(suffix) is None:
        message = f"must be an id such as {prefix}_01h455vb4pex5vsknk084sn02q"
        raise ValueError(message)
    value = 0
    for letter in suffix:
        value = value << 5 | _VALUES[letter]
    return value.to_bytes(16)
