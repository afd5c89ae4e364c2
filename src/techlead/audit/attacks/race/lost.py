"""Two changes of one row at once, of different fields: both are told that they worked, and both must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.other_value import other_value
from techlead.audit.attacks.sight import Callers, values_of, windows
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import leaves

KIND: Final = "race.lost-update"
ROUNDS = 36
RESERVE_SECONDS = 1.0
PAIRS_MAX = 1
EACH = 3


@dataclass(frozen=True, slots=True)
class Duel:
    """A row and two of its fields, each with two values; after `_pairs` both have their second."""

    operation: Operation
    base: Request
    pair: Mapping[str, tuple[Any, Any]]


def lost(answers: tuple[Answer, ...], seen: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Give the fields whose change was confirmed and is not there."""
    if not all(answer.ok for answer in answers):
        return []
    return [name for name, value in wanted.items() if name in seen and seen[name] != value]


def strike(site: Site) -> Iterator[Outcome]:
    """Change two fields of one row in one moment, again and again, the rows in turn."""
    callers = Callers(site)
    duels = []
    for operation in site.places(Role.CHANGE, Role.CHANGE_ME):
        base = callers.able(operation) if site.left() > RESERVE_SECONDS else None
        if base is not None and isinstance(base[0].body, dict):
            duels += [Duel(operation, base[0], pair) for pair in _pairs(site, operation, base)]
    if not duels:
        raise Unavailable("no row with two fields that can be changed one by one")
    shown: set[str] = set()
    for number in range(1, ROUNDS + 1):
        for duel in duels:
            if site.left() < RESERVE_SECONDS:
                return
            sighting = None if duel.operation.name in shown else _race(site, duel, number)
            if sighting is not None:
                shown.add(duel.operation.name)
                yield sighting


def _pairs(site: Site, operation: Operation, base: tuple[Request, Answer]) -> list[dict[str, tuple[Any, Any]]]:
    """Find pairs of fields that can be changed one after the other without losing one; each with two values."""
    fields = {field.name: field for field in operation.body}
    shown = _shown(base[1])
    values: dict[str, tuple[Any, Any]] = {}
    for name, field in fields.items():
        now = (base[0].body or {}).get(name, shown.get(name))
        other = other_value(field, now)
        if other is not None and name in shown:
            values[name] = (now, other)
    found = []
    for one, two in combinations(values, 2):
        first, second = values[one], values[two]
        site.many([base[0].but(body={one: first[0]}), base[0].but(body={two: second[0]})], at_once=1)
        answers = site.many([base[0].but(body={one: first[1]}), base[0].but(body={two: second[1]})], at_once=1)
        seen = _shown(answers[-1])
        if all(answer.ok for answer in answers) and (seen.get(one), seen.get(two)) == (first[1], second[1]):
            found.append({one: first, two: second})
        if len(found) >= PAIRS_MAX:
            break
    return found


def _race(site: Site, duel: Duel, number: int) -> Sighting | None:
    """Change both fields to their other values at once; the next round changes them back."""
    wanted = {name: values[number % 2] for name, values in duel.pair.items()}
    changes = [duel.base.but(body={name: value}) for name, value in wanted.items()]
    answers = site.together(changes * EACH)
    gone = lost(answers, read(site, duel.operation, duel.base, answers[-1]), wanted)
    if not gone:
        return None
    return Sighting(
        kind=KIND,
        operation=duel.operation.name,
        claim=f"Two {duel.operation.name} at once, one of `{gone[0]}` and one of another field, are both confirmed, and `{gone[0]}` is as before (round {number}).",
        evidence={"round": number, "fields": list(wanted), "lost": gone},
        steps=tuple(answer.exchange for answer in answers[:2]),
    )


def read(site: Site, operation: Operation, base: Request, last: Answer) -> dict[str, Any]:
    """Read the row again: through a read of its own, or by changing nothing."""
    values = values_of(operation, base)
    for window in windows(site, base.actor, operation, values):
        if window.path.partition("?")[0].rstrip("/") == base.path.partition("?")[0].rstrip("/"):
            answer = site.send(window)
            if answer.ok:
                return _shown(answer)
    nothing = site.send(base.but(body={}))
    return _shown(nothing if nothing.ok else last)


def _shown(answer: Answer) -> dict[str, Any]:
    return {name.rpartition(".")[2]: value for name, value in leaves(answer.json)} if answer.ok else {}


ATTACK: Final = Attack(
    name="race.lost-update",
    kinds=(KIND,),
    claim="Of two confirmed changes of one row, made at once, one is lost.",
    effect="Both answers say that it worked, and the row read afterwards lacks one of them; one after the other it has both.",
    strike=strike,
    harm=Harm.NONE,
    seconds=15.0,
)
