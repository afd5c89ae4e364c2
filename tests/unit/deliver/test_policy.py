"""The decisions themselves, one at a time: pure functions of what is known, what happened and when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from engines import waiting_of

from techlead.deliver import breaker as breakers
from techlead.deliver.breaker import TRANSITIONS, Breaker, Event, Phase
from techlead.deliver.bucket import Bucket
from techlead.deliver.lane import Lane, admit, mends, rate_of, resume, retries_of, settle, started
from techlead.deliver.limits import KNOWN_MAX, Limits, LimitsBook
from techlead.deliver.outbox import Claimed, Finished, lane_of
from techlead.deliver.port import Dead, Delivered, Fault, Kind, Paused, Retry
from techlead.deliver.retry_after import seconds_of
from techlead.deliver.step import LIFE, State, next_step, wait_seconds
from techlead.deliver.turn import learn
from techlead.primitives.clock import SECOND_US

NOW = 1_800_000_000 * SECOND_US
LIMITS = Limits()
DOWN = Retry(Fault.SERVER, "503")


def key(number: int) -> bytes:
    return number.to_bytes(16)


def failing(count: int, lane: Lane | None = None, messages: int = 100) -> Lane:
    lane = lane or Lane()
    for number in range(count):
        lane = settle(lane, NOW, LIMITS, DOWN, key(number % messages), probe=False)
    return lane


def later(seconds: float) -> int:
    return NOW + round(seconds * SECOND_US)


def test_five_failures_in_a_row_of_three_messages_open_it_and_four_do_not() -> None:
    assert failing(4).breaker.phase is Phase.CLOSED
    assert failing(5).breaker.phase is Phase.OPEN
    assert failing(9, messages=2).breaker.phase is Phase.CLOSED, "two messages may be at fault themselves"


def answered(outcomes: Sequence[Delivered | Retry], limits: Limits = LIMITS) -> Lane:
    lane = Lane()
    for number, outcome in enumerate(outcomes):
        lane = settle(lane, NOW, limits, outcome, key(number % 2), probe=False)
    return lane


@pytest.mark.parametrize("fine", [0, 1, 5, 20])
def test_half_of_all_calls_and_five_more_open_it_and_less_does_not(fine: int) -> None:
    outcomes = [*[Delivered()] * fine, *[DOWN] * (fine + 2 * LIMITS.breaker_failures_margin)]
    assert answered(outcomes[:-1]).breaker.phase is Phase.CLOSED
    assert answered(outcomes).breaker.phase is Phase.OPEN


@pytest.mark.parametrize(
    ("margin", "seldom"), [(LIMITS.breaker_failures_margin, True), (0, False)], ids=["ours", "none"]
)
def test_a_destination_that_fails_forty_times_in_a_hundred_is_seldom_left_alone_by_chance(
    margin: int, seldom: bool
) -> None:
    limits = replace(LIMITS, breaker_failures_margin=margin)
    opened = 0
    for seed in range(200):
        dice = random.Random(seed)
        outcomes = [DOWN if dice.random() < 0.4 else Delivered() for _ in range(200)]
        opened += answered(outcomes, limits).breaker.phase is not Phase.CLOSED
    assert (opened <= 10) is seldom, f"{opened} of 200"


@pytest.mark.parametrize(
    "outcome", [Retry(Fault.BUSY), Retry(Fault.REFUSED), Dead(Fault.REFUSED), Paused(), Dead(Fault.GUARDED)]
)
def test_only_what_tells_of_the_destination_counts(outcome: Retry | Dead | Paused) -> None:
    lane = Lane()
    for number in range(50):
        lane = settle(lane, NOW, LIMITS, outcome, key(number), probe=False)
    assert lane.breaker.phase is Phase.CLOSED


def test_a_destination_mends_when_enough_of_what_it_is_sent_arrives() -> None:
    ailing = answered([Delivered(), DOWN] * 5)
    assert ailing.ailing
    assert not mends(ailing, NOW, LIMITS), "half of its calls fail"
    calm = settle(ailing, later(61), LIMITS, Delivered(), key(1), probe=False)
    assert not mends(calm, later(61), LIMITS), "one call says little"
    for _ in range(LIMITS.breaker_calls_min):
        calm = settle(calm, later(62), LIMITS, Delivered(), key(1), probe=False)
    assert mends(calm, later(62), LIMITS)
    assert not mends(replace(calm, ailing=False), later(62), LIMITS), "nothing waits for its sake"
    assert not mends(replace(calm, breaker=failing(5).breaker), NOW, LIMITS)


def test_one_message_that_fails_among_many_does_not_make_a_destination_ail() -> None:
    assert not answered([*[Delivered()] * 20, DOWN]).ailing


def test_an_open_one_takes_one_probe_at_a_time_and_three_close_it() -> None:
    lane = failing(5)
    assert admit(lane, later(29), LIMITS, 8).tries == 0
    for round_ in range(3):
        admission = admit(lane, later(31 + round_), LIMITS, 8)
        assert (admission.tries, admission.probe) == (1, True)
        lane = started(admission.lane, later(31 + round_), LIMITS, fresh=1, retried=0, probe=True)
        assert admit(lane, later(31.1 + round_), LIMITS, 8).reason == "probe under way"
        lane = settle(lane, later(31.5 + round_), LIMITS, Delivered(), key(round_), probe=True)
    assert lane.breaker.phase is Phase.CLOSED
    assert rate_of(lane, later(33.5), LIMITS) == pytest.approx(LIMITS.rate_per_second * LIMITS.breaker_ramp_share)
    assert rate_of(lane, later(100), LIMITS) == LIMITS.rate_per_second


def test_each_failed_probe_makes_it_wait_longer_up_to_its_limits() -> None:
    lane, now, waits = failing(5), NOW, []
    for _ in range(80):
        waits.append((lane.breaker.open_until - now) / SECOND_US)
        now = lane.breaker.open_until
        lane = started(admit(lane, now, LIMITS, 8).lane, now, LIMITS, fresh=1, retried=0, probe=True)
        lane = settle(lane, now, LIMITS, DOWN, key(1), probe=True)
    assert waits[:3] == [30, 60, 60]
    assert waits[-1] == 300, "after an hour"


def test_it_is_disabled_after_120_h_of_failures_only() -> None:
    lane = replace(failing(5), breaker=replace(failing(5).breaker, failing_since=NOW - 5 * 86_400 * SECOND_US))
    lane = admit(lane, later(31), LIMITS, 8).lane
    lane = settle(lane, later(32), LIMITS, DOWN, key(1), probe=True)
    assert lane.breaker.phase is Phase.DISABLED
    assert admit(lane, later(10_000), LIMITS, 8).reason == "disabled"
    assert admit(resume(lane, later(33)), later(33), LIMITS, 8).tries >= 1


def test_a_probe_that_never_reached_the_network_tells_nothing() -> None:
    lane = admit(failing(5), later(31), LIMITS, 8).lane
    lane = started(lane, later(31), LIMITS, fresh=1, retried=0, probe=True)
    lane = settle(lane, later(32), LIMITS, Dead(Fault.UNSENDABLE), key(1), probe=True)
    assert (lane.breaker.phase, lane.breaker.probing_until) == (Phase.HALF_OPEN, 0)


def test_no_clock_that_is_set_back_keeps_a_destination_closed() -> None:
    lane = settle(failing(5), NOW, LIMITS, Paused(3_600), key(9), probe=False)
    before = NOW - 10**6 * SECOND_US
    assert admit(lane, before, LIMITS, 8).tries == 1


def test_429_pauses_and_halves_the_rate_and_calm_gives_it_back() -> None:
    lane = settle(Lane(), NOW, LIMITS, Paused(20), key(1), probe=False)
    again = settle(lane, later(1), LIMITS, Paused(20), key(2), probe=False)
    assert admit(again, later(20.5), LIMITS, 8).reason == "paused (429)"
    assert rate_of(again, later(22), LIMITS) == LIMITS.rate_per_second / 2, "answers to one burst halve it once"
    assert rate_of(again, later(90), LIMITS) == LIMITS.rate_per_second
    huge = settle(Lane(), NOW, LIMITS, Paused(10**9), key(1), probe=False)
    assert huge.paused_until == later(3_600), "nobody is believed for longer than an hour"


def test_the_budget_binds_only_while_enough_fails() -> None:
    calm = admit(Lane(), NOW, LIMITS, 8)
    assert (calm.tries, calm.retries) == (5, 5)
    lane = Lane()
    for number in range(50):
        lane = settle(lane, NOW, LIMITS, DOWN if number % 5 == 0 else Delivered(), key(number), probe=False)
    lane = replace(lane, budget=Bucket(0.0, NOW))
    binding = admit(lane, NOW, LIMITS, 8)
    assert (binding.tries, binding.retries, binding.reason) == (5, 0, "retry budget")
    spent = started(binding.lane, NOW, LIMITS, fresh=5, retried=0, probe=False)
    assert spent.budget.tokens == pytest.approx(1), "five first tries earn one retry"


def rationed() -> Lane:
    lane = Lane()
    for number in range(20):
        lane = settle(lane, NOW, LIMITS, DOWN if number % 3 == 0 else Delivered(), key(number), probe=False)
    return replace(lane, budget=Bucket(0.0, NOW))


def test_each_retry_that_arrives_doubles_the_budget_up_to_the_rate_and_one_failure_ends_that() -> None:
    lane, earned = rationed(), []
    for number in range(7):
        earned.append(retries_of(lane, LIMITS))
        lane = settle(lane, NOW, LIMITS, Delivered(), key(number), probe=False, retried=True)
    assert earned == [1, 2, 4, 8, 16, 25, 25]
    assert admit(lane, later(0.2), LIMITS, 8).retries == 5, "as many as the rate gives, whatever the window remembers"
    assert retries_of(settle(lane, NOW, LIMITS, DOWN, key(1), probe=False), LIMITS) == 1


def test_new_messages_that_arrive_and_retries_that_do_not_earn_nothing() -> None:
    lane = rationed()
    for number in range(20):
        lane = settle(lane, NOW, LIMITS, Delivered(), key(number), probe=False)
        lane = settle(lane, NOW, LIMITS, Retry(Fault.BUSY), key(number), probe=False, retried=True)
    assert retries_of(lane, LIMITS) == 1, "where most arrives there is always a row of these"
    assert admit(lane, later(0.5), LIMITS, 8).reason == "retry budget"


def test_what_was_earned_before_is_counted_at_the_pace_of_then() -> None:
    slow, fast = rationed(), replace(rationed(), mended=5)
    slow = settle(slow, later(0.5), LIMITS, Delivered(), key(1), probe=False, retried=True)
    fast = settle(fast, later(0.2), LIMITS, DOWN, key(1), probe=False)
    assert slow.budget.tokens == pytest.approx(0.5)
    assert fast.budget.tokens == pytest.approx(5)


def test_only_the_tries_after_the_first_are_retries() -> None:
    waiting = waiting_of(NOW, "https://a.example/in")
    for tries, mended in ((1, 0), (2, 1)):
        done = Finished(Claimed(waiting, "webhook:a.example", tries, probe=False, claim=b""), Delivered())
        assert learn(rationed(), done, LIMITS, NOW, lambda: 0.5)[0].mended == mended


def test_a_bucket_neither_overflows_nor_goes_below_nothing() -> None:
    full = Bucket().filled(NOW, 5, 2)
    assert full.tokens == 2
    assert full.with_more(-5, 2).tokens == 0
    assert full.filled(NOW - SECOND_US, 5, 2).tokens == 2
    assert full.with_more(-2, 2).filled(later(0.1), 5, 2).tokens == pytest.approx(0.5)


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_half_of_each_wait_is_certain_and_none_is_longer_than_its_cap(chance: float) -> None:
    for tries in range(1, 40):
        longest = min(10 * 3.0 ** (tries - 1), 7_200)
        assert longest / 2 <= wait_seconds(tries, LIMITS, chance) <= longest


def test_who_was_unlucky_with_a_destination_that_fails_in_part_waits_little_for_half_of_its_tries() -> None:
    limits = replace(LIMITS, tries_max=12)
    now_and_then = Lane()
    for number in range(20):
        outcome = DOWN if number % 4 == 0 else Delivered()
        now_and_then = settle(now_and_then, NOW, limits, outcome, key(number), probe=False)

    def wait(tries: int, lane: Lane, outcome: Retry = DOWN) -> float:
        return (next_step(outcome, tries, later(86_400), lane, limits, NOW, 1.0, probe=False).at - NOW) / SECOND_US

    assert [wait(tries, now_and_then) for tries in (1, 2, 3, 6, 7)] == [10, 15, 15, 15, 7_200]
    assert wait(6, failing(4)) == 2_430, "few calls tell nothing of the destination"
    assert wait(6, now_and_then, Retry(Fault.BUSY)) == 2_430, "it is about the message"
    assert wait(3, now_and_then, Retry(Fault.SERVER, "", 90)) == 90, "what the destination asks for is a lower bound"


def test_a_message_moves_as_its_life_is_drawn() -> None:
    end = later(86_400)
    again = next_step(DOWN, 1, end, Lane(), LIMITS, NOW, 0.5, probe=False)
    assert (again.state, again.burned, again.at) == (State.WAITING, True, later(7.5))
    asked = next_step(Retry(Fault.SERVER, "", 100), 1, end, Lane(), LIMITS, NOW, 0.5, probe=False)
    assert asked.at == later(100)
    assert next_step(DOWN, 8, end, Lane(), LIMITS, NOW, 0.5, probe=False).state is State.DEAD
    assert next_step(DOWN, 1, later(5), Lane(), LIMITS, NOW, 0.5, probe=False).state is State.EXPIRED
    opened = failing(5)
    probe = next_step(DOWN, 8, end, opened, LIMITS, NOW, 0.5, probe=True)
    assert (probe.state, probe.burned, probe.at) == (State.WAITING, False, opened.breaker.open_until)


def test_every_end_can_be_reached_and_nothing_leads_out_of_delivered_dropped_or_withdrawn() -> None:
    assert set(LIFE.values()) == set(State)
    assert {before for before, _ in LIFE} == set(State) - {State.DELIVERED, State.DROPPED, State.WITHDRAWN}
    assert {phase for phase, event in TRANSITIONS if event is Event.RESUMED} == set(Phase)
    with pytest.raises(KeyError):
        breakers.moved(Breaker(), Event.PROBED)


def test_what_is_more_special_wins_and_a_code_never_outlives_ten_minutes() -> None:
    given = {
        "webhook": {"tries_max": 3}, "notification paid": {"tries_max": 4}, "webhook:a.example": {"tries_max": 5},
        "code": {"live_seconds_max": 3_600},
    }  # fmt: skip
    book = LimitsBook(given)
    assert book.of(Kind.WEBHOOK, "webhook", "other", "webhook:b.example").tries_max == 3
    assert book.of(Kind.WEBHOOK, "webhook", "paid", "webhook:b.example").tries_max == 4
    assert book.of(Kind.WEBHOOK, "webhook", "paid", "webhook:a.example").tries_max == 5
    assert book.of(Kind.CODE, "email", "", "email").live_seconds_max == 600


def test_what_is_set_for_e_mails_changes_nothing_for_the_destinations_of_others() -> None:
    book = LimitsBook({"email": {"rate_per_second": 1}, "code": {"rate_per_second": 2}, "webhook": {"tries_max": 3}})
    assert book.of_lane("email", "email").rate_per_second == 1
    assert book.of_lane("webhook", "webhook:a.example").rate_per_second == 25
    assert book.of_lane("webhook", "webhook:a.example").tries_max == 3


@pytest.mark.parametrize(
    ("channel", "destination", "lane"),
    [
        ("email", "ann@example.com", "email"), ("webhook", "https://Hooks.Example/in?token=1", "webhook:hooks.example"),
        ("webhook", "https://hooks.example:8443/in", "webhook:hooks.example:8443"), ("webhook", "https://[::1", "webhook"),
        ("webhook", "", "webhook"),
    ],
)  # fmt: skip
def test_a_lane_names_the_host_and_nothing_else_of_an_address(channel: str, destination: str, lane: str) -> None:
    assert lane_of(channel, destination) == lane


def test_each_room_of_a_chat_is_a_lane_of_its_own() -> None:
    rooms = {lane_of("chat", f"https://chat.example/hook/{secret}") for secret in ("one", "two")}
    assert len(rooms) == 2
    assert all(lane.startswith("chat:chat.example/") and "one" not in lane for lane in rooms)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("99999999999999999999", 1e9), ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0), ("soon", None), ("-5", None), ("", None), (None, None),
        ("²", None), ("Fri, 99 Jan 2027 08:01:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds


def test_not_every_destination_that_users_think_of_is_remembered() -> None:
    book = LimitsBook()
    for number in range(KNOWN_MAX + 100):
        book.of_lane("webhook", f"webhook:{number}.example")
    assert len(book._known) <= KNOWN_MAX
    assert book.of_lane("webhook", "webhook:0.example").rate_per_second == 25
