"""What a browser's push service asks of a message: encrypted for that browser alone (RFC 8291), from a known sender (RFC 8292)."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ORDER: Final = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
"""How many private values P-256 has (SEC 2, section 2.4.2)."""
SALT_BYTES: Final = 16
AUTH_BYTES: Final = 16
PRIVATE_BYTES: Final = 32
POINT_BYTES: Final = 65
RECORD_BYTES: Final = 4_096
PAYLOAD_BYTES_MAX: Final = 3_993
"""What one record of 4,096 bytes holds (RFC 8291 section 4)."""
LAST_RECORD: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Browser:
    """Where one browser listens: its public key and the secret it gave."""

    point: bytes
    auth: bytes

    def __post_init__(self) -> None:
        """Refuse what is no point of the curve; ValueError."""
        if len(self.auth) != AUTH_BYTES:
            raise ValueError(f"must have an auth secret of {AUTH_BYTES} bytes")
        from techlead.deliver import curves  # noqa: PLC0415 - only who pushes pays for it

        try:
            curves.check_point(self.point)
        except ValueError:
            raise ValueError("must have a public key on the curve P-256") from None


def encrypt(payload: bytes, browser: Browser, random: Callable[[int], bytes]) -> bytes:
    """Encrypt for one browser (aes128gcm, RFC 8188); ValueError when the payload is too long."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"must be at most {PAYLOAD_BYTES_MAX} bytes")
    from techlead.deliver import curves  # noqa: PLC0415 - only who pushes pays for it

    ours = scalar(random(PRIVATE_BYTES))
    point = curves.point_of(ours)
    shared = curves.exchange(ours, browser.point)
    secret = curves.derive(shared, browser.auth, b"WebPush: info\0" + browser.point + point, 32)
    salt = random(SALT_BYTES)
    key = curves.derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = curves.derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!LB", RECORD_BYTES, len(point)) + point
    return head + curves.seal(key, nonce, payload + LAST_RECORD)


@dataclass(frozen=True, slots=True)
class Vapid:
    """Who we are to push services: a private key of P-256 (32 bytes), and whom to write to about us."""

    private: bytes
    contact: str

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "Vapid(***)"

    @property
    def public(self) -> str:
        """What a browser is told as `applicationServerKey`."""
        from techlead.deliver import curves  # noqa: PLC0415 - only who pushes pays for it

        return encode(curves.point_of(self.private))

    def authorization(self, origin: str, expires_seconds: int) -> str:
        """Sign who we are for one push service (`aud` is its origin), until a moment."""
        from techlead.deliver import curves  # noqa: PLC0415 - only who pushes pays for it

        claims = {"aud": origin, "exp": expires_seconds, "sub": self.contact}
        signed = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        signature = encode(curves.sign_es256(self.private, signed.encode()))
        return f"vapid t={signed}.{signature}, k={self.public}"


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding; ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def scalar(random: bytes) -> bytes:
    """Make a private value of P-256 of 32 random bytes; the group is so near 2**256 that what is left over shows nothing."""
    return (int.from_bytes(random) % (ORDER - 1) + 1).to_bytes(32)
