"""What was seen once waits in company, and somebody is sent for it once."""

from __future__ import annotations

from dataclasses import replace

from techlead.audit.attacks.attack import Attack, Sighting
from techlead.audit.doubts import Doubts, Sighted
from techlead.audit.families import attacks
from techlead.audit.schedule import company

BY_NAME = {one.name: one for one in attacks()}
READS, ALSO_READS, WRITES, ALONE = (
    BY_NAME[name] for name in ("access.read", "access.function", "access.account", "login.no-throttle")
)


def seen(attack: Attack) -> Sighted:
    return Sighted(attack, (Sighting(attack.kinds[0], "GET /", "It was seen."),))


def test_one_is_sent_for_all_that_waits_in_a_company():
    doubts = Doubts(lambda: 8)
    assert [doubts.add(seen(one)) for one in (READS, ALSO_READS, WRITES, ALONE)] == [True, False, True, True]
    assert set(doubts.take("NONE")) == {READS.name, ALSO_READS.name}
    assert set(doubts.take(ALONE.name)) == {ALONE.name}


def test_what_comes_while_others_look_is_sent_for_where_many_may_look_at_once():
    doubts = Doubts(lambda: 8)
    doubts.add(seen(READS))
    doubts.take("NONE")
    assert doubts.add(seen(ALSO_READS))
    assert not doubts.done("NONE")
    assert set(doubts.take("NONE")) == {ALSO_READS.name}


def test_what_comes_meanwhile_waits_for_the_look_to_end_where_one_may_look_at_once():
    doubts = Doubts(lambda: 1)
    doubts.add(seen(READS))
    doubts.take("NONE")
    assert not doubts.add(seen(ALSO_READS))
    assert doubts.add(seen(WRITES))
    assert doubts.done("NONE")
    assert set(doubts.take("NONE")) == {ALSO_READS.name}
    assert not doubts.done("NONE")


def test_who_is_alone_or_moves_the_clock_keeps_company_with_nobody():
    names = {company(one) for one in attacks()}
    assert {"NONE", "WRITES", "login.no-throttle", "outbound.addresses"} <= names
    assert company(replace(READS, seconds=99.0)) == READS.name
