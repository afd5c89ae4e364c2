"""Tries of messages are told apart and judged by their times alone."""

from __future__ import annotations

import json

import pytest

from techlead.audit.attacks.outbound.attempts import (
    Tries,
    all_called_again,
    by_message,
    grows,
    in_step,
    median_gaps,
    stable_id,
)
from techlead.audit.world.arrival import Arrival, Destination

HOOK = Destination("p1.hooks.example.com", 80)


def post(number, at, body, headers=()):
    content = json.dumps(body).encode()
    return Arrival(number, HOOK, "http", at, at, "POST", "/in", headers=headers, body=content)


def messages(*times):
    return tuple(Tries(each) for each in times)


def test_tries_of_one_message_are_one_whatever_changes_between_them():
    arrivals = [
        post(0, 1.0, {"order": 1, "attempt": 1, "sent_at": "2026-01-01T10:00:00Z"}),
        post(1, 2.0, {"order": 2, "attempt": 1, "sent_at": "2026-01-01T10:00:00Z"}),
        post(2, 9.0, {"order": 1, "attempt": 2, "sent_at": "2026-01-01T10:00:08Z"}),
    ]
    assert [each.times for each in by_message(arrivals)] == [(1.0, 9.0), (2.0,)]


def test_mails_are_told_apart_by_text_and_recipient():
    def mail(number, text, recipient):
        body = f"Subject: {text}\r\n\r\n{text}\r\n".encode()
        return Arrival(number, HOOK, "smtp", float(number), 0.0, body=body, recipients=(recipient,))

    arrivals = [mail(0, "one", "a@x"), mail(1, "one", "b@x"), mail(2, "two", "a@x"), mail(3, "one", "a@x")]
    assert [len(each.times) for each in by_message(arrivals)] == [2, 1, 1]


@pytest.mark.parametrize(
    "gaps, growing",
    [
        ((5.0,), None),
        ((5.0, 5.2), False),
        ((5.0, 10.0), True),
        ((5.0, 6.0, 5.5, 5.0), False),
        ((5.0, 6.5, 15.0, 40.0), True),
        ((10.0, 20.0, 30.0), True),
        ((0.0, 0.0, 0.0), False),
        ((600.0, 600.0, 600.0), True),
    ],
)
def test_waits_grow_or_they_do_not(gaps, growing):
    assert grows(gaps) is growing


def test_the_usual_wait_is_the_one_of_most_messages():
    assert median_gaps(messages((0, 5, 15), (0, 6, 16), (0, 7, 27))) == (6, 10)


def test_messages_that_keep_step_have_no_jitter():
    kept = messages((0, 60, 180), (1, 61, 181), (2, 63, 184), (2, 62, 182))
    assert in_step(kept) == 120
    assert in_step(messages((0, 60), (1, 71), (2, 49), (2, 80))) is None


def test_short_waits_say_nothing_about_jitter():
    assert in_step(messages((0, 5), (0, 5), (0, 5), (0, 5))) is None


def test_a_breaker_lets_some_messages_wait():
    assert all_called_again(messages((0, 30, 90), (1, 31, 92), (2, 32, 95)), 3)
    assert not all_called_again(messages((0, 30, 90), (1, 31, 92), (2,)), 3)
    assert not all_called_again(messages((0, 30, 90, 200), (1, 31, 92), (2, 600, 900)), 3)


def test_a_breaker_that_lets_one_call_through_from_time_to_time_is_one_however_long_it_takes():
    one_by_one = messages(
        (0, 624, 1422, 2079), (0, 4221, 4930, 5759), (0, 7845, 8517, 9247), (20144, 20958, 21805, 22686)
    )
    assert not all_called_again(one_by_one, 3)


def test_a_worker_that_waits_for_each_call_is_slow_and_has_no_breaker():
    assert all_called_again(messages((0, 40, 110, 190), (20, 60, 150, 260), (40, 80, 210, 300)), 3)


@pytest.mark.parametrize(
    "first, second, found",
    [
        (post(0, 0, {"id": 7}), post(1, 1, {"id": 7}), "id"),
        (post(0, 0, {"event_id": "a"}), post(1, 1, {"event_id": "b"}), ""),
        (post(0, 0, {"order_id": 7}), post(1, 1, {"order_id": 7}), ""),
        (post(0, 0, {}, (("X-Event-Id", "e"),)), post(1, 1, {}, (("x-event-id", "e"),)), "X-Event-Id"),
        (post(0, 0, [1]), post(1, 1, [1]), ""),
    ],
)
def test_a_stable_id_is_a_header_or_field_of_the_message_itself(first, second, found):
    assert stable_id(first, second) == found


@pytest.mark.parametrize(("again", "found"), [("<1@shop>", "Message-ID"), ("<2@shop>", ""), ("", "")])
def test_a_mail_is_told_by_its_message_id(again, found):
    def mail(name):
        head = f"Message-ID: {name}\r\n" if name else ""
        return Arrival(1, HOOK, "smtp", 0.0, 0.0, body=f"{head}Subject: a\r\n\r\na\r\n".encode())

    assert stable_id(mail("<1@shop>" if again else ""), mail(again)) == found
