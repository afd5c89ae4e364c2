"""Policies are values: they combine, compare, and print as they are written."""

from __future__ import annotations

from enum import Enum

import pytest

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Member,
    Not,
    Policy,
    Role,
    anyone,
    atoms,
    between,
    member,
    nobody,
    owner,
    role,
    signed_in,
    the,
    where,
)


class Stage(Enum):
    DRAFT = "draft"
    DONE = "done"


PRINTED = {
    "anyone": anyone,
    "nobody": nobody,
    "signed_in": signed_in,
    "owner": owner,
    'the("listing.seller")': the("listing.seller"),
    'role("admin")': role("admin"),
    'role("admin") | role("staff")': role("admin", "staff"),
    "owner | signed_in | anyone": owner | signed_in | anyone,
    "(owner | anyone) & signed_in": (owner | anyone) & signed_in,
    "owner & signed_in | anyone": owner & signed_in | anyone,
    "~owner": ~owner,
    "~(owner | anyone)": ~(owner | anyone),
    "where(size=3, stage=Stage.DRAFT)": where(stage=Stage.DRAFT, size=3),
    "where(stage={Stage.DONE, Stage.DRAFT})": where(stage=[Stage.DRAFT, Stage.DONE]),
    "where(size=between(1, None), title=None)": where(title=None, size=between(1, None)),
    "member(Seat)": member("Seat"),
    'member(Seat, of="board.team", rank=1)': member("Seat", of="board.team", rank=1),
}


@pytest.mark.parametrize("printed", PRINTED)
def test_a_policy_prints_as_it_is_written(printed: str) -> None:
    assert str(PRINTED[printed]) == printed


def test_alternatives_are_flat_and_so_are_conditions() -> None:
    assert (owner | anyone) | (signed_in | nobody) == AnyOf((owner, anyone, signed_in, nobody))
    assert (owner & anyone) & signed_in == AllOf((owner, anyone, signed_in))


def test_atoms_are_listed_from_left_to_right() -> None:
    assert atoms((owner | ~role("admin")) & ~(the("a") & anyone)) == (owner, Role("admin"), the("a"), anyone)


def test_a_policy_is_a_value() -> None:
    assert where(size=3) == where(size=3)
    assert len({role("admin"), role("admin"), Not(role("admin"))}) == 2
    assert isinstance(owner, Policy)


def test_a_membership_knows_where_it_stands_and_compares_without_it() -> None:
    first, second = member(int, rank=1), member("int", rank=1)
    assert isinstance(first, Member)
    assert first == second
    assert first.origin is not None
    assert first.origin.file == __file__
