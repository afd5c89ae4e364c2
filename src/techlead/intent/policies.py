"""What differs between two versions of a policy: every kind of actor and row that the two can tell apart is tried.

A policy depends on finitely many things (who is signed in, roles, relations, memberships, a few fields against
constants), so trying one of each kind is a proof; the witness is an actor and a row in words.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final

from techlead.declare.access import (
    AllOf,
    AnyOf,
    Anyone,
    Between,
    Condition,
    Member,
    Not,
    Owner,
    Policy,
    Role,
    SignedIn,
    The,
    Where,
    atoms,
    nobody,
)
from techlead.intent.difference import Difference, Verdict, Witness
from techlead.intent.items import policy_of
from techlead.intent.record import Record
from techlead.primitives.money import Money

WORLDS_MAX: Final = 200_000
Place = tuple[str, tuple[str, ...]]
"""A kind of membership: of which resource, of the row at which path."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Guard:
    """One policy, with what it stands before."""

    title: str
    resource: str
    policy: Policy
    owner: str = ""
    """The field that `owner` means."""
    members: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """The members of each Enum that is compared with, by resource and field."""


@dataclass(frozen=True, slots=True)
class World:
    """One kind of actor before one kind of row."""

    signed_in: bool
    roles: frozenset[str] = frozenset()
    is_the: frozenset[tuple[str, ...]] = frozenset()
    """The references of the row that lead to the actor; an empty path for its owner."""
    row: Row = field(default_factory=dict)
    memberships: Mapping[Place, tuple[Row, ...]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Tell how much there is to say of it."""
        members = sum(1 + len(row) for rows in self.memberships.values() for row in rows)
        return self.signed_in + len(self.roles) + len(self.is_the) + len(self.row) + 2 * members


def guards_of(record: Record | None) -> dict[str, Guard]:
    """List every policy of a resource's record by what it guards."""
    return {} if record is None else {one.title: one for one in _guards(record)}


def _guards(record: Record) -> Iterator[Guard]:
    name, owner, members = record["name"], record["owner"], record["members"]
    read = {verb: policy_of(data, _by_name) for verb, data in record["guards"].items()}
    for verb, policy in read.items():
        yield Guard(f"{VERBS.get(verb, verb)} {name}", name, policy, owner, members)
    for field_name, both in record["fields"].items():
        for verb, before, data in zip(("read", "write"), (read["read"], read["update"]), both, strict=True):
            if data is not None:
                yield Guard(
                    f"{verb} {name}.{field_name}", name, AllOf((before, policy_of(data, _by_name))), owner, members
                )
    for action, data in record["actions"].items():
        yield Guard(f"{action} {name}", name, policy_of(data, _by_name), owner, members)


VERBS: Final = {"history": "read the history of"}


class _Names(dict[str, str]):
    """Gives each member of an Enum as its name: two versions are compared by names."""

    def __missing__(self, name: str) -> str:
        return name.lower()

    def __contains__(self, name: object) -> bool:
        return True


def _by_name(_kind: str, _name: str) -> Any:
    return SimpleNamespace(__members__=_Names())


def compare_policies(old: Record | None, new: Record | None) -> tuple[Difference, ...]:
    """Compare every policy of two versions of a resource; a guard that one version lacks lets nobody through."""
    before, after = guards_of(old), guards_of(new)
    titles = dict.fromkeys((*before, *after))
    return tuple(compare_guards(_guard(before, after, title), _guard(after, before, title)) for title in titles)


def _guard(own: Mapping[str, Guard], other: Mapping[str, Guard], title: str) -> Guard:
    return own.get(title) or replace(other[title], policy=nobody)


def compare_guards(old: Guard, new: Guard) -> Difference:
    """Compare two versions of one policy."""
    begun = time.perf_counter()
    title = f"policy {new.title}"
    if str(old.policy) == str(new.policy):
        return Difference(title, Verdict.EQUAL, (), "it says the same")
    choices = _choices(old, new)
    count = math.prod(map(len, choices.values()))
    if count > WORLDS_MAX:
        reason = f"{count} kinds of actors and rows, over {WORLDS_MAX}"
        return Difference(title, Verdict.NOT_SHOWN, (), "not compared", (reason,))
    found = _search(old, new, choices)
    spent = (time.perf_counter() - begun) * 1_000
    verdict = Verdict.DIFFERS if found else Verdict.EQUAL
    return Difference(title, verdict, found, f"all {count} kinds of actors and rows were tried", (), spent)


def _search(old: Guard, new: Guard, choices: Mapping[str, Sequence[Any]]) -> tuple[Witness, ...]:
    least: dict[str, World] = {}
    for world in _worlds(choices):
        before, after = allows(old, world), allows(new, world)
        direction = "widened" if after else "narrowed"
        if before != after and (direction not in least or world.size < least[direction].size):
            least[direction] = world
    words = {True: "allowed", False: "refused"}
    return tuple(
        Witness(
            direction, world_words(world, new, choices), words[direction == "narrowed"], words[direction == "widened"]
        )
        for direction, world in sorted(least.items(), reverse=True)
    )


def allows(guard: Guard, world: World) -> bool:
    """Decide a policy in a world."""
    return _decide(guard.policy, guard, world)


def _decide(policy: Policy, guard: Guard, world: World) -> bool:
    if isinstance(policy, AnyOf):
        return any(_decide(part, guard, world) for part in policy.parts)
    if isinstance(policy, AllOf):
        return all(_decide(part, guard, world) for part in policy.parts)
    if isinstance(policy, Not):
        return not _decide(policy.part, guard, world)
    decides = DECIDED.get(type(policy))
    return decides is not None and decides(policy, guard, world)


DECIDED: Final[Mapping[type[Policy], Callable[[Any, Guard, World], bool]]] = {
    Anyone: lambda _policy, _guard, _world: True,
    SignedIn: lambda _policy, _guard, world: world.signed_in,
    Role: lambda policy, _guard, world: policy.name in world.roles,
    Owner: lambda _policy, _guard, world: () in world.is_the,
    The: lambda policy, guard, world: _path(policy, guard) in world.is_the,
    Where: lambda policy, _guard, world: all(holds(one, world.row.get(one.field)) for one in policy.conditions),
    Member: lambda policy, _guard, world: any(
        all(holds(one, row.get(one.field)) for one in policy.conditions)
        for row in world.memberships.get((policy.resource, policy.path), ())
    ),
}


def _path(policy: The, guard: Guard) -> tuple[str, ...]:
    """Name whom a reference means; the owner's own field means the owner."""
    return () if policy.path == (guard.owner,) else policy.path


def holds(condition: Condition, value: Any) -> bool:
    """Tell whether a value fulfils a condition; an Enum's member by its name, so that two versions compare."""
    wanted = condition.value
    if wanted is None or value is None:
        return wanted is None and value is None
    if isinstance(wanted, Between):
        above = wanted.low is None or bool(value >= wanted.low)
        return above and (wanted.high is None or bool(value <= wanted.high))
    wanted_values = wanted if isinstance(wanted, tuple) else (wanted,)
    return value in [plain(one) for one in wanted_values]


def plain(value: Any) -> Any:
    """Give a constant of a condition as both versions know it."""
    return value.name.lower() if isinstance(value, Enum) else value


def _choices(old: Guard, new: Guard) -> dict[str, Sequence[Any]]:
    """List what a world may be, in each respect that either policy asks about."""
    asked = [atom for guard in (old, new) for atom in atoms(guard.policy)]
    people = [
        frozenset(_subset)
        for _subset in _subsets(
            sorted(
                {_path(one, new) for one in asked if isinstance(one, The)}
                | {() for one in asked if isinstance(one, Owner)}
            )
        )
    ]
    roles = [frozenset(one) for one in _subsets(sorted({one.name for one in asked if isinstance(one, Role)}))]
    members = _known_members(old, new)
    rows = _rows([one.conditions for one in asked if isinstance(one, Where)], new.resource, members)
    places: dict[Place, list[tuple[Condition, ...]]] = {}
    for one in asked:
        if isinstance(one, Member):
            places.setdefault((one.resource, one.path), []).append(one.conditions)
    held = [
        dict(zip(places, chosen, strict=True))
        for chosen in itertools.product(*(_members(one, place[0], members) for place, one in places.items()))
    ]
    return {"signed in": (False, True), "roles": roles, "people": people, "row": rows, "members": held}


def _worlds(choices: Mapping[str, Sequence[Any]]) -> Iterator[World]:
    for signed_in, roles, people, row, members in itertools.product(*choices.values()):
        held = {place: rows for place, rows in members.items() if rows}
        if signed_in or not (roles or people or held):
            yield World(signed_in, roles, people, row, held)


def _subsets(things: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(things, size) for size in range(len(things) + 1))


def _known_members(old: Guard, new: Guard) -> dict[str, list[str | None]]:
    """List the members that either version knows, as conditions compare them; None where the field may be empty."""
    both = [*old.members.items(), *new.members.items()]
    return {
        name: list(dict.fromkeys(one and one.lower() for other, found in both if other == name for one in found))
        for name, _ in both
    }


def _rows(
    asked: Sequence[tuple[Condition, ...]], resource: str, members: Mapping[str, Sequence[str | None]]
) -> list[Row]:
    """List the rows that conditions can tell apart; a field of an Enum holds nothing but its members."""
    values: dict[str, dict[Any, None]] = {}
    for conditions in asked:
        for one in conditions:
            known = members.get(f"{resource}.{one.field}")
            found = values.setdefault(one.field, {})
            found.update(dict.fromkeys(_values(one.value) if known is None else known))
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def _values(wanted: Any) -> Iterator[Any]:
    """List values on both sides of a constant, and one beside all of them."""
    if isinstance(wanted, tuple):
        for one in wanted:
            yield from _values(one)
    elif isinstance(wanted, Between):
        for end in (wanted.low, wanted.high):
            if isinstance(end, str):
                yield from ("", end, f"{end}\0")
            elif end is not None:
                step: Any = STEPS[type(end)](end)
                yield from (end, end - step, end + step)
        yield None
    elif isinstance(wanted, bool):
        yield from (True, False)
    else:
        yield plain(wanted)
        yield OTHER


STEPS: Final[Mapping[type, Callable[[Any], Any]]] = {
    int: lambda _one: 1,
    Decimal: lambda _one: Decimal("0.000001"),
    Money: lambda one: Money.of_minor(1, one.currency),
    datetime: lambda _one: timedelta(microseconds=1),
    date: lambda _one: timedelta(days=1),
}
OTHER: Final = "something else"


def _members(
    asked: Sequence[tuple[Condition, ...]], resource: str, members: Mapping[str, Sequence[str | None]]
) -> list[tuple[Row, ...]]:
    """List the memberships of one actor that policies can tell apart: none, one, or several together."""
    by_vector: dict[tuple[bool, ...], Row] = {}
    for row in _rows(asked, resource, members):
        vector = tuple(all(holds(one, row.get(one.field)) for one in conditions) for conditions in asked)
        by_vector.setdefault(vector, row)
    unions: dict[tuple[bool, ...], tuple[Row, ...]] = {}
    for several in _subsets(list(by_vector)):
        joined = tuple(map(any, zip(*several, strict=True))) if several else None
        if joined is not None and len(several) <= len(asked):
            unions.setdefault(joined, tuple(by_vector[one] for one in several))
    return [(), *unions.values()]


def world_words(world: World, guard: Guard, choices: Mapping[str, Sequence[Any]]) -> str:
    """Say who, before which row: "an account without a Membership of the board's workspace"."""
    if not world.signed_in:
        return f"somebody who is not signed in{_row_words(world.row, guard)}"
    said = [f"with the role {one}" for one in sorted(world.roles)]
    said += [_person(path, guard) for path in sorted(world.is_the)]
    said += [f"with {_membership(place, row)}" for place, rows in world.memberships.items() for row in rows]
    lacking = [place for place in next(iter(choices["members"]), {}) if place not in world.memberships]
    others = {path for one in choices["people"] for path in one} - world.is_the
    said += [f"who is not {_name(path)}" for path in sorted(others)]
    said += [f"without {_membership(place, {})}" for place in lacking]
    return (
        f"an account {', '.join(said)}{_row_words(world.row, guard)}"
        if said
        else f"any account{_row_words(world.row, guard)}"
    )


def _person(path: tuple[str, ...], _guard: Guard) -> str:
    return f"who is {_name(path)}"


def _name(path: tuple[str, ...]) -> str:
    return f"the row's {'.'.join(path)}" if path else "the row's owner"


def _membership(place: Place, row: Row) -> str:
    resource, path = place
    of = f" of the row's {'.'.join(path)}" if path else " of the row"
    return f"a {resource}{of}{_where(row)}"


def _row_words(row: Row, guard: Guard) -> str:
    return f", and a {guard.resource}{_where(row)}" if row else ""


def _where(row: Row) -> str:
    said = [f"{name} is {'empty' if value is None else value}" for name, value in row.items()]
    return f" where {' and '.join(said)}" if said else ""
