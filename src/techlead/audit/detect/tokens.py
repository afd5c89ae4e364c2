"""Read, forge and crack signed tokens: JSON web tokens (RFC 7519) with a shared key, and Flask's session cookies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

ALGORITHMS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
DIGITS_MAX = 6
"""Keys of so many digits are tried one by one: a million of them take about two seconds."""


@dataclass(frozen=True, slots=True)
class Token:
    """A JSON web token, read without looking at its signature."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes
    signed: bytes
    """What the signature is over."""

    @property
    def algorithm(self) -> str:
        """How it is signed, as it says itself."""
        return str(self.header.get("alg", ""))

    def expires(self) -> float | None:
        """When it ends, in seconds since 1970."""
        at = self.claims.get("exp")
        return float(at) if isinstance(at, int | float) else None

    def but(self, **claims: Any) -> Token:
        """Make the same token with other claims, unsigned."""
        return replace(self, claims={**self.claims, **claims})


def encoded(value: bytes) -> str:
    """Write bytes as base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url without padding; raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(text: str) -> Token | None:
    """Read a JSON web token, None for what is none."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        header, claims = json.loads(decoded(parts[0])), json.loads(decoded(parts[1]))
        signature = decoded(parts[2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return Token(header, claims, signature, f"{parts[0]}.{parts[1]}".encode())


def _unsigned(token: Token, header: Mapping[str, Any]) -> str:
    """Write header and claims."""
    return ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, token.claims))


def unsigned(token: Token) -> Iterator[tuple[str, str]]:
    """Write the token in the ways that only a server which does not verify takes, each with what was done to it."""
    for algorithm in ("none", "None", "NONE"):
        yield f"algorithm {algorithm!r} and no signature", _unsigned(token, {**token.header, "alg": algorithm}) + "."
    written = _unsigned(token, token.header)
    yield "its signature left out", written + "."
    yield "a signature of zeros", f"{written}.{encoded(bytes(len(token.signature) or 32))}"


def sign(token: Token, key: str) -> str:
    """Write the token, signed with a shared key."""
    written = _unsigned(token, token.header)
    return f"{written}.{encoded(hmac.digest(key.encode(), written.encode(), ALGORITHMS[token.algorithm]))}"


def crack(token: Token, keys: Iterable[str]) -> str | None:
    """Find the key a token was signed with among those given."""
    digest = ALGORITHMS.get(token.algorithm)
    if digest is None:
        return None
    return next((key for key in keys if hmac.digest(key.encode(), token.signed, digest) == token.signature), None)


def digit_keys() -> Iterator[str]:
    """Give every key of at most `DIGITS_MAX` digits."""
    for length in range(1, DIGITS_MAX + 1):
        for digits in product("0123456789", repeat=length):
            yield "".join(digits)


def crack_cookie(cookie: str, keys: Iterable[str]) -> str | None:
    """Find the key a Flask session cookie was signed with: itsdangerous, salt `cookie-session`, SHA-1."""
    value, _, signature = cookie.rpartition(".")
    if value.count(".") < 1:
        return None
    try:
        expected = decoded(signature)
    except ValueError:
        return None
    return next((key for key in keys if _cookie_signature(value, key) == expected), None)


def _cookie_signature(value: str, key: str) -> bytes:
    """Sign as Flask does."""
    derived = hmac.digest(key.encode(), b"cookie-session", "sha1")
    return hmac.digest(derived, value.encode(), "sha1")


def sign_cookie(value: str, key: str) -> str:
    """Sign a Flask session cookie: payload and time, without the signature it had."""
    return f"{value}.{encoded(_cookie_signature(value, key))}"


def fingerprint(key: str) -> str:
    """Name a key in a report without giving it away."""
    return f"{len(key)} characters, sha256 {hashlib.sha256(key.encode()).hexdigest()[:8]}"
