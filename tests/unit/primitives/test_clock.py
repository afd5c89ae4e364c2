"""Time is whole microseconds in UTC, and only text with an offset is read as a moment."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from techlead.primitives import clock

OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS)  # noqa: DTZ001 - the bounds of `timezones`
MOMENTS_US = st.integers(clock.MOMENT_MIN_US, clock.MOMENT_MAX_US)


@given(MOMENTS)
def test_a_moment_reads_back_as_it_was_written_whatever_its_offset(moment):
    us = clock.to_us(moment)
    assert clock.to_datetime(us) == moment
    assert clock.parse_timestamp(moment.isoformat()) == us
    assert clock.parse_timestamp(moment.isoformat(sep="t").lower()) == us


@given(MOMENTS_US)
@example(clock.MOMENT_MIN_US)
@example(clock.MOMENT_MAX_US)
def test_every_microsecond_of_ten_thousand_years_has_its_datetime(us):
    moment = clock.to_datetime(us)
    assert moment.tzinfo is UTC
    assert clock.to_us(moment) == us
    assert clock.parse_timestamp(moment.isoformat().replace("+00:00", "Z")) == us


@pytest.mark.parametrize("us", [clock.MOMENT_MIN_US - 1, clock.MOMENT_MAX_US + 1, 2**63 - 1, -(2**63), 10**40])
def test_a_moment_no_datetime_can_hold_is_refused(us):
    with pytest.raises(ValueError, match="years 1 and 9999"):
        clock.to_datetime(us)


class NowhereZone(tzinfo):
    """A zone that does not know its offset, which makes a datetime as naive as none does."""

    def utcoffset(self, _moment):
        return None


@pytest.mark.parametrize("zone", [None, NowhereZone()])
def test_a_moment_without_an_offset_is_refused(zone):
    with pytest.raises(ValueError, match="offset"):
        clock.to_us(datetime(2026, 5, 1, tzinfo=zone))
    with pytest.raises(ValueError, match="offset"):
        clock.parse_timestamp("2026-05-01T12:00:00")


@pytest.mark.parametrize(
    ("written", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.000001999Z", 1),
        ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
        ("1996-12-19T16:39:57-08:00", 851_042_397_000_000),
        ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000),
    ],
)
def test_the_examples_of_rfc_3339_are_read(written, us):
    assert clock.parse_timestamp(written) == us


@pytest.mark.parametrize(
    "wrong",
    [
        "", "2026-05-01", "12:00:00Z", "2026-05-01 12:00:00Z", "2026-05-01T12:00Z", "2026-05-01T12:00:00",
        "20260501T120000Z", "2026-W01-1T00:00:00Z", "2026-05-01T24:00:00Z", "2026-05-01T12:60:00Z",
        "2026-05-01T12:00:60Z", "1990-12-31T23:59:60Z", "2026-05-01T12:00:00+24:00", "2026-05-01T12:00:00+01:60",
        "2026-05-01T12:00:00+0100", "2026-05-01T12:00:00+01", "2026-05-01T12:00:00.Z", "2026-05-01T12:00:00,5Z",
        "2026-05-01T12:00:00.0123456789Z", "+2026-05-01T12:00:00Z", "12026-05-01T12:00:00Z", "2026-05-01T12:00:00Z\n",
        " 2026-05-01T12:00:00Z", "٢٠٢٦-05-01T12:00:00Z", "2026-05-01T12:00:00\u22121:00", "2026-05-01T12:00:00+01:00:30",
    ],
)  # fmt: skip
def test_what_is_not_rfc_3339_is_refused_with_an_example(wrong):
    with pytest.raises(ValueError, match="such as 2026-05-01T12:00:00Z"):
        clock.parse_timestamp(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "1900-02-29T00:00:00Z",
    ],
)
def test_a_day_that_never_was_is_refused(wrong):
    with pytest.raises(ValueError, match="that exists"):
        clock.parse_timestamp(wrong)


@pytest.mark.parametrize("wrong", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_an_offset_cannot_lead_out_of_the_calendar(wrong):
    with pytest.raises(ValueError, match="years 1 and 9999"):
        clock.parse_timestamp(wrong)


@given(st.text(max_size=40) | st.from_regex(clock._RFC3339, fullmatch=True))
def test_any_text_is_a_moment_or_a_refusal_that_repeats_nothing_of_it(given_text):
    try:
        us = clock.parse_timestamp(given_text)
    except ValueError as error:
        assert str(error).startswith("must be ")  # noqa: PT017 - the message is the claim
    else:
        assert clock.to_us(clock.to_datetime(us)) == us


def test_a_frozen_clock_moves_only_when_told_and_never_back():
    frozen = clock.FrozenClock(1_000_000)
    assert (frozen(), frozen()) == (1_000_000, 1_000_000)
    frozen.advance(1.5)
    assert frozen() == frozen.now_us == 2_500_000
    for wrong in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="only moves forward"):
            frozen.advance(wrong)


def test_the_system_clock_tells_the_time_of_the_machine():
    assert abs(clock.to_datetime(clock.system_clock()) - datetime.now(UTC)) < timedelta(seconds=5)
