"""Signatures are those of Standard Webhooks: its vector, its own library as the oracle, and no header that breaks anything."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from techlead.deliver.signing import Private, Public, Shared, of_account, read_key, sign, verify, written

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, SECONDS, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
PRIVATE = Private(bytes(range(32)))


def test_the_vector_of_the_specification():
    assert sign([read_key(SECRET)], ID, SECONDS, BODY) == SIGNATURE
    assert verify([read_key(SECRET)], ID, str(SECONDS), BODY, SIGNATURE)


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(codec="utf-8"), max_size=200))
def test_the_library_of_the_specification_agrees(key: bytes, body: str):
    seconds = int(datetime.now(UTC).timestamp())
    secret = written(Shared(key))
    headers = {"webhook-id": ID, "webhook-timestamp": str(seconds)}
    headers["webhook-signature"] = sign([read_key(secret)], ID, seconds, body.encode())
    theirs = Oracle(secret)
    theirs.verify(
        f'"{ID}"', {**headers, "webhook-signature": sign([read_key(secret)], ID, seconds, f'"{ID}"'.encode())}
    )
    assert theirs.sign(ID, datetime.fromtimestamp(seconds, UTC), body) == headers["webhook-signature"]
    with pytest.raises(WebhookVerificationError):
        theirs.verify(body + "x", headers)


def test_a_public_key_checks_what_its_private_key_signed():
    signature = sign([PRIVATE], ID, SECONDS, BODY)
    assert signature.startswith("v1a,")
    public = read_key(str(PRIVATE.public))
    assert isinstance(public, Public)
    assert verify([public], ID, str(SECONDS), BODY, signature)
    assert not verify([public], ID, str(SECONDS), BODY + b" ", signature)
    with pytest.raises(ValueError):
        sign([public], ID, SECONDS, BODY)


def test_while_keys_rotate_either_of_them_is_enough():
    old, new = Shared(b"o" * 32), Shared(b"n" * 32)
    both = sign([new, old, PRIVATE], ID, SECONDS, BODY)
    for key in (old, new, PRIVATE.public):
        assert verify([key], ID, str(SECONDS), BODY, both)
    assert not verify([Shared(b"x" * 32)], ID, str(SECONDS), BODY, both)


def test_what_was_signed_for_one_is_not_signed_for_another():
    master = Shared(b"m" * 32)
    alice, bob = of_account(master, b"a" * 16), of_account(master, b"b" * 16)
    assert not verify([bob], ID, str(SECONDS), BODY, sign([alice], ID, SECONDS, BODY))
    assert of_account(PRIVATE, b"a" * 16) == PRIVATE


@pytest.mark.parametrize(
    "changed", [(ID + "x", str(SECONDS), BODY), (ID, "1", BODY), (ID, str(SECONDS), BODY[:-1] + b"]")]
)
def test_anything_changed_is_refused(changed: tuple[str, str, bytes]):
    assert not verify([read_key(SECRET)], *changed, SIGNATURE)


@given(st.text(max_size=300))
def test_no_header_breaks_the_check(header: str):
    assert not verify([read_key(SECRET), PRIVATE.public], ID, str(SECONDS), BODY, header)
    assert not verify([read_key(SECRET)], header, header, BODY, SIGNATURE)


def test_only_the_first_signatures_of_a_long_header_are_looked_at():
    assert not verify([read_key(SECRET)], ID, str(SECONDS), BODY, "v1,x " * 100 + SIGNATURE)
    assert not verify([read_key(SECRET)], ID, str(SECONDS), BODY, "v1,x " * 1_000 + SIGNATURE)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_!!!!", "whsec_QUJD", "whsk_QUJD", "whpk_QUJD", "secret", "whsec_" + "A" * 200]
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str):
    with pytest.raises(ValueError) as raised:
        read_key(text)
    assert not text or "QUJD" not in str(raised.value)


def test_a_key_shows_nothing_of_itself():
    assert "MfKQ" not in repr(read_key(SECRET))
    assert repr(PRIVATE) == "Private(***)"
