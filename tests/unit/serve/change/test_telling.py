"""A notification is worked out once; what each change does with it is what the declaration and the limits say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import Enum

import pytest
from message_board import Note, backend, note_written

from techlead.declare.notification import Channel, Own
from techlead.declare.resource import draft
from techlead.deliver.limits import DEFAULT_LIMITS, LimitsBook
from techlead.deliver.outbox import LANES_KNOWN_MAX
from techlead.deliver.port import Kind
from techlead.serve.change.telling import Telling, telling_of, words_of


class Colour(Enum):
    RED = "red"


def telling(limits: LimitsBook = DEFAULT_LIMITS) -> Telling:
    planned = next(one for one in backend.plan().notifications if one.declared is note_written)
    return telling_of(planned, limits)


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Bike", "Bike!"),
        (None, "!"),
        (Colour.RED, "red!"),
        (date(2026, 3, 1), "2026-03-01!"),
        (0, "0!"),
        ("{x}", "{x}!"),
    ],
)
def test_a_value_stands_where_the_text_names_it_and_is_never_read_as_text(title: object, said: str) -> None:
    assert words_of("{title}!", "")(draft(Note, {"title": title})) == (said, "")


@pytest.mark.parametrize(
    "text", ["", "Hello", "{", "{}", "{Title}", "{ title }", "a } b", "100 %", "%(title)s", "%s %%"]
)
def test_what_names_no_field_stands_as_it_is(text: str) -> None:
    assert words_of(text, text)(draft(Note, {"title": "Bike"})) == (text, text)


def test_the_same_field_may_be_named_twice_and_words_may_touch() -> None:
    assert words_of("{title}{title}", ", {title}")(draft(Note, {"title": "x"})) == ("xx", ", x")


def test_each_way_knows_its_schedule_and_the_inbox_has_none() -> None:
    ways = {way.channel: way for way in telling().ways}
    assert ways[Channel.EMAIL].kind is Kind.EMAIL
    assert (ways[Channel.INBOX].kind, ways[Channel.INBOX].kind_name) == (None, "")


def test_a_projects_own_channel_follows_the_schedule_of_a_chat() -> None:
    [way] = telling_of(replace(telling().planned, via=(Own("pager"),)), DEFAULT_LIMITS).ways
    assert (way.kind, way.name) == (Kind.CHAT, "pager")


def test_a_message_lives_as_long_as_its_destination_allows_and_not_all_destinations_are_remembered() -> None:
    made = telling(LimitsBook({"email:mail.example": {"live_seconds_max": 60}}))
    email = next(way for way in made.ways if way.channel is Channel.EMAIL)
    assert made.live_us(email, "email") == 86_400_000_000
    assert made.live_us(email, "email:mail.example") == 60_000_000
    for number in range(2 * LANES_KNOWN_MAX):
        made.live_us(email, f"email:{number}.example")
    assert len(email.lives) <= LANES_KNOWN_MAX
