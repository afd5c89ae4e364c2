"""Push messages are those of RFC 8291 and RFC 8292: the vector of the first, and a signature that a receiver can check."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from techlead.deliver.push_encryption import (
    PAYLOAD_BYTES_MAX,
    Browser,
    Vapid,
    decode,
    encode,
    encrypt,
)

PLAIN = b"When I grow up, I want to be a watermelon"
POINT = decode("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
AUTH = decode("BTBZMqHH6r4Tts7J_aSIgg")
OURS = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = decode("DGv6ra1nlYgDCS1FRnbzlw")
SENT = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def given_randomness(count: int) -> bytes:
    """Give what RFC 8291, appendix A, drew: a private key less one, because a scalar begins at one, and a salt."""
    return (int.from_bytes(OURS) - 1).to_bytes(32) if count == 32 else SALT


def test_the_vector_of_rfc_8291():
    assert encode(encrypt(PLAIN, Browser(POINT, AUTH), given_randomness)) == SENT


def test_a_payload_that_no_record_holds_is_refused():
    encrypt(bytes(PAYLOAD_BYTES_MAX), Browser(POINT, AUTH), given_randomness)
    with pytest.raises(ValueError):
        encrypt(bytes(PAYLOAD_BYTES_MAX + 1), Browser(POINT, AUTH), given_randomness)


@pytest.mark.parametrize(
    ("point", "auth"), [(POINT, bytes(15)), (bytes(65), AUTH), (b"\x04" + bytes(64), AUTH), (b"", AUTH)]
)
def test_what_is_no_browser_is_refused(point: bytes, auth: bytes):
    with pytest.raises(ValueError):
        Browser(point, auth)


def test_who_we_are_is_signed_for_one_service():
    vapid = Vapid((7).to_bytes(32), "mailto:ops@example.com")
    told = vapid.authorization("https://push.example.com", 1_800_000_000)
    token, _, public = told.removeprefix("vapid t=").partition(", k=")
    head, claims, signature = token.split(".")
    assert json.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(decode(claims)) == {
        "aud": "https://push.example.com", "exp": 1_800_000_000, "sub": "mailto:ops@example.com",
    }  # fmt: skip
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(public))
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert repr(vapid) == "Vapid(***)"
