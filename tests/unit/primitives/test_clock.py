"""Time is whole microseconds in UTC, and only text with an offset is read as a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techlead.primitives import clock

MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))


@given(MOMENTS)
def test_a_moment_reads_back_as_it_was_written(moment):
    us = clock.to_us(moment)
    assert clock.to_datetime(us) == moment
    assert clock.parse_timestamp(clock.to_datetime(us).isoformat().replace("+00:00", "Z")) == us


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        clock.to_us(datetime(2026, 5, 1))  # noqa: DTZ001 - what is tested
    with pytest.raises(ValueError, match="offset"):
        clock.parse_timestamp("2026-05-01T12:00:00")


@pytest.mark.parametrize(
    "wrong",
    ["", "2026-05-01", "2026-02-30T00:00:00Z", "2026-05-01T24:00:00Z", "2026-05-01T12:00:00+99:00", "٢٠٢٦-05-01T12:00:00Z",
     "2026-05-01T12:00:60Z", "0000-01-01T00:00:00Z", "20260501T120000Z", "2026-W01-1T00:00:00Z", "0001-01-01T00:00:00+14:00x"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(wrong):
    with pytest.raises(ValueError, match="must be a date and time"):
        clock.parse_timestamp(wrong)


@given(st.text(alphabet="0123456789-:TZ+. ", max_size=32))
def test_any_text_is_a_moment_or_a_clear_refusal(text):
    try:
        clock.parse_timestamp(text)
    except ValueError as error:
        assert str(error).startswith("must be")  # noqa: PT017 - the message is the claim


def test_a_frozen_clock_moves_only_when_told():
    frozen = clock.FrozenClock(1_000_000)
    assert (frozen(), frozen()) == (1_000_000, 1_000_000)
    frozen.advance(1.5)
    assert frozen() == 2_500_000


def test_the_system_clock_tells_the_time_of_the_machine():
    assert abs(clock.to_datetime(clock.system_clock()) - datetime.now(UTC)) < timedelta(seconds=5)
