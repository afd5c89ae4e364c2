"""Recognise how a password is stored, from what stands in the database next to a known password.

Floors are OWASP's Password Storage Cheat Sheet taken mildly: what frameworks did by default in recent years passes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

FAST: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
BCRYPT_COST_MIN = 10
PBKDF2_ROUNDS_MIN = 100_000
SCRYPT_N_MIN = 2**14
ARGON2_KIB_MIN = 7 * 1024
SALTS_MAX = 40


def weakness(stored: str, password: str, beside: Iterable[str] = ()) -> str | None:
    """Say how a stored value gives the password away, or None where it does not; `beside` are possible salts."""
    if password and stored == password:
        return "in clear"
    return _encoded(stored, password) or _fast(stored, password, beside) or _cheap(stored)


def _encoded(stored: str, password: str) -> str | None:
    """Tell whether it is the password in another alphabet."""
    plain = password.encode()
    encodings = {
        "as base64": base64.b64encode(plain).decode(),
        "as base64url": base64.urlsafe_b64encode(plain).decode(),
        "as hexadecimal": plain.hex(),
        "backwards": password[::-1],
    }
    return next((name for name, way in encodings.items() if stored == way), None)


def _fast(stored: str, password: str, beside: Iterable[str]) -> str | None:
    """Tell whether it is one round of a fast hash, bare or with a salt from the same row or the same value."""
    parts = [part for part in re.split(r"[$:;|.]", stored) if part]
    salts = ["", *parts, *[text for text in beside if text][:SALTS_MAX]]
    digests = {*parts, stored}
    for algorithm in FAST:
        for salt in salts:
            for message in {password + salt, salt + password}:
                made = hashlib.new(algorithm, message.encode("utf-8", "replace"), usedforsecurity=False).digest()
                if digests & {made.hex(), made.hex().upper(), base64.b64encode(made).decode()}:
                    return f"as one round of {algorithm}" + (" with a salt" if salt else " without a salt")
    return None


def _cheap(stored: str) -> str | None:
    """Tell whether it is a slow hash with numbers that are too small."""
    for pattern, floor, name in _COSTS:
        found = re.match(pattern, stored)
        if found and int(found.group(1)) < floor:
            return f"as {name} of {found.group(1)}, at least {floor} are needed"
    return None


_COSTS: Final = (
    (r"\$2[abxy]?\$(\d\d)\$", BCRYPT_COST_MIN, "bcrypt with a cost"),
    (r"(?:pbkdf2:sha256:|pbkdf2_sha256\$|\$pbkdf2-sha256\$)(\d+)", PBKDF2_ROUNDS_MIN, "PBKDF2 with a number of rounds"),
    (r"(?:pbkdf2:sha1:|pbkdf2_sha1\$|\$pbkdf2\$)(\d+)", PBKDF2_ROUNDS_MIN, "PBKDF2-SHA1 with a number of rounds"),
    (r"scrypt[:$](\d+)", SCRYPT_N_MIN, "scrypt with an N"),
    (r"\$argon2id?\$v=\d+\$m=(\d+),", ARGON2_KIB_MIN, "argon2 with a number of KiB"),
)


def looks_hashed(stored: str) -> bool:
    """Tell whether a value is the hash of a password in one of the known notations."""
    return bool(re.match(r"(\$2[abxy]?\$|\$argon2|pbkdf2|\$pbkdf2|scrypt|argon2\$|bcrypt)", stored))


def decoded(stored: bytes | str) -> str:
    """Read a column as text, bytes included."""
    if isinstance(stored, str):
        return stored
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return binascii.hexlify(stored).decode()
