"""Ids that count up: rows made one after the other show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from techlead.audit.attacks.attack import Compare, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.detect.canaries import placed_values
from techlead.audit.finding import Exchange
from techlead.audit.target.operation import Meaning, Resource
from techlead.audit.target.things import id_in

ROWS = 3
STEP_MAX = 3
ACCOUNTS_BETWEEN_MAX = 40
"""How many others may have signed up between two of ours."""


def counted_ids(site: Site) -> Iterator[Outcome]:
    """Make a few rows of each resource, and a few accounts, and compare their ids."""
    known = {str(sighting.evidence["resource"]) for sighting in site.before}
    for resource in site.resources:
        if _signs_up(resource) or (known and resource.name not in known):
            continue
        made = []
        with suppress(Unavailable):
            made = [site.make(resource.name, site.people.first).id for _ in range(ROWS)]
        if counted(made):
            places = [op for op in (resource.read, resource.create, resource.list) if op is not None]
            steps, shows = _again(site, resource)
            for operation in places:
                yield replace(_sighting(operation.name, resource.name, made), steps=steps, shows=shows)
    accounts = _in_order([site.people.of("user", number).id for number in range(1, ROWS + 1)])
    if counted(accounts, ACCOUNTS_BETWEEN_MAX):
        signing = next((op.name for op in site.operations if op.role == "sign-up"), "sign-up")
        reading = [op.name for op in site.operations if not op.unsafe and len(op.parameters) == 1 and "user" in op.path]
        for name in (*reading, signing):
            yield _sighting(name, "accounts", accounts)


def _again(site: Site, resource: Resource) -> tuple[tuple[Exchange, ...], Shows]:
    """Make two more, for whoever wants to see it again: the requests, and where in their answers the ids stand."""
    if resource.create is None:
        return (), Shows()
    answers = []
    with suppress(Unavailable):
        answers = [site.call(resource.create, site.people.first) for _ in range(2)]
    ids = [id_in(answer, resource.name, resource.parameter) for answer in answers if answer.ok]
    place = (
        next((path for path, value in placed_values(answers[-1].json) if value == ids[-1]), ()) if len(ids) > 1 else ()
    )
    steps = tuple(answer.exchange for answer in answers)
    return (steps, Shows(Compare.COUNTED, place)) if place else ((), Shows())


def _signs_up(resource: Resource) -> bool:
    """Tell whether its rows are accounts, which are compared by themselves."""
    return resource.create is not None and any(field.meaning is Meaning.PASSWORD for field in resource.create.body)


def _in_order(ids: Sequence[Any]) -> list[Any]:
    """Put numbers in order: those who sign up at the same time come in any."""
    return sorted(ids, key=int) if all(str(id_).isdecimal() for id_ in ids) else list(ids)


def counted(ids: Sequence[Any], step_max: int = STEP_MAX) -> bool:
    """Tell whether ids are whole numbers that go up by small steps."""
    numbers = [int(str(id_)) for id_ in ids if str(id_).isdecimal() and not isinstance(id_, bool)]
    return len(numbers) == ROWS == len(ids) and all(
        0 < after - before <= step_max for before, after in pairwise(numbers)
    )


def _sighting(operation: str, resource: str, ids: Sequence[Any]) -> Sighting:
    """Say that ids count up."""
    seen = ", ".join(map(str, ids))
    return Sighting(
        "exposure.internal-id",
        operation,
        f"Ids count up: {resource} made one after the other got {seen}.",
        cause="ids count up",
        evidence={"resource": resource, "ids": list(ids)},
    )
