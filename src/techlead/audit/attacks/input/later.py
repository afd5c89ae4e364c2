"""Values that are accepted, and break what reads them later: a date at the end of the calendar, to which a term is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from techlead.audit.attacks.attack import Attack, Compare, Harm, Outcome, Shows, Sighting, Site, Unavailable
from techlead.audit.attacks.input.hostile import TYPE, body_tries
from techlead.audit.attacks.sight import Callers, values_of
from techlead.audit.target.exchange import Answer, Request
from techlead.audit.target.operation import Operation, Role
from techlead.audit.target.reading import identifier

KIND: Final = "input.server-error"
RESERVE_SECONDS = 1.0
SERVER_ERROR = 500


def fails_for_good(first: Answer, again: Answer, control: Answer) -> bool:
    """Tell whether it fails each time for this row, and not for an ordinary one."""
    return first.status == again.status == SERVER_ERROR and control.status != SERVER_ERROR


def strike(site: Site) -> Iterator[Outcome]:
    """Make rows with values at the edge; where they are accepted, read and use them."""
    callers = Callers(site)
    tried = False
    for create in site.operations:
        readers = [one for one in site.places(Role.READ, Role.ACT, Role.OTHER) if _reads(one, create)]
        if create.role is not Role.CREATE or not readers or site.left() < RESERVE_SECONDS:
            continue
        base = callers.able(create)
        if base is None:
            continue
        tried = True
        yield from _one(site, callers, create, base[0], readers)
    if not tried:
        raise Unavailable("no row could be made that something else reads")


def _reads(reader: Operation, create: Operation) -> bool:
    return bool(reader.parameters) and reader.resource == create.resource and reader is not create


def _one(site: Site, callers: Callers, create: Operation, base: Request, readers: list[Operation]) -> Iterator[Outcome]:
    controls: dict[str, Answer] = {}
    shown: set[str] = set()
    for one in sorted(body_tries(create, base), key=lambda each: not each.place.endswith(("_at", "_on", "date"))):
        if one.cause == TYPE or site.left() < RESERVE_SECONDS:
            continue
        made = site.send(one.request)
        key = identifier(made.json) if made.ok else None
        for reader in readers if key is not None else ():
            values = {**values_of(create, base), reader.parameters[-1].name: key}
            answers = () if reader.name in shown else _twice(site, reader, made, values)
            if not answers:
                continue
            if reader.name not in controls:
                control = callers.closest(reader)
                controls[reader.name] = control[1] if control else answers[0]
            if fails_for_good(*answers, controls[reader.name]):
                shown.add(reader.name)
                yield Sighting(
                    kind=KIND,
                    operation=reader.name,
                    claim=f"{create.name} accepts {one.what}, and then {reader.name} answers {SERVER_ERROR} for good.",
                    cause=f"accepted by {create.name}",
                    evidence={"made_by": create.name, "with": one.what, "status": answers[0].status},
                    steps=(made.exchange, answers[0].exchange),
                    shows=Shows(Compare.STATUS, (answers[0].status,)),
                )


def _twice(site: Site, reader: Operation, made: Answer, values: Mapping[str, Any]) -> tuple[Answer, Answer] | tuple[()]:
    if not {each.name for each in reader.parameters} <= set(values):
        return ()
    try:
        request = site.request(reader, made.request.actor, path=values)
    except Unavailable:
        return ()
    return site.send(request), site.send(request)


ATTACK: Final = Attack(
    name="input.broken-later",
    kinds=(KIND,),
    claim="A value that is accepted breaks what reads it later.",
    effect="Reading or using the row fails each time, and works for an ordinary row.",
    strike=strike,
    harm=Harm.WRITES,
    seconds=12.0,
)
