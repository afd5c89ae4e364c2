"""Randomness by the page: nothing is given twice, whoever asks from wherever."""

import os
import threading

import pytest

from techlead.serve.randomness import PAGE_BYTES, Randomness

ASKERS = 8
TIMES = 4_000


@pytest.mark.parametrize("count", [0, 1, 8, 10, PAGE_BYTES, PAGE_BYTES + 1])
def test_as_many_bytes_come_as_were_asked_for(count: int) -> None:
    give = Randomness()
    assert {len(give(count)) for _ in range(5)} == {count}


def test_the_system_is_asked_once_a_page_and_every_byte_comes_from_it() -> None:
    asked: list[bytes] = []

    def ask(count: int) -> bytes:
        asked.append(os.urandom(count))
        return asked[-1]

    give = Randomness(ask)
    given = [give(8) for _ in range(PAGE_BYTES // 8 + 1)]
    assert len(asked) == 2
    assert b"".join(asked).startswith(b"".join(given))


def test_no_two_threads_are_given_the_same() -> None:
    give, given = Randomness(), [list[bytes]() for _ in range(ASKERS)]
    threads = [threading.Thread(target=lambda own=own: own.extend(give(16) for _ in range(TIMES))) for own in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for own in given for one in own}) == ASKERS * TIMES


def test_a_forked_process_is_not_given_what_its_parent_gives() -> None:
    from techlead.serve.randomness import random_bytes

    random_bytes(8)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, random_bytes(16))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 16)
    os.close(reading)
    os.close(writing)
    assert len(theirs) == 16
    assert theirs != random_bytes(16)
