"""A secret is used where it is asked for by name, and shown nowhere."""

import json
import pickle

import msgspec
import pytest

from techlead.primitives.secret import SecretText

SECRET = SecretText("correct horse")


@pytest.mark.parametrize("show", [str, repr, lambda secret: f"{secret}", lambda secret: f"{secret!r:>40}", lambda secret: "%s" % secret])
def test_no_way_of_printing_shows_it(show):
    assert "horse" not in show(SECRET)
    assert "***" in show(SECRET)


@pytest.mark.parametrize("write", [json.dumps, pickle.dumps, msgspec.json.encode, msgspec.msgpack.encode])
def test_no_serialiser_writes_it(write):
    with pytest.raises(TypeError):
        write(SECRET)


def test_it_is_revealed_by_name_and_compared_without_being_shown():
    assert SECRET.reveal() == "correct horse"
    assert SecretText("correct horse") == SECRET
    assert SecretText("battery") != SECRET
    assert SECRET != "correct horse"
    with pytest.raises(TypeError):
        hash(SECRET)
