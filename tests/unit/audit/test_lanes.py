"""Work side by side: the most urgent first, and nothing is left behind."""

from __future__ import annotations

import threading

import pytest

from techlead.audit.lanes import Lanes


def test_the_lowest_rank_is_done_first_and_then_what_was_put_first():
    lanes, done, gate = Lanes(1, "lane"), [], threading.Event()
    lanes.put(0, gate.wait)
    for rank, name in ((2, "c"), (1, "a"), (1, "b")):
        lanes.put(rank, lambda name=name: done.append(name))
    gate.set()
    lanes.finish()
    assert done == ["a", "b", "c"]


def test_what_is_asked_for_meanwhile_is_done_too():
    lanes, done = Lanes(2, "lane"), []
    lanes.put(0, lambda: lanes.put(0, lambda: done.append("later")))
    lanes.finish()
    assert done == ["later"]


def test_what_is_put_after_all_is_finished_is_done_at_once():
    lanes, done = Lanes(2, "lane"), []
    lanes.finish()
    lanes.put(0, lambda: done.append(threading.current_thread()))
    assert done == [threading.current_thread()]


def test_what_is_urgent_does_not_wait_for_what_takes_long():
    lanes, gate, urgent = Lanes(1, "lane", urgent=1), threading.Event(), threading.Event()
    lanes.put(0, gate.wait)
    lanes.put(-1, urgent.set)
    assert urgent.wait(30)
    gate.set()
    lanes.finish()


def test_an_urgent_lane_leaves_the_rest_to_others():
    lanes, names = Lanes(1, "lane", urgent=1), []
    for _ in range(20):
        lanes.put(0, lambda: names.append(threading.current_thread().name))
    lanes.finish()
    assert set(names) == {"lane_0"}


def test_narrowed_lanes_begin_only_what_is_urgent_until_they_are_widened_again():
    lanes, names, all_there = Lanes(3, "lane"), [], threading.Barrier(3)

    def noted() -> None:
        names.append(threading.current_thread().name)

    def together() -> None:
        all_there.wait(30)

    lanes.narrow(1)
    for _ in range(20):
        lanes.put(0, noted)
    for _ in range(3):
        lanes.put(-1, together)
    lanes.put(1, lambda: lanes.narrow(3))
    for _ in range(3):
        lanes.put(2, together)
    lanes.finish()
    assert set(names) == {"lane_0"}


def test_what_fails_is_raised_and_the_rest_is_left():
    lanes, done = Lanes(1, "lane"), []

    def fails() -> None:
        raise ZeroDivisionError

    gate = threading.Event()
    lanes.put(0, gate.wait)
    lanes.put(1, fails)
    gate.set()
    with pytest.raises(ZeroDivisionError):
        lanes.finish()
    assert done == []


def test_who_leaves_begins_nothing_more():
    lanes, done, gate = Lanes(1, "lane"), [], threading.Event()
    began = threading.Event()

    def first() -> None:
        began.set()
        gate.wait()

    lanes.put(0, first)
    assert began.wait(30)
    lanes.put(1, lambda: done.append("late"))
    lanes.leave()
    gate.set()
    lanes.end()
    assert done == []
