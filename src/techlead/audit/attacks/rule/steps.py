"""Steps in an order that nobody meant: what was ended is gone on with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Harm, Outcome, Sighting, Site, Unavailable
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.target.exchange import Actor, Answer, Request
from techlead.audit.target.operation import Operation
from techlead.audit.target.reading import identifier, leaves

KIND: Final = "rule.bypass"
ENDS: Final = re.compile(r"cancel|refund|reject|decline|void|expire|archive|terminate|withdraw$|return$", re.IGNORECASE)
GOES_ON: Final = re.compile(
    r"ship|pay|approve|accept|confirm|complete|deliver|fulfil|start|capture|dispatch|send|redeem|check-?in|activate",
    re.IGNORECASE,
)
STATUS: Final = re.compile(r"status|state|phase|stage", re.IGNORECASE)
RESERVE_SECONDS = 1.0


def went_on(ended: Answer, later: Answer) -> bool:
    """Tell whether a row that was ended has another status after the step that should have been refused."""
    return ended.ok and later.ok and bool(status(ended)) and bool(status(later)) and status(later) != status(ended)


def status(answer: Answer) -> str:
    """Give the status that a row shows."""
    return next(
        (
            value
            for name, value in leaves(answer.json)
            if STATUS.search(name.rpartition(".")[2]) and isinstance(value, str)
        ),
        "",
    )


def strike(site: Site) -> Iterator[Outcome]:
    """End a fresh row, and go on with it."""
    tried = False
    for resource in site.resources:
        ends = [act for act in resource.acts if ENDS.search(_verb(act)) and act in site.operations]
        goes_on = [act for act in resource.acts if GOES_ON.search(_verb(act)) and _wanted(site, act)]
        for end, on in product(ends, goes_on):
            if site.left() < RESERVE_SECONDS:
                return
            shown = _walk(site, end, on)
            if shown is None:
                continue
            tried = True
            ended, later = shown
            if went_on(ended, later):
                yield Sighting(
                    kind=KIND,
                    operation=on.name,
                    claim=f"After {end.name} ({status(ended)}) {on.name} still works: the row is {status(later)}.",
                    evidence={
                        "first": end.name,
                        "then": on.name,
                        "status_first": status(ended),
                        "status_then": status(later),
                    },
                    steps=(ended.exchange, later.exchange),
                )
    if not tried:
        raise Unavailable("no row can be ended and gone on with")


def _verb(act: Operation) -> str:
    return act.path.rstrip("/").rpartition("/")[2]


def _wanted(site: Site, act: Operation) -> bool:
    return not site.focus or act.name in site.focus


def _walk(site: Site, end: Operation, on: Operation) -> tuple[Answer, Answer] | None:
    """Do both steps on one row: each as somebody who may do it while the row is fresh."""
    callers = Callers(site)
    first = callers.able(end)
    if first is None:
        return None
    values = values_of(end, first[0])
    if identifier(first[1].json) is None and not values:
        return None
    tries = [site.send(request) for request in _as_anybody(site, callers, on, values, first[0].actor)]
    later = next((answer for answer in tries if answer.ok), tries[-1] if tries else None)
    return (first[1], later) if later is not None else None


def _as_anybody(site: Site, callers: Callers, on: Operation, values: dict[str, Any], first: Actor) -> Iterator[Request]:
    """Make the second step's request for whoever may be let in: the one who ended it, and whoever owns what it is about."""
    names = {one.name for one in on.parameters}
    given = (
        dict(zip([one.name for one in on.parameters], values.values(), strict=False))
        if not names <= set(values)
        else values
    )
    people = (
        [first, *site.actors_of(given), *callers.candidates(on)]
        if hasattr(site, "actors_of")
        else [first, *callers.candidates(on)]
    )
    for actor in people:
        try:
            yield site.request(on, actor, path={name: given[name] for name in names if name in given})
        except Unavailable:
            continue


ATTACK: Final = Attack(
    name="rule.bypass",
    kinds=(KIND,),
    claim="A row that was ended is gone on with.",
    effect="Its status after the second step is not the one that the end gave it.",
    strike=strike,
    harm=Harm.NONE,
    seconds=10.0,
)
