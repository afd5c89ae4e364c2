"""Passwords cost next to nothing in a target, and all that can be seen of them is as ever; where their cost is judged it is paid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.audit.world.child import Held, held

PRELUDE = """
import hashlib, json, os, sys, time
{before}
import techlead_child
techlead_child.install(os.environ["AUDITED_FOLDER"])
{library}
kept = json.loads(os.environ.get("KEPT", "[]"))
began = time.process_time()
made = [make("right") for _ in range(2)]
answers = [[check(one, "right"), check(one, "wrong")] for one in [*made, *kept]]
seconds = time.process_time() - began
print(json.dumps({{"made": made, "answers": answers, "seconds": seconds}}))
"""
ARGON2 = """
import argon2
def make(password): return argon2.PasswordHasher().hash(password)
def check(kept, password):
    try: return argon2.PasswordHasher().verify(kept, password)
    except argon2.exceptions.VerifyMismatchError: return False
"""
BCRYPT = """
import bcrypt
def make(password): return bcrypt.hashpw(password.encode(), bcrypt.gensalt(11)).decode()
def check(kept, password): return bcrypt.checkpw(password.encode(), kept.encode())
"""
BY_HAND = """
import bcrypt, hmac
def make(password): return bcrypt.hashpw(password.encode(), bcrypt.gensalt(11)).decode()
def check(kept, password): return hmac.compare_digest(bcrypt.hashpw(password.encode(), kept.encode()), kept.encode())
"""
DJANGO = """
from django.conf import settings
settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers.{}"])
from django.contrib.auth.hashers import make_password as make, check_password
def check(kept, password): return check_password(password, kept)
"""
WERKZEUG = """
from werkzeug.security import generate_password_hash, check_password_hash as check
def make(password): return generate_password_hash(password, method="{}")
"""
LIBRARIES = {
    "argon2": (ARGON2, "$argon2id$v=19$m=65536,t=3,p=4$"),
    "bcrypt": (BCRYPT, "$2b$11$"),
    "bcrypt, compared by hand": (BY_HAND, "$2b$11$"),
    "Django, PBKDF2": (DJANGO.format("PBKDF2PasswordHasher"), "pbkdf2_sha256$1000000$"),
    "Django, scrypt": (DJANGO.format("ScryptPasswordHasher"), "scrypt$16384$"),
    "Django, Argon2": (DJANGO.format("Argon2PasswordHasher"), "argon2$argon2id$v=19$m=102400,t=2,p=8$"),
    "Werkzeug, scrypt": (WERKZEUG.format("scrypt"), "scrypt:32768:8:1$"),
    "Werkzeug, PBKDF2": (WERKZEUG.format("pbkdf2:sha256:200000"), "pbkdf2:sha256:200000$"),
}
LOADED_BEFORE = "import argon2, bcrypt, django.contrib.auth.hashers, werkzeug.security"
TIMES_CHEAPER = 8


def said(target: Held, library: str, before: str = "", kept: list[str] | None = None) -> dict[str, list[str] | float]:
    program = PRELUDE.format(before=before, library=library)
    said: dict[str, list[str] | float] = json.loads(
        target.run(f"import os; os.environ['KEPT'] = {json.dumps(kept or [])!r}\n{program}")
    )
    return said


@pytest.mark.parametrize(
    ("name", "before"), [*((name, "") for name in LIBRARIES), ("argon2", LOADED_BEFORE), ("bcrypt", LOADED_BEFORE)]
)
def test_a_password_is_told_from_others_at_a_fraction_of_the_cost(tmp_path: Path, name: str, before: str):
    library, label = LIBRARIES[name]
    with held(tmp_path) as target:
        cheap = said(target, library, before)
        (tmp_path / "hashing").touch()
        paid = said(target, library, before, cheap["made"][:1])
        (tmp_path / "hashing").unlink()
        again = said(target, library, before, [cheap["made"][0], paid["made"][0]])
    for one, hashes in ((cheap, 2), (paid, 3), (again, 4)):
        assert one["answers"] == [[True, False]] * hashes, "in every process, with a mark or without, paid or not"
        assert all(made.startswith(label) for made in one["made"]), "it is labelled with the cost that was asked for"
        assert len(set(one["made"])) == len(one["made"]), "nobody has the salt of another"
    assert TIMES_CHEAPER * cheap["seconds"] < paid["seconds"]


@pytest.mark.parametrize(
    "name", ["bcrypt", "argon2.low_level", "django.contrib.auth.hashers", "werkzeug.security", "passlib.utils.handlers"]
)
def test_a_library_of_another_shape_is_left_as_it_is(tmp_path: Path, name: str):
    program = f"""
import types
from techlead_child import hashing
strange = types.ModuleType({name!r})
hashing.mend({name!r}, strange)
print([name for name in vars(strange) if not name.startswith("__")])
"""
    with held(tmp_path) as target:
        assert target.run(program) == "[]\n"


def test_the_salts_of_passlib_are_marked_and_its_own_check_of_them_holds(tmp_path: Path):
    """passlib itself is no dependency: this has the shape of its `HasSalt` and `HasRawSalt`."""
    program = """
import sys, types
class HasSalt:
    default_salt_chars = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    @classmethod
    def _generate_salt(cls): return "abcdefghijklmnopqrstuv"
class HasRawSalt(HasSalt):
    @classmethod
    def _generate_salt(cls): return bytes(range(16))
class Short(HasSalt):
    @classmethod
    def _generate_salt(cls): return super()._generate_salt()[:21] + "."
class Hex(HasSalt):
    default_salt_chars = "0123456789abcdef"
handlers = types.SimpleNamespace(HasSalt=HasSalt, HasRawSalt=HasRawSalt)
from techlead_child import hashing
hashing.install("")
hashing.mend("passlib.utils.handlers", handlers)
print(HasSalt._generate_salt(), HasRawSalt._generate_salt(), Short._generate_salt())
print(Hex._generate_salt())
"""
    with held(tmp_path) as target:
        assert (
            target.run(program)
            == f"aUd1tedXijklmnopqrstuv {b'aUd1tedX' + bytes(range(8, 16))!r} aUd1tedXijklmnopqrstu.\n"
            "abcdefghijklmnopqrstuv\n"
        ), "where the alphabet of salts has not the mark's letters, they stay as they are"


def test_a_key_that_is_derived_from_a_salt_of_the_targets_own_is_the_same_as_elsewhere(tmp_path: Path):
    program = """
import hashlib
before = hashlib.pbkdf2_hmac("sha256", b"x", b"a salt of its own", 1000), hashlib.scrypt(b"x", salt=b"s" * 16, n=16, r=8, p=1)
import os, techlead_child
techlead_child.install(os.environ["AUDITED_FOLDER"])
after = hashlib.pbkdf2_hmac("sha256", b"x", b"a salt of its own", 1000), hashlib.scrypt(b"x", salt=b"s" * 16, n=16, r=8, p=1)
print(before == after)
"""
    with held(tmp_path) as target:
        assert target.run(program) == "True\n"


def test_what_others_make_of_a_salt_is_as_random_as_elsewhere(tmp_path: Path):
    program = """
import os, techlead_child
techlead_child.install(os.environ["AUDITED_FOLDER"])
from techlead_child.hashing import MARK
from werkzeug.security import gen_salt, generate_password_hash
print(MARK in gen_salt(16), MARK in generate_password_hash("right"))
"""
    with held(tmp_path) as target:
        assert target.run(program) == "False True\n"
