"""What a browser's push service asks of a message: encrypted for that browser alone (RFC 8291), from a known sender (RFC 8292)."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
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
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(CURVE, self.point)
        except ValueError:
            raise ValueError("must have a public key on the curve P-256") from None


def encrypt(payload: bytes, browser: Browser, random: Callable[[int], bytes]) -> bytes:
    """Encrypt for one browser (aes128gcm, RFC 8188); ValueError when the payload is too long."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"must be at most {PAYLOAD_BYTES_MAX} bytes")
    ours = ec.derive_private_key(_scalar(random(PRIVATE_BYTES)), CURVE)
    point = _point(ours)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, browser.point)
    secret = _derive(ours.exchange(ec.ECDH(), theirs), browser.auth, b"WebPush: info\0" + browser.point + point, 32)
    salt = random(SALT_BYTES)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!LB", RECORD_BYTES, len(point)) + point
    return head + AESGCM(key).encrypt(nonce, payload + LAST_RECORD, None)


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
        return encode(_point(ec.derive_private_key(int.from_bytes(self.private), CURVE)))

    def authorization(self, origin: str, expires_seconds: int) -> str:
        """Sign who we are for one push service (`aud` is its origin), until a moment."""
        key = ec.derive_private_key(int.from_bytes(self.private), CURVE)
        claims = {"aud": origin, "exp": expires_seconds, "sub": self.contact}
        signed = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={signed}.{encode(r.to_bytes(32) + s.to_bytes(32))}, k={self.public}"


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding; ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _scalar(random: bytes) -> int:
    """Make a private value of 32 random bytes; the group is so near 2**256 that what is left over shows nothing."""
    return int.from_bytes(random) % (CURVE.group_order - 1) + 1
