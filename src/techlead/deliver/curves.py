"""What is reckoned on elliptic curves, for push messages and public signatures; who needs neither does not load it (8 MB)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256: Final = ec.SECP256R1()


def check_point(point: bytes) -> None:
    """Refuse, with ValueError, what is no point of P-256 (X9.62, uncompressed)."""
    ec.EllipticCurvePublicKey.from_encoded_point(P256, point)


def point_of(private: bytes) -> bytes:
    """Give the public point of a private value of P-256."""
    return _p256(private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def exchange(private: bytes, point: bytes) -> bytes:
    """Give the secret that a private value and somebody's point share (ECDH)."""
    return _p256(private).exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(P256, point))


def derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive a key (HKDF with SHA-256, RFC 5869)."""
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def seal(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """Encrypt, and bind what is encrypted (AES-GCM)."""
    return AESGCM(key).encrypt(nonce, text, None)


def sign_es256(private: bytes, signed: bytes) -> bytes:
    """Sign as ES256 asks (RFC 7518): r and s, of 32 bytes each."""
    r, s = decode_dss_signature(_p256(private).sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def sign_ed25519(private: bytes, signed: bytes) -> bytes:
    """Sign with a private key of 32 bytes (RFC 8032)."""
    return _ed25519(private).sign(signed)


def public_ed25519(private: bytes) -> bytes:
    """Give the public key of a private one."""
    return _ed25519(private).public_key().public_bytes_raw()


def is_ed25519(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Tell whether a signature is that of a public key's owner; ValueError when the key is none."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _p256(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private), P256)


@lru_cache(maxsize=16)
def _ed25519(private: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(private)
