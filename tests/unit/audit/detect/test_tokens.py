"""Tokens are read, cracked and forged so that the libraries that issued them agree; a strong key is not found."""

from __future__ import annotations

import jwt
import pytest
from flask import Flask, session
from itsdangerous import BadSignature

from techlead.audit.detect import tokens

STRONG = "k" * 64
KEYS = ("secret", "dev", "fallback-key-of-the-source-that-is-long-enough")


def issued(key: str, algorithm: str = "HS256") -> tokens.Token:
    token = tokens.read(jwt.encode({"sub": "7", "exp": 2_000_000_000}, key.ljust(64, "="), algorithm=algorithm))
    assert token is not None
    return token


def test_a_token_is_read() -> None:
    token = issued("x")
    assert token.algorithm == "HS256"
    assert token.expires() == 2_000_000_000
    assert token.claims["sub"] == "7"


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.b", "e30.W10.AA"])
def test_what_is_no_token_is_not_read(text: str) -> None:
    assert tokens.read(text) is None


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_known_key_is_found_and_signs_what_the_library_takes(algorithm: str) -> None:
    key = KEYS[2].ljust(64, "=")
    token = issued(KEYS[2], algorithm)
    found = tokens.crack(token, (*KEYS, key))
    assert found == key
    forged = tokens.sign(token.but(sub="8"), found)
    assert jwt.decode(forged, key, algorithms=[algorithm])["sub"] == "8"


def test_a_strong_key_is_not_found() -> None:
    assert tokens.crack(issued(STRONG), KEYS) is None


def test_keys_of_digits_are_all_tried() -> None:
    keys = tokens.digit_keys()
    assert [next(keys) for _ in range(12)] == [*"0123456789", "00", "01"]


def test_forgeries_pass_only_without_verification() -> None:
    ways = dict(tokens.unsigned(issued(STRONG)))
    assert len(ways) == 5
    for written in ways.values():
        assert jwt.decode(written, options={"verify_signature": False})["sub"] == "7"
        with pytest.raises(jwt.PyJWTError):
            jwt.decode(written, STRONG, algorithms=["HS256"])


def flask_cookie(key: str) -> tuple[Flask, str]:
    app = Flask(__name__)
    app.secret_key = key
    with app.test_request_context():
        session["user"] = 7
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return app, serializer.dumps(dict(session))


def test_a_cookie_of_flask_is_cracked_and_signed() -> None:
    app, cookie = flask_cookie("dev")
    assert tokens.crack_cookie(cookie, KEYS) == "dev"
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    assert serializer.loads(tokens.sign_cookie(cookie.rpartition(".")[0], "dev")) == {"user": 7}
    with pytest.raises(BadSignature):
        serializer.loads(tokens.sign_cookie(cookie.rpartition(".")[0], "secret"))


def test_a_cookie_with_a_strong_key_keeps_it() -> None:
    assert tokens.crack_cookie(flask_cookie(STRONG)[1], KEYS) is None
    assert tokens.crack_cookie("no cookie", KEYS) is None


def test_a_report_names_a_key_without_giving_it_away() -> None:
    assert "secret" not in tokens.fingerprint("secret-key")
