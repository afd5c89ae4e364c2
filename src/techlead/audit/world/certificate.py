"""Certificates for the neighbours, minted in memory for each run: P-256 keys, X.509 v3 by hand, no file of secrets in the house.

Good for neighbours on loopback alone: the arithmetic is not constant in time. Sources: SEC 1, SEC 2 (curve secp256r1), RFC 5280, RFC 5758.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

Point = tuple[int, int] | None

PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
GENERATOR: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

SEQUENCE, SET, INTEGER, BITS, OCTETS, NAME, TEXT, TIME = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x18
LONG_FORM = 0x80  # of a length, in DER
EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
CURVE = bytes.fromhex("2a8648ce3d030107")
ECDSA_SHA256 = bytes.fromhex("2a8648ce3d040302")
COMMON_NAME = bytes.fromhex("550403")
ALTERNATIVE_NAMES = bytes.fromhex("551d11")
CONSTRAINTS = bytes.fromhex("551d13")
KEY_USAGE = bytes.fromhex("551d0f")
SUBJECT_KEY = bytes.fromhex("551d0e")
AUTHORITY_KEY = bytes.fromhex("551d23")
VALID_FROM, VALID_UNTIL = b"20200101000000Z", b"20991231235959Z"  # wide: the target's clock is moved by hours and years


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, both as PEM."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs: a name, a private number and its own certificate."""

    name: str
    number: int
    certificate: str


def authority(name: str = "techlead audit", random: Callable[[int], int] = secrets.randbelow) -> Authority:
    """Mint an authority of its own; `random(n)` gives a number below n."""
    number = 1 + random(ORDER - 1)
    public = _public(number)
    extensions = (
        _extension(CONSTRAINTS, _der(SEQUENCE, b"\x01\x01\xff"), critical=True),
        _extension(KEY_USAGE, _der(BITS, b"\x01\x06"), critical=True),
        _extension(SUBJECT_KEY, _der(OCTETS, _fingerprint(public))),
    )
    body = _body(name, name, public, extensions, 1 + random(2**62))
    return Authority(name, number, _pem("CERTIFICATE", _signed(body, number, random)))


def certificate(host: str, by: Authority, random: Callable[[int], int] = secrets.randbelow) -> Certificate:
    """Mint a certificate for one host name or address, signed by `by`."""
    number = 1 + random(ORDER - 1)
    public = _public(number)
    identifier = _der(0x80, _fingerprint(_public(by.number)))
    extensions = (
        _extension(CONSTRAINTS, _der(SEQUENCE, b""), critical=True),
        _extension(ALTERNATIVE_NAMES, _der(SEQUENCE, _alternative(host))),
        _extension(SUBJECT_KEY, _der(OCTETS, _fingerprint(public))),
        _extension(AUTHORITY_KEY, _der(SEQUENCE, identifier)),
    )
    body = _body(by.name, host[:64], public, extensions, 1 + random(2**62))
    return Certificate(_pem("CERTIFICATE", _signed(body, by.number, random)), _private_pem(number, public))


def self_signed(host: str, random: Callable[[int], int] = secrets.randbelow) -> Certificate:
    """Mint a certificate that nobody the target trusts has signed."""
    return certificate(host, authority(f"nobody for {host}"[:64], random), random)


def _alternative(host: str) -> bytes:
    try:
        return _der(0x87, ip_address(host).packed)
    except ValueError:
        return _der(0x82, host.encode("ascii", "replace"))


def _body(issuer: str, subject: str, public: bytes, extensions: tuple[bytes, ...], serial: int) -> bytes:
    algorithm = _der(SEQUENCE, _der(NAME, ECDSA_SHA256))
    key = _der(SEQUENCE, _der(SEQUENCE, _der(NAME, EC_PUBLIC_KEY), _der(NAME, CURVE)), _der(BITS, b"\x00" + public))
    return _der(
        SEQUENCE,
        _der(0xA0, _number(2)),
        _number(serial),
        algorithm,
        _named(issuer),
        _der(SEQUENCE, _der(TIME, VALID_FROM), _der(TIME, VALID_UNTIL)),
        _named(subject),
        key,
        _der(0xA3, _der(SEQUENCE, *extensions)),
    )


def _signed(body: bytes, number: int, random: Callable[[int], int]) -> bytes:
    first, second = _sign(body, number, random)
    signature = _der(SEQUENCE, _number(first), _number(second))
    return _der(SEQUENCE, body, _der(SEQUENCE, _der(NAME, ECDSA_SHA256)), _der(BITS, b"\x00" + signature))


def _sign(message: bytes, number: int, random: Callable[[int], int]) -> tuple[int, int]:
    digest = int.from_bytes(hashlib.sha256(message).digest())
    while True:
        nonce = 1 + random(ORDER - 1)
        point = _times(nonce, GENERATOR)
        first = point[0] % ORDER if point else 0
        second = pow(nonce, -1, ORDER) * (digest + first * number) % ORDER
        if first and second:
            return first, second


def _public(number: int) -> bytes:
    point = _times(number, GENERATOR)
    if point is None:
        raise ValueError("The private number is a multiple of the curve's order.")
    return b"\x04" + point[0].to_bytes(32) + point[1].to_bytes(32)


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _plus(total, point)
        point = _plus(point, point)
        factor >>= 1
    return total


def _plus(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0] and (left[1] + right[1]) % PRIME == 0:
        return None
    if left == right:
        slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, PRIME) % PRIME
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, PRIME) % PRIME
    x = (slope * slope - left[0] - right[0]) % PRIME
    return x, (slope * (left[0] - x) - left[1]) % PRIME


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, LONG_FORM | len(length))) + length + content


def _number(value: int) -> bytes:
    return _der(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _named(name: str) -> bytes:
    return _der(SEQUENCE, _der(SET, _der(SEQUENCE, _der(NAME, COMMON_NAME), _der(TEXT, name.encode()))))


def _extension(name: bytes, value: bytes, *, critical: bool = False) -> bytes:
    return _der(SEQUENCE, _der(NAME, name), b"\x01\x01\xff" if critical else b"", _der(OCTETS, value))


def _fingerprint(public: bytes) -> bytes:
    return hashlib.sha1(public, usedforsecurity=False).digest()


def _private_pem(number: int, public: bytes) -> str:
    key = _der(
        SEQUENCE,
        _number(1),
        _der(OCTETS, number.to_bytes(32)),
        _der(0xA0, _der(NAME, CURVE)),
        _der(0xA1, _der(BITS, b"\x00" + public)),
    )
    return _pem("EC PRIVATE KEY", key)


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode().replace("\n", "")
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
