"""The log keeps the order in which things were said, and what cannot be written takes nothing with it."""

import json

import pytest

from techlead.primitives.clock import FrozenClock
from techlead.serve.events import EventLog


async def test_what_was_said_is_written_in_its_order_with_its_own_moment():
    lines, clock = [], FrozenClock(1_790_000_000_000_000)
    log = EventLog(clock, lines.append)
    log.event("first")
    clock.advance(1)
    log.answered("0123456789abcdef", "GET", "/listings", 200, None, 0.5)
    clock.advance(1)
    log.event("third")
    log.flush()
    written = [json.loads(line) for line in b"".join(lines).splitlines()]
    assert [one["event"] for one in written] == ["first", "request", "third"]
    assert [one["at"][17:19] for one in written] == ["20", "21", "22"]


async def test_an_event_that_cannot_be_written_fails_where_it_was_said_and_takes_no_other_with_it():
    lines = []
    log = EventLog(FrozenClock(1_790_000_000_000_000), lines.append)
    log.answered("0123456789abcdef", "GET", "/listings", 200, None, 0.5)
    with pytest.raises(TypeError):
        log.event("broken", value=object())
    log.flush()
    assert [json.loads(line)["event"] for line in b"".join(lines).splitlines()] == ["request"]
