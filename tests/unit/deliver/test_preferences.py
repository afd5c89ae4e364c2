"""What somebody wants is decided from a table of times and zones; what is kept comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outside_page import backend

from techlead.deliver.preferences import NOTHING_SAID, SEND, Preferences, Quiet, choices, read, wanted, write
from techlead.primitives.clock import to_us

PLAN = backend.plan()
(PLANNED,) = PLAN.notifications
NIGHT = Quiet("Europe/Vienna", time(22, 0), time(7, 0))
LUNCH = Quiet("UTC", time(12, 0), time(13, 30))


def at(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("quiet", "now", "hours"),
    [
        (NIGHT, "2026-01-10T20:59:00+00:00", 0), (NIGHT, "2026-01-10T21:00:00+00:00", 9), (NIGHT, "2026-01-11T05:00:00+00:00", 1),
        (NIGHT, "2026-01-11T06:00:00+00:00", 0), (NIGHT, "2026-07-10T20:00:00+00:00", 9),
        (NIGHT, "2026-03-28T21:00:00+00:00", 8),  # that night has an hour less
        (NIGHT, "2026-10-24T20:00:00+00:00", 10),  # and that one an hour more
        (LUNCH, "2026-01-10T12:30:00+00:00", 1), (LUNCH, "2026-01-10T13:30:00+00:00", 0),
    ],
)  # fmt: skip
def test_quiet_hours_last_as_long_as_the_night_is_in_that_zone(quiet: Quiet, now: str, hours: int):
    assert wanted(Preferences(quiet=quiet), PLANNED, "email", at(now)).wait_seconds == hours * 3_600


def test_a_webhook_sleeps_at_no_hour():
    assert wanted(Preferences(quiet=NIGHT), PLANNED, "webhook", at("2026-01-10T23:00:00+00:00")) == SEND


def test_what_is_off_is_off_on_that_channel_alone():
    off = NOTHING_SAID.without(("planned", "email")).without(("planned", "email"))
    assert wanted(off, PLANNED, "email", 0).off
    assert wanted(off, PLANNED, "webhook", 0) == SEND
    assert off.off == (("planned", "email"),)


def test_a_digest_comes_at_its_time_of_day_in_its_zone():
    wish = Preferences(digests={"email": time(7, 30)}, quiet=NIGHT)
    assert wanted(wish, PLANNED, "email", at("2026-01-10T06:00:00+00:00")).digest_at == at("2026-01-10T06:30:00+00:00")
    assert wanted(wish, PLANNED, "email", at("2026-01-10T06:30:00+00:00")).digest_at == at("2026-01-11T06:30:00+00:00")
    plain = Preferences(digests={"email": time(7, 30)})
    assert wanted(plain, PLANNED, "email", at("2026-01-10T06:30:00+00:00")).digest_at == at("2026-01-10T07:30:00+00:00")


def test_a_security_code_knows_no_preferences():
    from dataclasses import replace

    code = replace(PLANNED, code=True)
    everything = Preferences(off=(("planned", "email"),), quiet=NIGHT, digests={"email": time(7)})
    assert wanted(everything, code, "email", at("2026-01-10T23:00:00+00:00")) == SEND
    assert choices(replace(PLAN, notifications=(code,))) == ()
    assert choices(PLAN) == (("planned", "email"), ("planned", "webhook"))


@given(
    st.builds(
        Preferences,
        off=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
        quiet=st.none() | st.builds(Quiet, st.sampled_from(["UTC", "Asia/Kathmandu"]), st.times(), st.times()),
        digests=st.dictionaries(st.just("email"), st.times(), max_size=1),
        language=st.sampled_from(["", "de", "pt-br"]),
    )
)
def test_what_is_kept_comes_back_as_it_was(preferences: Preferences):
    assert read(write(preferences)) == preferences


@given(
    st.integers(to_us(datetime(2020, 1, 1, tzinfo=UTC)), to_us(datetime(2040, 1, 1, tzinfo=UTC))),
    st.times(),
    st.times(),
)
def test_nobody_waits_for_longer_than_a_day(moment: int, begins: time, until: time):
    wish = Preferences(quiet=Quiet("Europe/Vienna", begins, until))
    assert 0 <= wanted(wish, PLANNED, "email", moment).wait_seconds <= 25 * 3_600
