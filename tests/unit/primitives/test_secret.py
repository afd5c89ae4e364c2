"""A secret is used where it is asked for by name, and shown nowhere."""

import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives.secret import SecretText

SECRET = SecretText("correct horse")
SHOWS = [
    str,
    repr,
    ascii,
    pprint.pformat,
    lambda secret: f"{secret}",
    lambda secret: f"{secret!r:>40}",
    lambda secret: f"{secret:.4}",
    lambda secret: f"{secret:>40}",
    lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways
    lambda secret: "{} {!r}".format(secret, [secret]),  # noqa: UP032 - another
    lambda secret: str({"password": secret}),
    lambda secret: json.dumps({"password": secret}, default=str),
    lambda secret: json.dumps({"password": secret}, default=repr),
]


@pytest.mark.parametrize("show", SHOWS)
def test_no_way_of_printing_shows_it(show):
    assert "horse" not in show(SECRET)
    assert "corr" not in show(SECRET)
    assert "***" in show(SECRET)


@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        pickle.dumps,
        lambda secret: pickle.dumps(secret, protocol=0),
        lambda secret: pickle.dumps([secret], protocol=5),
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        lambda secret: secret.__getstate__(),
        vars,
        dict,
        list,
        len,
        bytes,
        hash,
    ],
)
def test_no_serialiser_and_no_container_takes_it_apart(write):
    with pytest.raises(TypeError) as refusal:
        write(SECRET)
    assert "horse" not in str(refusal.value)


def test_a_log_and_a_traceback_with_its_locals_show_stars(caplog):
    def fail(password):
        raise ValueError(password)

    with pytest.raises(ValueError, match=r"\*\*\*") as failure:
        fail(SECRET)
    shown = "".join(traceback.TracebackException.from_exception(failure.value, capture_locals=True).format())
    logging.getLogger("test").warning("login %s", SECRET)
    assert "***" in shown
    assert "horse" not in shown + caplog.text


def test_a_record_that_holds_one_shows_stars_and_copies_it_as_it_is():
    record = dataclasses.make_dataclass("Credentials", ["password"])(SECRET)
    assert repr(record).endswith("(password=SecretText(***))")
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy(record).password is SECRET
    assert dataclasses.asdict(record)["password"] is SECRET


@given(st.text(), st.text())
def test_two_secrets_are_equal_when_their_texts_are(one, other):
    assert (SecretText(one) == SecretText(other)) == (one == other)
    assert SecretText(one) == SecretText(one)
    assert SecretText(one).reveal() == one


def test_half_a_character_can_be_compared_too():
    assert SecretText("\ud800") != SecretText("\ud801")
    assert SecretText("\ud800") == SecretText("\ud800")


def test_a_secret_is_never_equal_to_a_plain_text():
    assert SECRET != "correct horse"
    assert SECRET != b"correct horse"
    assert SECRET is not None


def test_a_secret_never_changes():
    with pytest.raises(TypeError, match="never changed"):
        SECRET._text = "other"
    with pytest.raises(TypeError, match="never changed"):
        del SECRET._text
    with pytest.raises(TypeError, match="never changed"):
        SECRET.other = "other"


@pytest.mark.parametrize("wrong", [None, b"bytes", 1, SECRET])
def test_a_secret_is_made_of_text_only(wrong):
    with pytest.raises(TypeError, match="made of a str"):
        SecretText(wrong)
