"""Which attacks share an instance."""

from __future__ import annotations

from techlead.audit.attacks.attack import Harm, Need
from techlead.audit.attacks.outbound.triggers import KNOWN
from techlead.audit.families import SCOUTS, attacks
from techlead.audit.schedule import (
    EARLY,
    FRUITFUL,
    LAST,
    LIKELY,
    PRISTINE,
    SHARED_SECONDS,
    SPOILING,
    early,
    is_dear,
    jobs,
)


def test_every_attack_is_in_one_job():
    assert sorted(attack.name for job in jobs(attacks()) for attack in job.attacks) == sorted(
        one.name for one in attacks()
    )


def test_names_of_attacks_are_unique_and_begin_with_their_family():
    names = [attack.name for attack in attacks()]
    assert len(set(names)) == len(names)


def test_what_breaks_or_measures_time_has_an_instance_to_itself():
    for job in jobs(attacks()):
        if any(attack.harm in {Harm.BREAKS, Harm.QUIET} for attack in job.attacks):
            assert len(job.attacks) == 1


def test_what_measures_time_comes_last_and_alone():
    plan = jobs(attacks())
    quiet = [job.quiet for job in plan]
    assert quiet == sorted(quiet)
    assert all(job.quiet == (job.attacks[0].harm is Harm.QUIET) for job in plan)


def test_what_moves_the_clock_comes_after_those_whose_sessions_it_would_end():
    for job in jobs(attacks()):
        moving = [Need.CLOCK in attack.needs for attack in job.attacks]
        assert moving == sorted(moving)


def test_no_instance_is_shared_for_too_long():
    for job in jobs(attacks()):
        assert len(job.attacks) == 1 or sum(attack.seconds for attack in job.attacks) <= SHARED_SECONDS


def test_every_likely_attack_exists():
    scouts = {scout.name for scout, _ in SCOUTS.values()}
    assert {*LIKELY, *EARLY, *LAST, *FRUITFUL, *SPOILING} <= {one.name for one in attacks()}
    assert scouts >= PRISTINE


def test_what_needs_only_a_log_in_may_begin_early_and_only_where_it_is_asked_for():
    assert [one.name for job in early(attacks()) for one in job.attacks] == list(EARLY)
    assert early([one for one in attacks() if one.name not in EARLY]) == ()


def test_the_likeliest_is_begun_first_and_what_follows_is_no_likelier():
    side_by_side = [job for job in jobs(attacks()) if not job.quiet]
    ranks = [
        min(LIKELY.index(one.name) if one.name in LIKELY else len(LIKELY) for one in job.attacks)
        for job in side_by_side
    ]
    assert side_by_side[0].attacks[0].name == LIKELY[0]
    assert ranks == sorted(ranks)


def test_where_starts_are_dear_each_attack_is_a_job_and_what_shows_most_comes_first():
    plan = jobs(attacks(), dear=True)
    assert sorted(job.attacks[0].name for job in plan) == sorted(one.name for one in attacks())
    assert {len(job.attacks) for job in plan} == {1}
    assert [job.attacks[0].name for job in plan[: len(FRUITFUL)]] == list(FRUITFUL)


def test_where_starts_are_dear_what_measures_time_still_comes_last():
    quiet = [job.quiet for job in jobs(attacks(), dear=True)]
    assert quiet == sorted(quiet)
    assert any(quiet)


def test_of_what_shows_most_those_who_only_read_come_before_those_who_take_their_instances():
    known = {one.name: one for one in attacks()}
    writing = [known[name].harm is Harm.WRITES for name in FRUITFUL if name != "access.write"]
    assert writing == sorted(writing)


def test_a_start_is_dear_where_fifty_take_more_than_a_fifth_of_what_the_processors_have():
    of_a_minute_on_two = 120.0
    assert [is_dear(seconds, of_a_minute_on_two) for seconds in (0.0, 0.4, 0.6, 1.9)] == [False, False, True, True]
    assert [is_dear(1.9, of_a_minute_on_two * minutes) for minutes in (1, 3, 5)] == [True, True, False]


def test_a_scout_s_verdict_is_yes_no_or_not_found_out():
    _, found = SCOUTS[Need.MESSAGES]
    assert [found(notebook) for notebook in ({}, {KNOWN: ()}, {KNOWN: ("a trigger",)})] == [None, False, True]
