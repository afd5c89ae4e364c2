"""How a password is stored is recognised, and what is sound stays unmentioned."""

from __future__ import annotations

import base64
import hashlib

import pytest
from argon2 import PasswordHasher
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from werkzeug.security import generate_password_hash

from techlead.audit.detect.hashes import decoded, looks_hashed, weakness

PASSWORD = "Quarry-41-lantern-Moss"
SALT = "7f3a9c1d"


def digest(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, text.encode()).hexdigest()


WEAK = [
    (PASSWORD, "in clear"),
    (base64.b64encode(PASSWORD.encode()).decode(), "as base64"),
    (PASSWORD[::-1], "backwards"),
    (digest("md5", PASSWORD), "one round of md5 without"),
    (digest("sha256", PASSWORD), "one round of sha256 without"),
    (digest("sha512", PASSWORD + SALT), "one round of sha512 with a salt"),
    (f"{SALT}${digest('sha1', SALT + PASSWORD)}", "one round of sha1 with a salt"),
    (f"sha256:{SALT}:{digest('sha256', SALT + PASSWORD)}", "one round of sha256 with a salt"),
    ("$2b$04$" + "a" * 53, "bcrypt with a cost of 04"),
    ("pbkdf2:sha256:1000$salt$" + "0" * 64, "PBKDF2"),
    ("$argon2id$v=19$m=512,t=1,p=1$c2FsdHNhbHQ$aGFzaA", "argon2"),
]


@pytest.mark.parametrize(("stored", "how"), WEAK)
def test_a_weak_store_is_named(stored: str, how: str) -> None:
    found = weakness(stored, PASSWORD, (SALT,))
    assert found is not None
    assert how in found


@pytest.mark.parametrize(
    "stored",
    [
        PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD),
        PBKDF2PasswordHasher().encode(PASSWORD, "salt1234", 100_000),
        generate_password_hash(PASSWORD),
        "$2b$12$" + "a" * 53,
        digest("sha256", "another password"),
        "",
    ],
    ids=["argon2id", "pbkdf2", "werkzeug", "bcrypt", "of another", "nothing"],
)
def test_what_is_sound_or_something_else_is_passed_over(stored: str) -> None:
    assert weakness(stored, PASSWORD, (SALT,)) is None


def test_notations_of_hashes_are_known() -> None:
    assert looks_hashed(generate_password_hash(PASSWORD))
    assert looks_hashed("$2b$12$" + "a" * 53)
    assert not looks_hashed(digest("sha256", PASSWORD))


def test_columns_of_bytes_are_read() -> None:
    assert decoded(b"$2b$12$abc") == "$2b$12$abc"
    assert decoded(bytes([0xFF, 0x00])) == "ff00"
