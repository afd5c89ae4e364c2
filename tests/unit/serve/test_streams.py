"""Places for streams: counted, woken, ended, and remembered just enough."""

from __future__ import annotations

import pytest

from techlead.errors import Overloaded, ShuttingDown, TooManyRequests
from techlead.serve.settings import Settings
from techlead.serve.streams import Streams
from techlead.serve.trail import Trail

ALICE, BOB = b"alice", b"bob"
ONE, TWO, THREE = (bytes([number]) * 16 for number in (1, 2, 3))


def test_a_place_that_was_left_can_be_taken_again() -> None:
    streams = Streams(Settings(sse_clients_max=1))
    place = streams.enter(ALICE)
    with pytest.raises(Overloaded):
        streams.enter(BOB)
    streams.leave(place)
    streams.enter(BOB)


def test_one_account_cannot_take_the_places_of_all() -> None:
    streams = Streams(Settings(sse_clients_of_account_max=2))
    streams.enter(ALICE)
    streams.enter(ALICE)
    with pytest.raises(TooManyRequests) as refused:
        streams.enter(ALICE)
    assert refused.value.headers == (("retry-after", "30"),)
    streams.enter(BOB)


def test_no_place_is_given_between_stop_and_start() -> None:
    streams = Streams(Settings())
    streams.stop()
    with pytest.raises(ShuttingDown):
        streams.enter(ALICE)
    streams.start()
    streams.enter(ALICE)


async def test_only_those_who_are_told_wake_up() -> None:
    streams = Streams(Settings())
    alice, bob = streams.enter(ALICE), streams.enter(BOB)
    streams.told({ALICE, b"nobody here"})
    await alice.wait(60)
    assert not bob._awake.is_set()
    await bob.wait(0.01)


def test_where_two_streams_of_an_account_differ_only_what_both_sent_before_counts_as_seen() -> None:
    streams = Streams(Settings())
    first, second = streams.enter(ALICE), streams.enter(ALICE)
    first.trail, second.trail = Trail([ONE, TWO, THREE]), Trail([TWO, ONE, THREE])
    assert streams.sent_until(ALICE, ONE) == {ONE}
    assert streams.sent_until(ALICE, THREE) == {ONE, TWO, THREE}


def test_a_trail_is_remembered_after_its_stream_ended_but_only_for_its_account() -> None:
    streams = Streams(Settings())
    place = streams.enter(ALICE)
    place.trail = Trail([ONE, TWO])
    streams.leave(place)
    assert streams.sent_until(ALICE, TWO) == {ONE, TWO}
    assert streams.sent_until(BOB, TWO) == {TWO}


def test_no_more_trails_are_remembered_than_there_are_places() -> None:
    streams = Streams(Settings(sse_clients_max=1))
    for sent in (ONE, TWO):
        place = streams.enter(ALICE)
        place.trail = Trail([sent, THREE])
        streams.leave(place)
    assert streams.sent_until(ALICE, THREE) == {TWO, THREE}
