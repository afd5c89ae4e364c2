"""Instances are used again where a start is dear: in order of wear, and never where the same was seen first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from techlead.audit.attacks.attack import Attack
from techlead.audit.families import SCOUTS, attacks
from techlead.audit.site import Budget, RunningSite
from techlead.audit.stalls import Stalls
from techlead.audit.target.understanding import Understanding

BY_NAME = {one.name: one for one in (*attacks(), *(scout for scout, _ in SCOUTS.values()))}
KNOWN = Understanding()
FIRST, AGAIN = 1, 2


class Starts:
    """A stable that counts."""

    def __init__(self) -> None:
        self.started = 0
        self.survives = True
        self.ended: list[Any] = []

    def fresh(self) -> Any:
        self.started += 1
        clock = SimpleNamespace(now=lambda: 0.0, advance=None)
        return SimpleNamespace(
            clock=clock, log=None, world=None, database=None, client=None, alive=lambda: self.survives
        )

    def put_away(self, instance: Any) -> None:
        self.ended.append(instance)


@pytest.fixture
def starts() -> Starts:
    return Starts()


def stalls(starts: Starts, *, dear: bool = True) -> Stalls:
    stable: Any = starts
    return Stalls(stable, Budget(60, 1000), {}, lambda: dear)


def used(made: Stalls, name: str, seed: int = FIRST) -> RunningSite:
    """Let one attack have a site, and leave it."""
    some: tuple[Attack, ...] = (BY_NAME[name],)
    site = made.site(some, KNOWN, seed)
    made.leave(site, some, seed)
    return site


def test_where_a_start_is_cheap_each_has_a_fresh_instance(starts: Starts):
    made = stalls(starts, dear=False)
    used(made, "access.read")
    used(made, "access.function")
    assert starts.started == len(starts.ended) == 2


def test_where_it_is_dear_the_next_one_has_what_was_left_with_its_people(starts: Starts):
    made = stalls(starts)
    first, second = used(made, "access.read"), used(made, "access.function")
    assert (starts.started, starts.ended) == (1, [])
    assert first.people is second.people


def test_what_is_used_again_knows_what_is_known_by_now_and_has_no_focus(starts: Starts):
    made = stalls(starts)
    site = used(made, "access.read")
    site.focus = frozenset({"GET /"})
    later = Understanding(framework="flask", resources=(SimpleNamespace(name="orders"),))  # type: ignore[arg-type]
    again = made.site((BY_NAME["access.function"],), later, FIRST)
    assert again is site
    assert again.resource("orders") is later.resources[0]
    assert set(again.builder.resources) == {"orders"}
    assert again.focus == frozenset()


def test_nobody_looks_again_where_it_was_seen_first(starts: Starts):
    made = stalls(starts)
    assert used(made, "access.read") is not used(made, "access.read", AGAIN)
    assert starts.started == 2


def test_who_only_reads_never_has_what_others_have_written_to(starts: Starts):
    made = stalls(starts)
    assert used(made, "access.account") is not used(made, "access.read")


def test_who_writes_may_have_what_was_only_read_from_and_takes_the_more_worn_first(starts: Starts):
    made = stalls(starts)
    read = used(made, "access.read")
    assert used(made, "access.account") is read
    assert used(made, "access.read") is not read
    assert used(made, "access.fields") is read


def test_a_clock_that_was_moved_is_left_to_those_who_move_it(starts: Starts):
    made = stalls(starts)
    moved = used(made, "outbound.addresses")
    assert used(made, "access.account") is not moved
    assert used(made, "session.queued") is moved


@pytest.mark.parametrize("name", ["login.no-throttle", "input.poisoned-read", "race.write-lock", "outbound.permanent"])
def test_what_spoils_an_instance_is_the_last_to_use_it(starts: Starts, name: str):
    made = stalls(starts)
    used(made, name)
    assert len(starts.ended) == starts.started == 1


@pytest.mark.parametrize("name", ["race.write-lock", "outbound.permanent", "outbound.scout"])
def test_who_breaks_things_or_listens_for_messages_begins_with_a_fresh_one(starts: Starts, name: str):
    made = stalls(starts)
    left = used(made, "access.account")
    assert used(made, name) is not left


def test_what_spoils_may_take_what_was_left(starts: Starts):
    made = stalls(starts)
    assert used(made, "access.account") is used(made, "login.no-throttle")


def test_what_does_not_run_any_more_is_left_to_nobody(starts: Starts):
    made, starts.survives = stalls(starts), False
    assert used(made, "access.read") is not used(made, "access.read")
    assert len(starts.ended) == 2
