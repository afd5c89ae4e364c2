"""The tests' own look at answers: an error that tells its cause is noticed, one that does not passes."""

import httpx
import pytest
from conforming import LEAKS, Conforming

DOCUMENT = {"paths": {}, "components": {}}


@pytest.mark.parametrize(
    "told",
    [
        "Traceback (most recent call last)", 'File "/srv/app/rows.py", line 3', "UNIQUE constraint failed: person.email",
        "apsw.BusyError", "SELECT id FROM person", "KeyError: 'title'", "/usr/lib/python3", "uq__person__email", "at 0x7f3a2b1c",
    ],
)  # fmt: skip
def test_an_error_that_tells_its_cause_is_noticed(told):
    with pytest.raises(AssertionError):
        Conforming(DOCUMENT).check("GET", "/nothing", httpx.Response(404, text=told))


def test_an_error_in_plain_words_passes():
    assert LEAKS.search("There is nothing here that you may see.") is None
    Conforming(DOCUMENT).check("GET", "/nothing", httpx.Response(404, text="There is nothing here that you may see."))
