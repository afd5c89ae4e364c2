"""A program is tried before it is handed out."""

from __future__ import annotations

import time

import pytest
from unit.audit.reproduce.book import Attacker, Book, served
from unit.audit.reproduce.test_program import LOG_INS, take_over

from techlead.audit.reproduce.program import program
from techlead.audit.reproduce.verify import shows


@pytest.fixture(scope="module")
def text() -> str:
    with served(Book(hole=True)) as url:
        attacker = Attacker(url)
        return program(take_over(attacker), attacker.answers, LOG_INS) or ""


@pytest.mark.parametrize(("hole", "closed", "shown"), [(True, False, True), (False, False, False), (True, True, False)])
def test_only_a_program_that_finds_its_hole_shows_it(text: str, hole: bool, closed: bool, shown: bool):
    with served(Book(hole=hole, closed=closed)) as url:
        assert shows(text, url) is shown


@pytest.mark.parametrize(
    "broken", ["", "import nothing_of_this_name", "def hole(:", "def hole():\n    raise SystemExit(1)"]
)
def test_a_broken_program_shows_nothing(broken: str):
    assert shows(broken, "http://127.0.0.1:9") is False


def test_a_program_that_does_not_end_is_not_waited_for():
    began = time.monotonic()
    assert shows("import time\ndef hole():\n    time.sleep(3)\n    return True", "http://127.0.0.1:9", 0.2) is False
    assert time.monotonic() - began < 2
