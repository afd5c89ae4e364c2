"""A trail remembers what was sent for as long as it could be met again, and no longer."""

from __future__ import annotations

from techlead.serve.trail import LATE_SECONDS, SENT_MAX, Trail, before, id_at, moment_of

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
LOWEST = id_at(NOW - LATE_SECONDS * SECOND)


def message(seconds: float, tail: int = 0) -> bytes:
    return id_at(NOW + int(seconds * SECOND))[:14] + tail.to_bytes(2)


def test_an_id_tells_the_moment_of_its_transaction() -> None:
    assert moment_of(message(1.5)) == NOW + 1_500_000
    assert id_at(NOW) == message(0)
    assert id_at(-1) == bytes(16)


def test_a_message_that_was_sent_is_known() -> None:
    trail = Trail()
    trail.add(message(0), LOWEST)
    assert message(0) in trail
    assert message(1) not in trail


def test_what_was_sent_up_to_a_message_follows_the_order_of_sending_and_not_of_ids() -> None:
    trail = Trail()
    for sent in (message(2), message(1), message(3)):
        trail.add(sent, LOWEST)
    assert trail.until(message(2)) == {message(2)}
    assert trail.until(message(1)) == {message(2), message(1)}


def test_it_forgets_what_no_look_can_meet_any_more() -> None:
    trail = Trail()
    trail.add(message(0), message(0))
    trail.add(message(LATE_SECONDS + 1), message(1))
    assert message(0) not in trail
    assert trail.forgotten == b""


def test_it_keeps_what_a_reader_who_was_silent_for_long_can_meet_on_return() -> None:
    trail = Trail()
    trail.add(message(0), message(0))
    trail.add(message(1), message(3_600))
    assert message(0) in trail
    assert before(message(1)) < message(0)


def test_a_message_from_a_clock_ahead_makes_it_forget_nothing_that_is_needed() -> None:
    trail = Trail()
    trail.add(message(0), LOWEST)
    trail.add(message(600), LOWEST)
    assert message(0) in trail


def test_an_older_message_than_all_before_is_kept_as_well() -> None:
    trail = Trail()
    trail.add(message(-3_600), LOWEST)
    assert message(-3_600) in trail


def test_it_never_holds_more_than_its_limit_and_says_what_it_dropped() -> None:
    trail = Trail()
    for number in range(SENT_MAX + 1):
        trail.add(message(0, number), LOWEST)
    assert message(0, 0) not in trail
    assert trail.forgotten == message(0, 0)
    assert message(0, 1) in trail
    assert message(0, SENT_MAX) in trail
