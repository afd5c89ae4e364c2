"""Standard Webhooks signatures: v1 (HMAC-SHA-256) and v1a (ed25519), made with every key of a rotation, checked against any.

What is signed is `id.timestamp.body`, bytes as they travel. A header is as hostile as its sender: whatever it holds,
the answer is yes or no. https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the name of a kind of key
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64
ED25519_BYTES: Final = 32
SIGNATURES_MAX: Final = 16
HEADER_CHARACTERS_MAX: Final = 4_096
MASTER_LABEL: Final = b"techlead webhook v1\0"


@dataclass(frozen=True, slots=True)
class Shared:
    """A secret that both ends know (v1)."""

    key: bytes

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Shared(***)"


@dataclass(frozen=True, slots=True)
class Private:
    """A key that only the sender has (v1a)."""

    key: bytes

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Private(***)"

    @property
    def public(self) -> Public:
        """The key for whoever receives."""
        from techlead.deliver import curves  # noqa: PLC0415 - only who signs for all to check pays for it

        return Public(curves.public_ed25519(self.key))


@dataclass(frozen=True, slots=True)
class Public:
    """The key with which a receiver checks what a Private key has signed."""

    key: bytes

    def __str__(self) -> str:
        """Print as it is published."""
        return PUBLIC_PREFIX + base64.b64encode(self.key).decode()


Key: TypeAlias = Shared | Private | Public


def read_key(text: str) -> Key:
    """Read `whsec_...`, `whsk_...` or `whpk_...`; ValueError, in words that repeat nothing of it, for all else."""
    for prefix, kind, low, high in (
        (SECRET_PREFIX, Shared, SECRET_BYTES_MIN, SECRET_BYTES_MAX),
        (PRIVATE_PREFIX, Private, ED25519_BYTES, 2 * ED25519_BYTES),
        (PUBLIC_PREFIX, Public, ED25519_BYTES, ED25519_BYTES),
    ):
        if text.startswith(prefix):
            try:
                key = base64.b64decode(text.removeprefix(prefix), validate=True)
            except ValueError:
                key = b""
            if not low <= len(key) <= high:
                raise ValueError(f"must be {prefix} and base64 of {low} to {high} bytes")
            return kind(key[:ED25519_BYTES] if kind is Private else key)
    raise ValueError(f"must begin with {SECRET_PREFIX}, {PRIVATE_PREFIX} or {PUBLIC_PREFIX}")


def sign(keys: Sequence[Key], message: str, seconds: int, body: bytes) -> str:
    """Give the value of `webhook-signature`: one signature for each key, so that a receiver may hold the old or the new."""
    signed = _signed(message, str(seconds), body)
    return " ".join(_signature(key, signed) for key in keys)


def verify(keys: Sequence[Key], message: str, seconds: str, body: bytes, signatures: str) -> bool:
    """Tell whether any of the signatures is of any of the keys; in time that tells nothing of the right one."""
    if len(signatures) > HEADER_CHARACTERS_MAX or not (signatures + message + seconds).isascii():
        return False
    signed = _signed(message, seconds, body)
    found = False
    for one in signatures.split(" ")[:SIGNATURES_MAX]:
        for key in keys:
            found |= _matches(key, signed, one)
    return found


def of_account(master: Key, account: bytes) -> Key:
    """Derive the secret of one account from ours, so that none is stored and no receiver can sign for another."""
    if isinstance(master, Shared):
        return Shared(hmac.digest(master.key, MASTER_LABEL + account, hashlib.sha256))
    return master


def written(secret: Shared) -> str:
    """Write a secret as its receiver configures it."""
    return SECRET_PREFIX + base64.b64encode(secret.key).decode()


def _signed(message: str, seconds: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (message.encode("ascii"), seconds.encode("ascii"), body)


def _signature(key: Key, signed: bytes) -> str:
    if isinstance(key, Shared):
        return "v1," + base64.b64encode(hmac.digest(key.key, signed, hashlib.sha256)).decode()
    if isinstance(key, Private):
        from techlead.deliver import curves  # noqa: PLC0415 - only who signs for all to check pays for it

        return "v1a," + base64.b64encode(curves.sign_ed25519(key.key, signed)).decode()
    raise ValueError("a public key signs nothing")


def _matches(key: Key, signed: bytes, signature: str) -> bool:
    if isinstance(key, Shared):
        return hmac.compare_digest(_signature(key, signed), signature)
    public = key.public if isinstance(key, Private) else key
    version, _, value = signature.partition(",")
    if version != "v1a":
        return False
    from techlead.deliver import curves  # noqa: PLC0415 - only who signs for all to check pays for it

    try:
        return curves.is_ed25519(public.key, base64.b64decode(value, validate=True), signed)
    except ValueError:
        return False
