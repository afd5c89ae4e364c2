"""How far the clock jumps at a time while messages are waited for."""

from __future__ import annotations

from techlead.audit.attacks.outbound.pace import COARSE, FINE_SECONDS, _size


def test_at_first_it_goes_second_by_second():
    assert _size(0.0, 5.0, fine=True) == 1.0


def test_through_silence_it_goes_faster():
    assert _size(100.0, 200.0, fine=False) > _size(10.0, 200.0, fine=False) > 1.0


def test_a_fine_walk_sees_a_wait_of_a_minute_to_four_seconds():
    assert _size(60.0, 80.0, fine=True) <= 4.0


def test_after_a_quarter_of_an_hour_no_message_is_stalked_by_the_second():
    assert _size(0.0, FINE_SECONDS + 1, fine=True) > FINE_SECONDS * COARSE > 1.0
